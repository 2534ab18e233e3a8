"""What one stage of the network contains, and what each stage costs and sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from aerial_nni.reporting.format import times
from aerial_nni.reporting.graph_trace import Step
from aerial_nni.reporting.layout import side_colour
from aerial_nni.reporting.stages import Stage
from aerial_nni.reporting.style import GREY, INK, SKY, VERMILLION, WIDTH, new_figure, styled

_TINTS = {
    "conv": "#CFE3F2",
    "norm": "#F1F1F1",
    "act": "#FBE7C6",
    "dropout": "#F3DCE8",
    "pool": "#F6D5C3",
    "up": "#CBEBDF",
    "cat": "#DDF0FB",
    "fold": "#E4DFF2",
    "unfold": "#E4DFF2",
}
"""Colour of a box by what the operation is."""

_MEANINGS = {
    "conv": "a weighted sum over k×k neighbours in all channels; the weights are learnt",
    "norm": "values brought to mean 0 and spread 1, then stretched and shifted as learnt",
    "act": "negative values become 0, so that layers together can do more than one could",
    "dropout": "this share of the values is set to 0 while training, against overfitting",
    "pool": "one value for each square of neighbours, so the next stage sees twice as far",
    "up": "back to twice the height and width",
    "unfold": "channels become squares of pixels again",
    "cat": "the encoder's channels of the same size are put beside those from below",
}


@styled
def plot_blocks(stages: Sequence[Stage]) -> Figure:
    """The operations of one encoder stage, one decoder stage and the head, box by box."""
    encoder = next(stage for stage in stages if stage.level == 1)
    decoder = next(stage for stage in stages[::-1] if stage.side == "decoder")
    shown = [encoder, decoder, stages[-1]]
    starts = [stages[stages.index(stage) - 1].shape for stage in shown]
    figure = new_figure(4.6)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(-4.4, 0.1)
    most = max(len(stage.entry) + len(stage.body) for stage in shown)
    pitch = (WIDTH - 0.1) / (most + 1)
    for row, (stage, start) in enumerate(zip(shown, starts, strict=True)):
        _draw_row(axes, stage, start, top=-1.5 * row, pitch=pitch)
    used: dict[str, str] = {"conv": "conv k×k"}
    for step in (step for stage in shown for step in (*stage.entry, *stage.body)):
        used.setdefault(step.kind, step.text)
    notes = [f"{text}: {_MEANINGS[kind]}" for kind, text in used.items()]
    notes.append("Black: channels×height×width of the output. Orange: trained parameters.")
    axes.text(0.3 + (1 + len(stages[-1].body)) * pitch, -3.05, "\n".join(notes),
              fontsize=7.5, va="top", color=INK, linespacing=1.5)  # fmt: skip
    return figure


def _draw_row(
    axes: Axes, stage: Stage, start: tuple[int, int, int], *, top: float, pitch: float
) -> None:
    """One stage as a row of boxes, an arrow before each, the shape under each."""
    count = f"{stage.parameters:,} parameters"
    axes.text(0.05, top - 0.08, f"{stage.name}: {count}", fontsize=9, fontweight="bold",
              color=INK, va="top")  # fmt: skip
    y = top - 0.72
    axes.text(0.05 + pitch * 0.4, y, times(start), fontsize=7.5, ha="center", va="center",
              color=INK)  # fmt: skip
    x = 0.05 + pitch
    for step in (*stage.entry, *stage.body):
        box = pitch * 0.78
        axes.add_patch(
            FancyArrowPatch((x - pitch * 0.2, y), (x, y), arrowstyle="-|>", mutation_scale=7,
                            color=GREY, linewidth=0.9, shrinkA=0, shrinkB=0)
        )  # fmt: skip
        axes.add_patch(
            FancyBboxPatch((x + 0.03, y - 0.25), box - 0.06, 0.5, boxstyle="round,pad=0.02",
                           facecolor=_TINTS[step.kind], edgecolor=GREY, linewidth=0.7)
        )  # fmt: skip
        middle = x + box / 2
        size = 7.5 if pitch > 0.95 else 6.5
        axes.text(middle, y, _wrapped(step), fontsize=size, ha="center", va="center", color=INK)
        axes.text(middle, y - 0.36, times(step.shape), fontsize=6.5, ha="center", va="top",
                  color=INK)  # fmt: skip
        if step.parameters:
            axes.text(middle, y - 0.5, f"{step.parameters:,}", fontsize=6.5, ha="center", va="top",
                      color=VERMILLION)  # fmt: skip
        if step.kind == "cat" and stage.skip is not None:
            axes.add_patch(
                FancyArrowPatch((middle, y + 0.58), (middle, y + 0.27), arrowstyle="-|>",
                                mutation_scale=8, color=SKY, linewidth=1.6, shrinkA=0, shrinkB=0)
            )  # fmt: skip
            axes.text(middle + 0.1, y + 0.44, "skip connection", fontsize=7.5, va="center",
                      color=INK)  # fmt: skip
        x += pitch


def _wrapped(step: Step) -> str:
    """The words of a step, one a line."""
    return step.text.replace(" ", "\n")


@dataclass(frozen=True, kw_only=True)
class StageCost:
    """What a stage costs, and how far it sees."""

    name: str
    colour: str
    parameters: int
    multiply_adds: int
    parameter_share: float
    work_share: float
    field: int
    """Receptive field of its last convolution in pixels."""
    decoder: bool


def stage_costs_info(stages: Sequence[Stage]) -> list[StageCost]:
    """Parameters and multiply-adds of each stage with their shares, and its receptive field."""
    parameters = sum(stage.parameters for stage in stages)
    work = sum(stage.multiply_adds for stage in stages)
    return [
        StageCost(
            name=stage.name,
            colour=side_colour(stage),
            parameters=stage.parameters,
            multiply_adds=stage.multiply_adds,
            parameter_share=stage.parameters / parameters,
            work_share=stage.multiply_adds / work,
            field=stage.body[-1].field,
            decoder=stage.side == "decoder",
        )
        for stage in stages
    ]


@styled
def plot_stage_costs(stages: Sequence[Stage], *, picture: np.ndarray | None = None) -> Figure:
    """Parameters and multiply-adds of each stage, and the ground one value of it depends on.

    `picture`, shape (h, w, 3), uint8, is drawn under the receptive fields.
    """
    info = stage_costs_info(stages)
    figure = new_figure(3.5)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.05, 0.95, 1.3))
    rows = np.arange(len(info))
    columns = (
        (left, "parameters", [(one.parameters, 100 * one.parameter_share) for one in info]),
        (middle, "multiply-adds", [(one.multiply_adds, 100 * one.work_share) for one in info]),
    )
    for axes, title, values in columns:
        shares = [share for _, share in values]
        axes.barh(rows, shares, color=[one.colour for one in info], height=0.7)
        axes.set_title(f"{title.capitalize()}: {_short(sum(value for value, _ in values))}")
        axes.set_xlabel(f"share of the {title}, %")
        axes.grid(visible=False, axis="y")
        axes.invert_yaxis()
        axes.set_yticks(rows, [one.name if axes is left else "" for one in info])
        for row, (value, share) in zip(rows, values, strict=True):
            axes.text(share + 0.8, row, _short(value), va="center", fontsize=7)
        axes.set_xlim(0, max(shares) * 1.25)
    _plot_fields(right, info, stages[-1].shape, picture)
    return figure


def _plot_fields(
    axes: Axes,
    info: Sequence[StageCost],
    shape: tuple[int, int, int],
    picture: np.ndarray | None,
) -> None:
    """Squares as wide as the receptive field of each stage but the decoder's."""
    _, height, width = shape
    axes.set_title("Receptive field, pixels")
    if picture is not None:
        pale = (picture * 0.6 + 255 * 0.4).astype(np.uint8)
        axes.imshow(pale, extent=(0, width, height, 0), interpolation="antialiased")
    shown = sorted((one for one in info if not one.decoder), key=lambda one: -one.field)
    wider = [f"{one.name}: {one.field}" for one in shown if one.field > width]
    last, beside = 2.0 * width, 0
    for one in shown[len(wider) :]:
        corner = ((width - one.field) / 2, (height - one.field) / 2)
        axes.add_patch(Rectangle(corner, one.field, one.field, facecolor="none",
                                 edgecolor=one.colour, linewidth=2))  # fmt: skip
        place: dict[str, Any] = {"xy": (width / 2, corner[1]), "ha": "center"}
        if last - one.field >= 0.12 * width:
            last = one.field
        else:  # there the labels would cover each other: it stands beside, at the end of a line
            end = (0.98 * width, (0.5 + 0.08 * beside) * height)
            place = {"xy": ((width + one.field) / 2, height / 2), "xytext": end, "ha": "right",
                     "arrowprops": {"arrowstyle": "-", "color": one.colour}}  # fmt: skip
            beside += 1
        axes.annotate(f"{one.name}: {one.field}", **place, fontsize=6.5, va="center", color=INK,
                      bbox={"facecolor": "white", "edgecolor": one.colour, "pad": 1.2})  # fmt: skip
    if wider:
        axes.text(0.02 * width, 0.98 * height, f"wider: {', '.join(wider)}", fontsize=6.5,
                  va="bottom", color=INK,
                  bbox={"facecolor": "white", "edgecolor": GREY, "pad": 1.2})  # fmt: skip
    axes.set_aspect("equal", anchor="N")  # its title in line with those beside it
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.grid(visible=False)
    axes.set_xlabel("x, pixels")
    axes.set_ylabel("y, pixels")


def _short(value: float) -> str:
    """A count with three digits: 1.94 M, 3.04 G."""
    for factor, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= factor:
            return f"{value / factor:.3g}{letter}"
    return f"{value:g}"
