"""Documents with plots, written from result folders and nothing else.

from aerial_nni.recipes.documents import write_report
write_report([Path("runs/abc12345")], Path("docs"))
"""

from collections.abc import Sequence
from pathlib import Path

from aerial_nni.nni_backend.progress import say
from aerial_nni.nni_backend.records import Record
from aerial_nni.recipes import RECIPES
from aerial_nni.recipes.engine.recipe import Recipe
from aerial_nni.reporting.destination import DOCS, describe_replaced, place_of, place_of_all
from aerial_nni.reporting.folder import (
    Experiment,
    NotTogether,
    ResultUnusable,
    read_experiment,
    usable,
)
from aerial_nni.reporting.overview import document as overview_document
from aerial_nni.reporting.overview.comparability import read_overview
from aerial_nni.reporting.same_data import check_same_data


def write_report(experiments: list[Path], docs: Path) -> Path:
    """Writes the document of the experiments in these folders under `docs`; returns its path.

    The first experiment is the main one; the others, of the same kind, stand beside it in the
    table of scores. A trial's own folder counts as an experiment of one trial.

    Raises:
        ResultUnusable: a file of a result folder is missing or damaged; the message names it.
        NotTogether: there is no experiment, or they are of different kinds or data.
    """
    if not experiments:
        raise NotTogether("no experiment is given; give the folder of at least one")
    with usable(experiments):
        return _written([read_experiment(folder) for folder in experiments], docs)


def _written(found: Sequence[Experiment], docs: Path) -> Path:
    kinds = {experiment.kind for experiment in found}
    if len(kinds) > 1 or not kinds <= RECIPES.keys():
        raise NotTogether(
            f"the experiments are of the kinds {', '.join(sorted(kinds))}; "
            f"give experiments of one kind out of {', '.join(RECIPES)}"
        )
    check_same_data(found)
    return RECIPES[kinds.pop()].write(found, docs)


def usual_place(experiments: list[Path]) -> tuple[Path, str]:
    """Where the document of these experiments goes if nobody says, and what is said of that."""
    with usable(experiments):
        found = [read_experiment(folder) for folder in experiments]
    known = RECIPES.get(found[0].kind) if found else None
    return place_of(known.document.name, found) if known else (DOCS, "")


def named_place(experiments: list[Path], docs: Path) -> tuple[Path, str]:
    """The folder that was named for their document, and what is said of one that is there."""
    with usable(experiments):
        found = [read_experiment(folder) for folder in experiments]
    known = RECIPES.get(found[0].kind) if found else None
    return docs, describe_replaced(docs / f"{known.document.name}.md", found) if known else ""


def write_page(experiments: Sequence[Path], docs: Path) -> Path:
    """Writes the page over all milestones from these folders under `docs`; returns its path.

    Raises:
        ResultUnusable: none of them can be used; else those that cannot are named on the page.
    """
    with usable(experiments):
        return overview_document.write_overview(read_overview(experiments, RECIPES), docs)


def usual_page(experiments: Sequence[Path]) -> tuple[Path, str]:
    """Where that page goes if nobody says, and what is said of that."""
    made = read_overview(experiments, RECIPES).made
    return place_of_all(overview_document.NAME, [one.experiment for one in made])


def named_page(experiments: Sequence[Path], docs: Path) -> tuple[Path, str]:
    """The folder that was named for that page, and what is said of one that is there."""
    made = read_overview(experiments, RECIPES).made
    document = docs / f"{overview_document.NAME}.md"
    return docs, describe_replaced(document, [one.experiment for one in made])


def write_document(recipe: Recipe, record: Record, folder: Path, docs: Path | None) -> Path | None:
    """The document of an experiment with a good trial; None where there is nothing to report.

    An error while it is written is told and does not undo the experiment: `report` writes it
    again.
    """
    if record.best is None:
        return None
    try:
        if record.state == "DONE":
            recipe.take_measurements(folder)
        say("writing the document: figures take a while")
        place, said = named_place([folder], docs) if docs else usual_place([folder])
        document = write_report([folder], place).resolve()
    except (Exception, KeyboardInterrupt) as error:  # whatever a plotting library raises
        again = f"try again with: {record.command('report')}"
        say(f"the document was not written ({type(error).__name__}: {error}); {again}")
        if isinstance(error, KeyboardInterrupt):
            raise
        return None
    say(f"document: {document}", said)
    return document


__all__ = ["ResultUnusable", "named_page", "named_place", "usual_page", "usual_place",
           "write_document", "write_page", "write_report"]  # fmt: skip
