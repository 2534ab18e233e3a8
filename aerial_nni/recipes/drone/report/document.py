"""`docs/drone-scenes.md`: DeepLabV3 explained, its losses beside each other, and a search."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from aerial_nni.recipes.baseline.report import headline
from aerial_nni.recipes.drone.report.comparison_part import explain_comparison, summary
from aerial_nni.recipes.drone.report.method_text import explain_memory, explain_method, links_of
from aerial_nni.recipes.drone.report.pictures import draw_presence, draw_sweeps
from aerial_nni.recipes.drone.report.provenance import explain_run, explain_sources
from aerial_nni.recipes.drone.report.reading import FOUND, LossComparison, read_flight
from aerial_nni.reporting import findings as baseline_findings
from aerial_nni.reporting.curves import draw_learning_rate
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, one_of
from aerial_nni.reporting.group_comparison import draw_beside
from aerial_nni.reporting.search.part import draw_search, explain_search
from aerial_nni.reporting.split_map import draw_data
from aerial_nni.reporting.training_text import explain_data, explain_training
from aerial_nni.reporting.trial_part import draw_trial, explain_trial, which_of

NAME = "drone-scenes"


def write_drone(experiments: Sequence[Experiment], docs: Path) -> Path:
    """Writes `drone-scenes.md` and its figures under `docs`; returns its path.

    Raises:
        ResultUnusable: a file is missing or damaged, or no run reached its end.
        ValueError: there are several experiments.
    """
    found = read_flight(one_of(experiments, "drone scenes"))
    return write_document(
        docs,
        NAME,
        figures=draw_figures(found),
        compose=lambda links: compose(found, links),
    )


def draw_figures(found: LossComparison) -> dict[str, Figure]:
    """Every figure of the document by the name of its file."""
    figures: dict[str, Figure] = {}
    if found.search is not None:
        figures |= draw_search(found.search)
    if len(found.groups) > 1:
        figures["beside"] = draw_beside(*found.groups)
    if found.sweeps:
        figures["lr-finder"] = draw_sweeps(found)
    figures["learning-rate"] = draw_learning_rate(found.trial)
    figures |= draw_data(found.trial)
    figures["presence"] = draw_presence(found.trial)
    return {**figures, **draw_trial(found.shown)}


def compose(found: LossComparison, links: Mapping[str, str]) -> str:
    """The document in Markdown; `links` maps a figure's name to its path from the document."""
    data = headline(found.trial.metrics["data"]["name"])
    parts = [
        f"# Drone scenes: DeepLabV3 on {data}",
        summary(found),
        explain_run(found),
        explain_method(found),
        explain_training(found.trial, rate=links["learning-rate"]),
        explain_data(found.trial, links),
        links_of(links),
        "## 2. The losses beside each other",
        *explain_comparison(found, links),
        explain_memory(found),
        *search_chapter(found, links),
        *run_chapter(found, links),
        explain_sources(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def search_chapter(found: LossComparison, links: Mapping[str, str]) -> list[str]:
    """Space, course, importance and all trials, in Markdown."""
    search = found.search
    if search is None:
        return []
    return [
        f"### The search with {found.winner.name}: {search.title}",
        *(part.replace("### ", "#### ") for part in explain_search(search, links)),
    ]


def run_chapter(found: LossComparison, links: Mapping[str, str]) -> list[str]:
    """All that is shown of one run, in Markdown."""
    trial, seeds = found.trial, len(found.shown)
    name = found.chosen.name
    better = "; what the search found is below it" if found.best and name != FOUND else ""
    return [
        "## 3. The run that is shown",
        f"All that follows is about one run of {name}, `{trial.folder.name}`: "
        f"{which_of(trial, seeds)}{better}.",
        baseline_findings.selection(trial),
        *explain_trial(trial, links, seeds=seeds),
    ]
