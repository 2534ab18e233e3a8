"""A search that is one part of an experiment: its pictures, and what is said of it."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report import findings
from aerial_nni.recipes.hpo.report.importance_part import draw_importance, explain_importance
from aerial_nni.recipes.hpo.report.progress import draw_progress
from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.recipes.hpo.report.space_part import explain_space
from aerial_nni.recipes.hpo.report.tables import best_table, failure_table, trial_table
from aerial_nni.reporting.format import pluralize


def draw_search(search: Search) -> dict[str, Figure]:
    """Figures by the names of their files."""
    figures = {"progress": draw_progress(search)}
    if search.importance.known:
        figures["importance"] = draw_importance(search)
    return figures


def explain_course(search: Search, links: Mapping[str, str]) -> list[str]:
    """The space, and the best so far by trial, in Markdown."""
    return [
        explain_space(search),
        "### How it went",
        "![Score of each trial and the best so far, by trial and by epochs trained]"
        f"({links['progress']})",
        findings.on_progress(search),
    ]


def explain_search(search: Search, links: Mapping[str, str]) -> list[str]:
    """Space, course, importance and all trials, in Markdown, without the chapter's title."""
    failed = failure_table(search)
    return [
        findings.guided(search),
        *explain_course(search, links),
        "### Which parameters matter",
        explain_importance(search, links.get("importance")),
        "### The best trials",
        best_table(search),
        f"<details><summary>All {pluralize(len(search.tried), 'trial')}</summary>\n\n"
        f"{trial_table(search, search.tried)}\n\n</details>",
        *(["Trials without a score:", failed] if failed else []),
    ]
