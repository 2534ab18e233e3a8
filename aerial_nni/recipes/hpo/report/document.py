"""`docs/hyperparameter-optimization.md`: the method that was used, then what its search found.

The prose is in `recipes/hpo/report.md.j2`, that of the methods beside `methods/`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.coordinates import plot_coordinates
from aerial_nni.recipes.hpo.report.learning_curves import Others, plot_courses
from aerial_nni.recipes.hpo.report.methods import chapter_of
from aerial_nni.recipes.hpo.report.methods.chapter import Chapter
from aerial_nni.recipes.hpo.report.retraining import Retraining, SearchCost
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment
from aerial_nni.reporting.render import render
from aerial_nni.reporting.same_data import check_same_data
from aerial_nni.reporting.search.part import SearchPart
from aerial_nni.reporting.search.search import Search, read_search, trials_of
from aerial_nni.reporting.shown_run import ShownRun, plot_run
from aerial_nni.reporting.sources import Sources, digest_table
from aerial_nni.tuners.trial import BEST, DEFAULT

NAME = "hyperparameter-optimization"

PURPOSES = {BEST: "best configuration, again", DEFAULT: "default options"}
"""Phases of the runs after the search, as the table of runs calls them."""


def write_hpo(experiments: Sequence[Experiment], docs: Path) -> Path:
    """Writes `hyperparameter-optimization.md` and its figures under `docs`; returns its path.

    The first experiment is reported; the others stand beside it in one figure and one table.

    Raises:
        ResultUnusable: a file is missing or damaged, or the search has no trial with a score.
        NotTogether: the scores are of different patches.
    """
    check_same_data(experiments, split=True)
    searches = [read_search(experiment) for experiment in experiments]
    chapter = chapter_of(searches[0])
    return write_document(
        docs,
        NAME,
        figures=draw_figures(searches, chapter),
        compose=lambda links: compose(searches, chapter, links),
    )


def draw_figures(searches: Sequence[Search], chapter: Chapter) -> dict[str, Figure]:
    """Every figure of the document by the name of its file."""
    search = searches[0]
    figures = {
        **chapter.draw(),
        **SearchPart(search).figures(),
        "coordinates": plot_coordinates(search),
        **plot_run(ShownRun.of(search.shown)),
    }
    if any(search.retrained.values()):
        figures["retraining"] = Retraining(search).plot()
    if len(searches) > 1:
        figures["courses"] = plot_courses(searches)
    return figures


def compose(searches: Sequence[Search], chapter: Chapter, links: Mapping[str, str]) -> str:
    """The document in Markdown; `links` maps a figure's name to its path from the document."""
    search = searches[0]
    return render(
        "recipes/hpo/report.md.j2",
        search=search,
        run=ShownRun.of(search.shown),
        part=SearchPart(search),
        retraining=Retraining(search),
        cost=SearchCost.of(search),
        others=Others(searches) if len(searches) > 1 else None,
        method=chapter.explain(links),
        sources=Sources(
            chapter=4,
            experiments=tuple(one.experiment for one in searches),
            shown=search.shown[0],
            runs=run_table(search),
            name="reported run",
        ),
        links=links,
    )


def run_table(search: Search) -> str:
    """Every finished run of the experiment with the digest of its checkpoint."""
    runs = trials_of(search)
    for phase, purpose in PURPOSES.items():
        runs += [(purpose, trial) for trial in search.retrained[phase]]
    return digest_table(search.experiment, runs, search.shown[0])
