"""`docs/hyperparameter-optimization.md`: the method that was used, then what its search found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from aerial_nni.recipes.baseline.report import headline
from aerial_nni.recipes.hpo.report import findings
from aerial_nni.recipes.hpo.report.coordinates import draw_coordinates
from aerial_nni.recipes.hpo.report.importance_part import draw_importance, explain_importance
from aerial_nni.recipes.hpo.report.learning_curves import draw_courses, explain_courses
from aerial_nni.recipes.hpo.report.methods import chapter_of
from aerial_nni.recipes.hpo.report.methods.chapter import Chapter
from aerial_nni.recipes.hpo.report.progress import draw_progress
from aerial_nni.recipes.hpo.report.provenance import explain_sources
from aerial_nni.recipes.hpo.report.retraining import (
    configuration_table,
    draw_retraining,
    explain_difference,
    retraining_table,
)
from aerial_nni.recipes.hpo.report.search import Search, read_search
from aerial_nni.recipes.hpo.report.search_part import explain_course
from aerial_nni.recipes.hpo.report.tables import (
    best_table,
    comparison_table,
    failure_table,
    trial_table,
)
from aerial_nni.reporting import findings as baseline_findings
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment
from aerial_nni.reporting.format import pluralize
from aerial_nni.reporting.same_data import check_same_data
from aerial_nni.reporting.trial_part import draw_trial, explain_trial

NAME = "hyperparameter-optimization"


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
        "progress": draw_progress(search),
        "coordinates": draw_coordinates(search),
        **draw_trial(search.shown),
    }
    if search.importance.known:
        figures["importance"] = draw_importance(search)
    if any(search.retrained.values()):
        figures["retraining"] = draw_retraining(search)
    if len(searches) > 1:
        figures["courses"] = draw_courses(searches)
    return figures


def compose(searches: Sequence[Search], chapter: Chapter, links: Mapping[str, str]) -> str:
    """The document in Markdown; `links` maps a figure's name to its path from the document."""
    search = searches[0]
    data = headline(search.shown[0].metrics["data"]["name"])
    parts = [
        f"# Hyper-parameter optimisation: {search.title} on {data}",
        findings.summary(search),
        f"## 1. The method: {search.title}",
        chapter.explain(links),
        *search_chapter(searches, links),
        *results_chapter(search, links),
        explain_sources(searches),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def search_chapter(searches: Sequence[Search], links: Mapping[str, str]) -> list[str]:
    """Space, course, importance, coordinates and all trials, in Markdown."""
    search = searches[0]
    failed = failure_table(search)
    others = []
    if len(searches) > 1:
        others = [
            "### Beside other searches",
            f"![The best score so far of each search, by trial and by epochs]({links['courses']})",
            explain_courses(searches),
            comparison_table(searches),
        ]
    return [
        "## 2. The search",
        *explain_course(search, links),
        *others,
        "### Which parameters matter",
        explain_importance(search, links.get("importance")),
        "### Every trial at a glance",
        "Each line is a trial; it crosses each axis at the value it had. The axes in front are "
        f"those that {search.importance.leading}. Lines of one category are spread a little so "
        "that they can be told apart. Where the bright lines meet on an axis, the search found "
        "that value good; where they are spread over it, the value does not matter much or was "
        "not settled.",
        f"![Parallel coordinates of all scored trials]({links['coordinates']})",
        "### All trials",
        "The best ones:",
        best_table(search),
        f"<details><summary>All {pluralize(len(search.tried), 'trial')}</summary>\n\n"
        f"{trial_table(search, search.tried)}\n\n</details>",
        *(["Trials without a score:", failed] if failed else ["Every trial has a score."]),
    ]


def results_chapter(search: Search, links: Mapping[str, str]) -> list[str]:
    """Default against best, then all that is shown of one run, in Markdown."""
    trial = search.shown[0]
    parts = [
        "## 3. Results",
        "### The best configuration",
        configuration_table(search),
    ]
    if "retraining" in links:
        parts += [
            "### Default options against the best configuration",
            retraining_table(search),
            f"![Default options and best configuration, each seed and by epoch]"
            f"({links['retraining']})",
            explain_difference(search),
        ]
    parts += [
        findings.on_shown(search),
        baseline_findings.selection(trial),
        baseline_findings.orientation(trial),
        *explain_trial(trial, links, seeds=len(search.shown)),
    ]
    return parts
