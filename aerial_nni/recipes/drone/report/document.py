"""`docs/drone-scenes.md`: DeepLabV3 explained, its losses beside each other, and a search."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from aerial_nni.config.options import BUILT_IN
from aerial_nni.data.datasets.aeroscapes import SOURCE
from aerial_nni.recipes.drone.report.comparison import compare_losses
from aerial_nni.recipes.drone.report.pictures import plot_presence, plot_sweeps
from aerial_nni.recipes.drone.report.reading import LossComparison, read_flight
from aerial_nni.reporting.curves import plot_learning_rate
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, one_of
from aerial_nni.reporting.group_comparison import plot_groups
from aerial_nni.reporting.loss_course import LossFacts
from aerial_nni.reporting.render import render
from aerial_nni.reporting.search.part import draw_search, explain_search
from aerial_nni.reporting.search.search import trials_of
from aerial_nni.reporting.shown_run import ShownRun, plot_run
from aerial_nni.reporting.sources import Sources, digest_table
from aerial_nni.reporting.split_map import plot_data

NAME = "drone-scenes"
TEMPLATE = "recipes/drone/report.md.j2"


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
        compose=lambda links: render(TEMPLATE, **facts_of(found, links), links=links),
    )


def draw_figures(found: LossComparison) -> dict[str, Figure]:
    """Every figure of the document by the name of its file."""
    figures: dict[str, Figure] = {}
    if found.search is not None:
        figures |= draw_search(found.search)
    if len(found.groups) > 1:
        figures["beside"] = plot_groups(*found.groups)
    if found.sweeps:
        figures["lr-finder"] = plot_sweeps(found)
    figures["learning-rate"] = plot_learning_rate(found.trial)
    figures |= plot_data(found.trial)
    figures["presence"] = plot_presence(found.trial)
    return {**figures, **plot_run(ShownRun.of(found.shown))}


def facts_of(found: LossComparison, links: Mapping[str, str]) -> dict[str, Any]:
    """What the template says."""
    search = explain_search(found.search, links) if found.search else []
    runs = [(group.name, trial) for group in found.groups for trial in group.trials]
    return {
        "found": found,
        "run": ShownRun.of(found.shown),
        "comparison": compare_losses(found),
        "loss": LossFacts.of(found.trial.options),
        "built_in": found.trial.options["data"] in BUILT_IN,
        "aeroscapes": SOURCE,
        "search": "\n\n".join(part.replace("### ", "#### ") for part in search),
        "sources": Sources(
            chapter=4,
            experiments=(found.experiment,),
            shown=found.trial,
            runs=digest_table(found.experiment, [*runs, *trials_of(found.search)], found.trial),
        ),
    }
