"""The diagram of a U-Net, drawn from the stages that were found by running it.

A bar is a tensor: its height stands for the height and width of the picture, its breadth for the
channels, both as square roots, so that the smallest can still be seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Patch, Rectangle

from aerial_nni.reports.stages import Stage
from aerial_nni.reports.style import (
    BLUE,
    DPI,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    SKY,
    VERMILLION,
    WIDTH,
    legend_below,
    styled,
)

_COLOURS = {"encoder": BLUE, "bottom": ORANGE, "decoder": GREEN, "head": PINK}
_TALLEST, _ROW_GAP, _GAP, _THUMBNAIL, _MARGIN = 1.2, 0.5, 0.15, 1.0, 0.14  # inches


@dataclass(frozen=True, kw_only=True)
class _Bar:
    """One tensor on the page, in inches from the top left corner (y grows upwards)."""

    x: float
    y: float
    breadth: float
    height: float
    channels: int
    colour: str

    @property
    def right(self) -> float:
        return self.x + self.breadth

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.breadth / 2, self.y + self.height / 2


@styled
def draw_network(
    stages: Sequence[Stage], *, picture: np.ndarray | None = None, result: np.ndarray | None = None
) -> Figure:
    """The network as a U: encoder down the left, decoder up the right, skips across.

    `picture` and `result`, shape (h, w, 3), uint8, are shown where they enter and leave.
    """
    rows = _lay_out(stages)
    bottom = min(bar.y for bars in rows for bar in bars)
    height = -bottom + 1.3
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    for stage, bars in zip(stages, rows, strict=True):
        _draw_stage(axes, stage, bars)
    _draw_links(axes, stages, rows)
    _draw_ends(axes, stages, rows, picture=picture, result=result)
    axes.set_xlim(0, max(WIDTH, _needed(rows)))
    axes.set_ylim(bottom - 0.25, 0.42)
    legend_below(figure, _legend(stages), columns=3)
    return figure


def _lay_out(stages: Sequence[Stage]) -> list[list[_Bar]]:
    """The bars of every stage, as broad as the page allows."""
    low, high = 0.004, 0.1  # inches of breadth per root channel
    for _ in range(20):
        middle = (low + high) / 2
        fits = _needed(_place(stages, scale=middle)) <= WIDTH
        low, high = (middle, high) if fits else (low, middle)
    return _place(stages, scale=low)


def _needed(rows: Sequence[Sequence[_Bar]]) -> float:
    """The breadth of the page in inches, with the pictures at both ends."""
    return rows[-1][-1].right + _MARGIN + _THUMBNAIL + 0.05


def _place(stages: Sequence[Stage], *, scale: float) -> list[list[_Bar]]:
    """The bars with `scale` inches of breadth per root channel, and room for their numbers.

    Where a stage is entered, its first bar stands under (or over) the bar it comes from, so that
    the arrow between them is upright.
    """
    heights, tops = _rows(stages)
    rows: list[list[_Bar]] = []
    for stage in stages:
        shapes = [stage.shape_in, *(step.shape for step in stage.convolutions)]
        colour = _COLOURS[stage.side]
        colours = [_faded(colour), *[colour] * len(stage.convolutions)]
        if stage.side == "head":
            shapes, colours = shapes[1:], colours[1:]
        bars: list[_Bar] = []
        for (channels, _, _), tint in zip(shapes, colours, strict=True):
            breadth = scale * math.sqrt(channels)
            digits = 0.065 * len(str(channels))
            if bars:
                numbers = (digits + 0.065 * len(str(bars[-1].channels))) / 2 + 0.05
                x = max(bars[-1].right + _GAP, bars[-1].centre[0] + numbers - breadth / 2)
            elif not rows:
                x = _THUMBNAIL + _MARGIN + 0.05
            elif stage.side == "head":
                x = rows[-1][-1].right + 2 * _GAP
            else:
                x = rows[-1][-1].centre[0] - breadth / (4 if stage.skip is not None else 2)
            y, height = tops[stage.level] - heights[stage.level], heights[stage.level]
            bars.append(
                _Bar(x=x, y=y, breadth=breadth, height=height, channels=channels, colour=tint)
            )
        rows.append(bars)
    return rows


def _rows(stages: Sequence[Stage]) -> tuple[list[float], list[float]]:
    """Height and top of every level's row, in inches."""
    sizes = {stage.level: stage.shape[1] for stage in stages}
    heights = [_TALLEST * math.sqrt(sizes[level] / sizes[0]) for level in sorted(sizes)]
    heights = [max(0.1, height) for height in heights]
    tops = [-sum(heights[:level]) - _ROW_GAP * level for level in range(len(heights))]
    return heights, tops


def _faded(colour: str) -> str:
    """`colour` mixed with white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - part) * 0.35):02X}" for part in parts)


def _draw_stage(axes: Axes, stage: Stage, bars: Sequence[_Bar]) -> None:
    """The bars of one stage with their channels, and the arrows of its convolutions."""
    for place, bar in enumerate(bars):
        first = place == 0 and stage.side != "head"
        axes.add_patch(
            Rectangle((bar.x, bar.y), bar.breadth, bar.height, facecolor=bar.colour,
                      edgecolor=INK, linewidth=0.6, zorder=3)
        )  # fmt: skip
        if first and stage.skip is not None:
            axes.add_patch(
                Rectangle((bar.centre[0], bar.y), bar.breadth / 2, bar.height,
                          facecolor=_faded(_COLOURS["encoder"]), edgecolor=INK, linewidth=0.6,
                          zorder=4)
            )  # fmt: skip
        below = first and stage.entry and stage.skip is None  # an arrow arrives from above
        y, side = (bar.y - 0.05, "top") if below else (bar.y + bar.height + 0.04, "bottom")
        axes.text(bar.centre[0], y, str(bar.channels), ha="center", va=side, fontsize=7, color=INK)
    for left, right in zip(bars, bars[1:], strict=False):
        _arrow(axes, (left.right, left.centre[1]), (right.x, right.centre[1]), INK)
    _, height, width = stage.shape
    text = f"{stage.name}\n{height}×{width}"
    low = bars[0].centre[1]
    if stage.side in ("encoder", "bottom") and stage.entry:
        axes.text(bars[0].x - 0.08, low, text, ha="right", va="center", fontsize=7.5, color=GREY)
    elif stage.side == "decoder" and stage.level > 0:
        axes.text(bars[-1].right + 0.08, low, text, ha="left", va="center", fontsize=7.5,
                  color=GREY)  # fmt: skip
    elif stage.side != "head":
        middle = (bars[0].x + bars[-1].right) / 2
        axes.text(middle, 0.24, stage.name, ha="center", va="bottom", fontsize=7.5, color=GREY)


def _draw_links(axes: Axes, stages: Sequence[Stage], rows: Sequence[Sequence[_Bar]]) -> None:
    """The arrows between stages: down, up, across, and out."""
    for number, (stage, bars) in enumerate(zip(stages, rows, strict=True)):
        before = rows[number - 1][-1]
        if stage.side == "head":
            _arrow(axes, (before.right, before.centre[1]), (bars[0].x, bars[0].centre[1]), PINK)
        elif stage.skip is not None:
            x = before.centre[0]
            _arrow(axes, (x, before.y + before.height + 0.17), (x, bars[0].y), GREEN, thick=True)
            source = rows[stage.skip][-1]
            y = source.centre[1]
            _arrow(axes, (source.right, y), (bars[0].x, y), SKY, dashed=True)
            text = "×".join(str(size) for size in stages[stage.skip].shape)
            room = bars[0].x - source.right
            if room > 2:
                text = f"skip connection: {text}"
            if room > 0.068 * len(text) + 0.05:
                middle = (source.right + bars[0].x) / 2
                axes.text(middle, y + 0.04, text, ha="center", va="bottom", fontsize=7.5, color=INK)
        elif stage.entry:
            x = before.centre[0]
            top = bars[0].y + bars[0].height
            _arrow(axes, (x, before.y), (x, top), VERMILLION, thick=True)


def _draw_ends(
    axes: Axes,
    stages: Sequence[Stage],
    rows: Sequence[Sequence[_Bar]],
    *,
    picture: np.ndarray | None,
    result: np.ndarray | None,
) -> None:
    """The pictures that enter and leave, with their shapes."""
    first, last = rows[0][0], rows[-1][-1]
    middle = first.centre[1]
    ends = (
        (picture, 0.05 + _THUMBNAIL / 2, "input", stages[0].shape_in),
        (result, last.right + _MARGIN + _THUMBNAIL / 2, "output", stages[-1].shape),
    )
    for pixels, x, name, shape in ends:
        half = _THUMBNAIL / 2
        text = f"{name}\n{'×'.join(str(size) for size in shape)}"
        if pixels is None:
            axes.text(x, middle, text, ha="center", va="center", fontsize=7.5, color=INK)
            continue
        extent = (x - half, x + half, middle - half, middle + half)
        axes.imshow(pixels, extent=extent, aspect="auto", zorder=2, interpolation="antialiased")
        axes.text(x, middle - half - 0.06, text, ha="center", va="top", fontsize=7.5, color=INK)


def _arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    *,
    thick: bool = False,
    dashed: bool = False,
) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=8 if thick else 6,
            linewidth=1.8 if thick else 1.2 if dashed else 0.8,
            linestyle=(0, (4, 2)) if dashed else "-",
            color=colour,
            shrinkA=1,
            shrinkB=1,
            zorder=2,
        )
    )


def _legend(stages: Sequence[Stage]) -> list[Artist]:
    """What the arrows and colours mean, in the words of this network."""
    encoder, decoder, head = stages[1], stages[-2], stages[-1]
    block = ", ".join(dict.fromkeys(step.text for step in encoder.body))
    up = ", ".join(step.text for step in decoder.entry if step.kind != "cat")

    def arrow(colour: str, text: str, *, width: float = 2.0, style: str = "-") -> Line2D:
        return Line2D([], [], color=colour, linewidth=width, linestyle=style, label=text)

    return [
        arrow(INK, f"{block}", width=1.0),
        arrow(VERMILLION, f"{encoder.entry[0].text}: half the size"),
        arrow(GREEN, f"{up}: twice the size"),
        arrow(SKY, "skip connection, concatenated", style="--"),
        arrow(PINK, f"{head.body[0].text}: a score for each class"),
        Patch(facecolor="white", edgecolor=INK, linewidth=0.6, label="bar: a tensor, with channels"),
    ]
