"""`docs/building-footprints.md`: zoom-out explained, its search, and it beside other ways."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from aerial_nni.recipes.baseline.report import headline
from aerial_nni.recipes.zoomout.report.comparison_part import explain_comparison, summary, title_of
from aerial_nni.recipes.zoomout.report.method_text import explain_method
from aerial_nni.recipes.zoomout.report.pictures import draw_first_stage, draw_zoom_out
from aerial_nni.recipes.zoomout.report.provenance import explain_sources
from aerial_nni.recipes.zoomout.report.reading import Comparison, read_comparison
from aerial_nni.reporting import findings as baseline_findings
from aerial_nni.reporting.curves import draw_learning_rate
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, one_of
from aerial_nni.reporting.group_comparison import Group, draw_beside
from aerial_nni.reporting.search.part import draw_search, explain_search
from aerial_nni.reporting.split_map import draw_data
from aerial_nni.reporting.training_text import explain_data, explain_training
from aerial_nni.reporting.trial_part import draw_trial, explain_trial, which_of

NAME = "building-footprints"


def write_zoomout(experiments: Sequence[Experiment], docs: Path) -> Path:
    """Writes `building-footprints.md` and its figures under `docs`; returns its path.

    Raises:
        ResultUnusable: a file is missing or damaged, or no run of zoom-out reached its end.
        ValueError: there are several experiments.
    """
    found = read_comparison(one_of(experiments, "zoom-out"))
    return write_document(
        docs,
        NAME,
        figures=draw_figures(found),
        compose=lambda links: compose(found, links),
    )


def draw_figures(found: Comparison) -> dict[str, Figure]:
    """Every figure of the document by the name of its file."""
    figures = {"zoom-out": draw_zoom_out(found)}
    if found.first_stage:
        figures["first-stage"] = draw_first_stage(found)
    if found.search is not None:
        figures |= draw_search(found.search)
    if len(found.groups) > 1:
        groups = [Group(title_of(group), group.trials) for group in found.groups]
        figures["beside"] = draw_beside(*groups)
    figures["learning-rate"] = draw_learning_rate(found.trial)
    figures |= draw_data(found.trial)
    return {**figures, **draw_trial(found.shown, name=title_of(found.groups[0]))}


def compose(found: Comparison, links: Mapping[str, str]) -> str:
    """The document in Markdown; `links` maps a figure's name to its path from the document."""
    data = headline(found.trial.metrics["data"]["name"])
    parts = [
        f"# Building footprints: zoom-out features on {data}",
        summary(found),
        explain_method(found, links),
        explain_training(found.trial, rate=links["learning-rate"]),
        explain_data(found.trial, links),
        *search_chapter(found, links),
        *results_chapter(found, links),
        explain_sources(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def search_chapter(found: Comparison, links: Mapping[str, str]) -> list[str]:
    """Space, course, importance and all trials, in Markdown."""
    search = found.search
    if search is None:
        return ["## 2. The search", "There was none: zoom-out was trained as it was asked to."]
    return [
        f"## 2. The search: {search.title}",
        *explain_search(search, links),
    ]


def results_chapter(found: Comparison, links: Mapping[str, str]) -> list[str]:
    """All ways beside each other, then all that is shown of one run, in Markdown."""
    trial, seeds = found.trial, len(found.shown)
    return [
        "## 3. Results",
        *explain_comparison(found, links),
        "### The run that is shown",
        f"All that follows is about one run of {title_of(found.groups[0])}, "
        f"`{trial.folder.name}`: {which_of(trial, seeds)}.",
        baseline_findings.selection(trial),
        *explain_trial(trial, links, seeds=seeds),
    ]
