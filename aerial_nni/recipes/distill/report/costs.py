"""What teacher, student, control and the student in 8-bit integers cost and score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from aerial_nni.config import run_folder
from aerial_nni.recipes.distill.report.reading import Distillation
from aerial_nni.reporting.format import score, spread, table, times
from aerial_nni.reporting.group_comparison import Group
from aerial_nni.reporting.search.marks import mark
from aerial_nni.reporting.style import (
    BLUE,
    GREY,
    ORANGE,
    PALE,
    VERMILLION,
    legend_below,
    new_figure,
    styled,
)

UNKNOWN = "not measured"
LOOKS = {"teacher": (GREY, "^"), "student": (VERMILLION, "o"), "control": (BLUE, "s"),
         "int8": (ORANGE, "D")}  # fmt: skip
APART = {"control": 0.95, "int8": 1.05}
"""Marks of one cost are drawn a little apart, so that none hides another."""
ASIDE = "marks of one cost are a little apart"
NAMES = {"int8": "shown student, 8-bit"}
"""What a model is called where it is not its key."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model: figures are None where they were not measured."""

    key: str
    parameters: int
    multiply_adds: int
    file_bytes: float | None
    patch_seconds: float | None
    scene_seconds: float | None
    peak_bytes: float | None
    score: float | None
    """Mean IoU of the model that was measured."""
    scores: Sequence[float]
    """Mean IoU of each seed, where there are several."""

    @property
    def name(self) -> str:
        """What the model is called."""
        return NAMES.get(self.key, self.key)


def read_rows(found: Distillation) -> list[Row]:
    """A row for each model there is: teacher, student, control, student in 8-bit integers."""
    student = found.student.metrics["model"]
    rows = []
    control = found.control.metrics["score"] if found.control else None
    for key, model, score_of_it, scores in (
        ("teacher", found.teacher, found.teacher["score"], []),
        ("student", student, found.student.metrics["score"], Group("", found.students).scores),
        ("control", student, control, Group("", found.controls).scores),
        ("int8", student, _int8(found).get("mean_iou"), []),
    ):
        costs = found.costs["costs"] if found.costs else {}
        # The control is the same network as the student, with other weights.
        measured = costs.get("student" if key == "control" else key, {})
        if key != "control" or scores:
            rows.append(
                Row(
                    key=key,
                    parameters=model["parameters"],
                    multiply_adds=model["multiply_adds"],
                    file_bytes=measured.get("file_bytes", _size(found, key)),
                    patch_seconds=measured.get("patch_seconds"),
                    scene_seconds=measured.get("scene_seconds"),
                    peak_bytes=measured.get("peak_bytes"),
                    score=score_of_it,
                    scores=scores,
                )
            )
    return rows


def _int8(found: Distillation) -> Mapping[str, Any]:
    return found.costs["int8"] if found.costs else {}


def _size(found: Distillation, key: str) -> float | None:
    """Bytes of a checkpoint that needs no measuring."""
    teacher = found.experiment.folder / run_folder.TEACHER
    places = {"teacher": teacher, "student": found.student.checkpoint,
              "control": found.student.checkpoint}  # fmt: skip
    return places[key].stat().st_size if key in places and places[key].is_file() else None


def cost_table(found: Distillation) -> str:
    """A model a row, and below it what the figures are of."""
    rows = [
        [
            f"**{row.name}**" if row.key == "student" else row.name,
            f"{row.parameters:,}",
            f"{row.multiply_adds / 1e6:,.0f} M",
            _shown(row.file_bytes, 1e-6, "MB", 2),
            _shown(row.patch_seconds, 1e3, "ms", 1),
            _shown(row.scene_seconds, 1, "s", 2),
            _shown(row.peak_bytes, 1e-6, "MB", 0),
            UNKNOWN if row.score is None else score(row.score),
            spread(row.scores) if len(row.scores) > 1 else "–",
        ]
        for row in read_rows(found)
    ]
    scene = f"a scene of {times(found.costs['scene'])}" if found.costs else "a scene"
    header = ["model", "parameters", "multiply-adds of a patch", "file", "a patch", scene,
              "peak memory", "mean IoU of it", "mean IoU over seeds"]  # fmt: skip
    return table(header, rows)


def _shown(value: float | None, factor: float, unit: str, digits: int) -> str:
    return UNKNOWN if value is None else f"{factor * value:,.{digits}f} {unit}"


@dataclass(frozen=True)
class Costs:
    """What `costs.md.j2` tells of the models' costs."""

    found: Distillation
    int8_file = run_folder.INT8

    @property
    def measured(self) -> Mapping[str, Any] | None:
        """What was measured, None where nothing was."""
        return self.found.costs

    @property
    def int8(self) -> Mapping[str, Any]:
        """The student in 8-bit integers, or why there is none."""
        return _int8(self.found)

    @property
    def table(self) -> str:
        """A model a row."""
        return cost_table(self.found)

    @property
    def faster(self) -> list[tuple[str, float]]:
        """Models with how many times faster they segment a scene than the teacher."""
        rows = {row.key: row for row in read_rows(self.found)}
        teacher = rows["teacher"].scene_seconds
        return [
            (rows[key].name, teacher / seconds)
            for key in ("student", "int8")
            if teacher and (seconds := rows[key].scene_seconds)
        ]


@styled
def plot_costs(found: Distillation) -> Figure:
    """Mean IoU against multiply-adds, and against the time of a scene where it was measured."""
    rows = [row for row in read_rows(found) if row.score is not None]
    panels = [("multiply_adds", 1e-6, "multiply-adds of a patch, millions (log scale)")]
    if all(row.scene_seconds for row in rows):
        panels.append(("scene_seconds", 1.0, "time of a scene, seconds (log scale)"))
    figure = new_figure(3.5)
    axes_row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (field, factor, label) in zip(axes_row, panels, strict=True):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        if field == "multiply_adds":
            _draw_sizes(axes, found, factor)
        for row in rows:
            _draw_row(axes, row, factor * getattr(row, field))
        axes.set_xlabel(f"{label}\n{ASIDE}")
        axes.margins(x=0.1, y=0.15)
    axes_row[0].set_ylabel("mean IoU on the validation patches")
    axes_row[0].set_title("Score against cost; mean ± standard deviation over seeds")
    legend_below(figure, [mark(row.name, LOOKS[row.key][1], LOOKS[row.key][0]) for row in rows])
    return figure


def _draw_row(axes: Axes, row: Row, x: float) -> None:
    colour, marker = LOOKS[row.key]
    y = mean(row.scores or [row.score or 0.0])
    deviation = stdev(row.scores) if len(row.scores) > 1 else None
    place = x * APART.get(row.key, 1.0)
    axes.errorbar(place, y, yerr=deviation, color=colour, marker=marker, markersize=8, capsize=4,
                  linewidth=1.3, zorder=4)  # fmt: skip


def _draw_sizes(axes: Axes, found: Distillation, factor: float) -> None:
    """Trials of a search that tried students of several sizes, faint."""
    done = [tried for tried in (found.search.scored if found.search else ()) if tried.complete]
    sizes = [t.complete.metrics["model"]["multiply_adds"] for t in done if t.complete]
    if len(set(sizes)) > 1:
        scores = [tried.score or 0.0 for tried in done]
        axes.plot([factor * size for size in sizes], scores, ".", color=PALE, zorder=2,
                  markeredgecolor=GREY, label="trials of the search")  # fmt: skip
        axes.legend(loc="lower right")
