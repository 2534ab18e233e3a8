"""`docs/building-footprints.md`: zoom-out explained, its search, and it beside other ways."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from aerial_nni.recipes.zoomout.report.comparison import ways_of
from aerial_nni.recipes.zoomout.report.pictures import plot_first_stage, plot_zoom_out
from aerial_nni.recipes.zoomout.report.reading import Comparison, read_comparison
from aerial_nni.reporting.curves import plot_learning_rate
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, one_of
from aerial_nni.reporting.group_comparison import plot_groups
from aerial_nni.reporting.loss_course import LossFacts
from aerial_nni.reporting.render import render
from aerial_nni.reporting.search.part import SearchPart
from aerial_nni.reporting.search.search import trials_of
from aerial_nni.reporting.shown_run import ShownRun, plot_run
from aerial_nni.reporting.sources import Sources, digest_table
from aerial_nni.reporting.split_map import plot_data

NAME = "building-footprints"
TEMPLATE = "recipes/zoomout/report.md.j2"


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
        compose=lambda links: render(TEMPLATE, **facts_of(found), links=links),
    )


def draw_figures(found: Comparison) -> dict[str, Figure]:
    """Every figure of the document by the name of its file."""
    ways = ways_of(found)
    figures = {"zoom-out": plot_zoom_out(found)}
    if found.first_stage:
        figures["first-stage"] = plot_first_stage(found)
    if found.search is not None:
        figures |= SearchPart(found.search).figures()
    if len(ways.groups) > 1:
        figures["beside"] = plot_groups(*ways.groups)
    figures["learning-rate"] = plot_learning_rate(found.trial)
    figures |= plot_data(found.trial)
    return {**figures, **plot_run(ShownRun.of(found.shown), name=ways.titles[0])}


def facts_of(found: Comparison) -> dict[str, Any]:
    """What the template says."""
    ways = ways_of(found)
    runs = [(group.name, trial) for group in ways.groups for trial in group.trials]
    return {
        "found": found,
        "run": ShownRun.of(found.shown),
        "comparison": ways,
        "unet_options": [
            f"`{name}` {value}" for name, value in found.method.get("unet", {}).items()
        ],
        "samples": found.facts.get("samples", {}),
        "loss": LossFacts.of(found.trial.options),
        "part": SearchPart(found.search) if found.search else None,
        "sources": Sources(
            chapter=4,
            experiments=(found.experiment,),
            shown=found.trial,
            runs=digest_table(found.experiment, [*runs, *trials_of(found.search)], found.trial),
        ),
    }
