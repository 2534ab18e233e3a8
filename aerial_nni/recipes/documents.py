"""Documents with plots, written from result folders and nothing else.

from aerial_nni.recipes.documents import write_report
write_report([Path("runs/abc12345")], Path("docs"))
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from aerial_nni.recipes.baseline import report as baseline_document
from aerial_nni.recipes.darts.report import document as darts_document
from aerial_nni.recipes.distill.report import document as distill_document
from aerial_nni.recipes.drone.report import document as drone_document
from aerial_nni.recipes.hpo.report import document as hpo_document
from aerial_nni.recipes.zoomout.report import document as zoomout_document
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


class Document(NamedTuple):
    """What an experiment's document is called, and the function that writes it."""

    name: str
    write: Callable[[Sequence[Experiment], Path], Path]


DOCUMENTS = {
    "baseline": Document(baseline_document.NAME, baseline_document.write_baseline),
    "hpo": Document(hpo_document.NAME, hpo_document.write_hpo),
    "distill": Document(distill_document.NAME, distill_document.write_distillation),
    "darts": Document(darts_document.NAME, darts_document.write_darts),
    "drone": Document(drone_document.NAME, drone_document.write_drone),
    "zoomout": Document(zoomout_document.NAME, zoomout_document.write_zoomout),
}
"""Kind of an experiment -> its document."""


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
    if len(kinds) > 1 or not kinds <= DOCUMENTS.keys():
        raise NotTogether(
            f"the experiments are of the kinds {', '.join(sorted(kinds))}; "
            f"give experiments of one kind out of {', '.join(DOCUMENTS)}"
        )
    check_same_data(found)
    return DOCUMENTS[kinds.pop()].write(found, docs)


def usual_place(experiments: list[Path]) -> tuple[Path, str]:
    """Where the document of these experiments goes if nobody says, and what is said of that."""
    with usable(experiments):
        found = [read_experiment(folder) for folder in experiments]
    known = DOCUMENTS.get(found[0].kind) if found else None
    return place_of(known.name, found) if known else (DOCS, "")


def named_place(experiments: list[Path], docs: Path) -> tuple[Path, str]:
    """The folder that was named for their document, and what is said of one that is there."""
    with usable(experiments):
        found = [read_experiment(folder) for folder in experiments]
    known = DOCUMENTS.get(found[0].kind) if found else None
    return docs, describe_replaced(docs / f"{known.name}.md", found) if known else ""


def write_page(experiments: Sequence[Path], docs: Path) -> Path:
    """Writes the page over all milestones from these folders under `docs`; returns its path.

    Raises:
        ResultUnusable: none of them can be used; else those that cannot are named on the page.
    """
    with usable(experiments):
        return overview_document.write_overview(read_overview(experiments), docs)


def usual_page(experiments: Sequence[Path]) -> tuple[Path, str]:
    """Where that page goes if nobody says, and what is said of that."""
    made = read_overview(experiments).made
    return place_of_all(overview_document.NAME, [one.experiment for one in made])


def named_page(experiments: Sequence[Path], docs: Path) -> tuple[Path, str]:
    """The folder that was named for that page, and what is said of one that is there."""
    made = read_overview(experiments).made
    document = docs / f"{overview_document.NAME}.md"
    return docs, describe_replaced(document, [one.experiment for one in made])


__all__ = ["DOCUMENTS", "ResultUnusable", "named_page", "named_place", "usual_page", "usual_place",
           "write_page", "write_report"]  # fmt: skip
