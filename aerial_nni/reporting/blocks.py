"""What one stage of the network contains, and what each stage costs and sees."""

from collections.abc import Sequence
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
def draw_blocks(stages: Sequence[Stage]) -> Figure:
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


@styled
def draw_costs(stages: Sequence[Stage], *, picture: np.ndarray | None = None) -> Figure:
    """Parameters and multiply-adds of each stage, and the ground one value of it depends on.

    `picture`, shape (h, w, 3), uint8, is drawn under the receptive fields.
    """
    figure = new_figure(3.5)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.05, 0.95, 1.3))
    names = [stage.name for stage in stages]
    rows = np.arange(len(stages))
    colours = [side_colour(stage) for stage in stages]
    columns = (
        (left, [stage.parameters for stage in stages], "parameters"),
        (middle, [stage.multiply_adds for stage in stages], "multiply-adds"),
    )
    for axes, values, title in columns:
        total = sum(values)
        axes.barh(rows, [100 * value / total for value in values], color=colours, height=0.7)
        axes.set_title(f"{title.capitalize()}: {_short(total)}")
        axes.set_xlabel(f"share of the {title}, %")
        axes.grid(visible=False, axis="y")
        axes.invert_yaxis()
        axes.set_yticks(rows, names if axes is left else [""] * len(rows))
        for row, value in zip(rows, values, strict=True):
            axes.text(100 * value / total + 0.8, row, _short(value), va="center", fontsize=7)
        axes.set_xlim(0, 100 * max(values) / total * 1.25)
    _draw_fields(right, stages, picture)
    return figure


def _draw_fields(axes: Axes, stages: Sequence[Stage], picture: np.ndarray | None) -> None:
    """Squares as wide as the receptive field of each stage's last convolution."""
    _, height, width = stages[-1].shape
    axes.set_title("Receptive field, pixels")
    if picture is not None:
        pale = (picture * 0.6 + 255 * 0.4).astype(np.uint8)
        axes.imshow(pale, extent=(0, width, height, 0), interpolation="antialiased")
    last, wider, beside = 2.0 * width, [], 0
    for stage in sorted(stages, key=lambda stage: -stage.body[-1].field):
        field = stage.body[-1].field
        if stage.side == "decoder":
            continue
        if field > width:
            wider.append(f"{stage.name}: {field}")
            continue
        corner = ((width - field) / 2, (height - field) / 2)
        colour = side_colour(stage)
        axes.add_patch(
            Rectangle(corner, field, field, facecolor="none", edgecolor=colour, linewidth=2)
        )
        place: dict[str, Any] = {"xy": (width / 2, corner[1]), "ha": "center"}
        if last - field >= 0.12 * width:
            last = field
        else:  # there the labels would cover each other: it stands beside, at the end of a line
            end = (0.98 * width, (0.5 + 0.08 * beside) * height)
            place = {"xy": ((width + field) / 2, height / 2), "xytext": end, "ha": "right",
                     "arrowprops": {"arrowstyle": "-", "color": colour}}  # fmt: skip
            beside += 1
        axes.annotate(f"{stage.name}: {field}", **place, fontsize=6.5, va="center", color=INK,
                      bbox={"facecolor": "white", "edgecolor": colour, "pad": 1.2})  # fmt: skip
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
