"""The diagram of a U-Net, drawn from the stages that were found by running it.

A bar is a tensor: its height stands for the height and width of the picture, its breadth for the
channels, both as square roots, so that the smallest can still be seen.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Patch, Rectangle

from aerial_nni.reporting.format import times
from aerial_nni.reporting.layout import (
    COLOURS,
    MARGIN,
    THUMBNAIL,
    Bar,
    faded,
    lay_out,
    needed_width,
)
from aerial_nni.reporting.stages import Stage
from aerial_nni.reporting.style import (
    DPI,
    GREEN,
    GREY,
    INK,
    PINK,
    SKY,
    VERMILLION,
    WIDTH,
    legend_below,
    styled,
)


@styled
def plot_network(
    stages: Sequence[Stage], *, picture: np.ndarray | None = None, result: np.ndarray | None = None
) -> Figure:
    """The network as a U: encoder down the left, decoder up the right, skips across.

    `picture` and `result`, shape (h, w, 3), uint8, are shown where they enter and leave.
    """
    rows = lay_out(stages)
    bottom = min(bar.y for bars in rows for bar in bars)
    height = -bottom + 1.3
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    for stage, bars in zip(stages, rows, strict=True):
        _draw_stage(axes, stage, bars)
    _draw_links(axes, stages, rows)
    _draw_ends(axes, stages, rows, picture=picture, result=result)
    axes.set_xlim(0, max(WIDTH, needed_width(rows)))
    axes.set_ylim(bottom - 0.25, 0.42)
    legend_below(figure, _legend(stages), columns=3)
    return figure


def _draw_stage(axes: Axes, stage: Stage, bars: Sequence[Bar]) -> None:
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
                          facecolor=faded(COLOURS["encoder"]), edgecolor=INK, linewidth=0.6,
                          zorder=4)
            )  # fmt: skip
        below = first and stage.level > 0 and stage.skip is None  # an arrow arrives from above
        y, side = (bar.y - 0.05, "top") if below else (bar.y + bar.height + 0.04, "bottom")
        axes.text(bar.centre[0], y, str(bar.channels), ha="center", va=side, fontsize=7, color=INK)
    for left, right in zip(bars, bars[1:], strict=False):
        _arrow(axes, (left.right, left.centre[1]), (right.x, right.centre[1]), INK)
    _, height, width = stage.shape_in
    text = f"{stage.name}\n{height}×{width}"
    low = bars[0].centre[1]
    if stage.side in ("encoder", "bottom") and stage.level > 0:
        axes.text(bars[0].x - 0.08, low, text, ha="right", va="center", fontsize=7.5, color=GREY)
    elif stage.side == "decoder" and stage.level > 0:
        axes.text(bars[-1].right + 0.08, low, text, ha="left", va="center", fontsize=7.5,
                  color=GREY)  # fmt: skip
    elif stage.side != "head":
        middle = (bars[0].x + bars[-1].right) / 2
        axes.text(middle, 0.24, stage.name, ha="center", va="bottom", fontsize=7.5, color=GREY)


def _draw_links(axes: Axes, stages: Sequence[Stage], rows: Sequence[Sequence[Bar]]) -> None:
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
            text = times(stages[stage.skip].shape)
            room = bars[0].x - source.right
            if room > 2:
                text = f"skip connection: {text}"
            if room > 0.068 * len(text) + 0.05:
                middle = (source.right + bars[0].x) / 2
                axes.text(middle, y + 0.04, text, ha="center", va="bottom", fontsize=7.5, color=INK)
        elif stage.level > 0:
            x = before.centre[0]
            top = bars[0].y + bars[0].height
            _arrow(axes, (x, before.y), (x, top), VERMILLION, thick=True)


def _draw_ends(
    axes: Axes,
    stages: Sequence[Stage],
    rows: Sequence[Sequence[Bar]],
    *,
    picture: np.ndarray | None,
    result: np.ndarray | None,
) -> None:
    """The pictures that enter and leave, with their shapes."""
    first, last = rows[0][0], rows[-1][-1]
    middle = first.centre[1]
    channels, height, width = stages[0].shape_in
    fold = stages[-1].shape[1] // height
    taken, given = f"input\n{channels // fold**2}×{fold * height}×{fold * width}", "output\n"
    if fold > 1:
        taken += f"\nfolded to\n{times(stages[0].shape_in)}"
        given = f"{times(stages[-1].body[0].shape)}\nunfolded to\n{given}"
    ends = (
        (picture, 0.05 + THUMBNAIL / 2, taken),
        (result, last.right + MARGIN + THUMBNAIL / 2, given + times(stages[-1].shape)),
    )
    half = THUMBNAIL / 2
    for pixels, x, text in ends:
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

    def arrow(colour: str, text: str, *, width: float = 2.0, dashed: bool = False) -> Line2D:
        drawn = Line2D([], [], color=colour, linewidth=width, label=text)
        drawn.set_linestyle("--" if dashed else "-")
        return drawn

    return [
        arrow(INK, f"{block}", width=1.0),
        arrow(VERMILLION, f"{encoder.entry[0].text}: half the size"),
        arrow(GREEN, f"{up}: twice the size"),
        arrow(SKY, "skip connection, concatenated", dashed=True),
        arrow(PINK, f"{head.body[0].text}: a score for each class"),
        Patch(
            facecolor="white", edgecolor=INK, linewidth=0.6, label="bar: a tensor, with channels"
        ),
    ]
