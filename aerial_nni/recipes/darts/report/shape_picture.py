"""A searched U-Net as a picture: a U of blocks, each a small graph with a word on every edge.

The same drawing shows the space, with numbers for words, and what was found in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from aerial_nni.models.genotype import edge_label
from aerial_nni.models.operations import NONE, SKIP
from aerial_nni.reporting.style import (
    BLUE,
    DPI,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    PINK,
    WIDTH,
    legend_below,
    styled,
)

FAMILIES = {SKIP: GREY, "conv": BLUE, "sep": GREEN, "dil": ORANGE, "mb": PINK}
"""How an operation's name begins -> its colour."""
MEANINGS = {SKIP: "skip", "conv": "convolution", "sep": "separable", "dil": "dilated",
            "mb": "inverted bottleneck"}  # fmt: skip

BLOCK = 3.0
"""Inches of a block's width."""
REACH = 0.34
"""Inches that an edge hangs lower for each node it passes."""
GAP = 0.42
"""Inches between two levels."""


def colour_of(operation: str) -> str:
    """The colour of an edge's operation, that of its family."""
    families = (colour for name, colour in FAMILIES.items() if operation.startswith(name))
    return next(families, INK)


@dataclass(frozen=True)
class _Place:
    """Where a block stands, in inches: its left edge and the line of its nodes."""

    x: float
    y: float

    @property
    def middle(self) -> float:
        return self.x + BLOCK / 2


@styled
def draw_shape(
    words: Mapping[str, str], *, depth: int, nodes: int, width: int, fold: int, families: bool
) -> Figure:
    """The network with `words`, place to what is written there; no edge where it says `none`.

    `fold` is the side of the pixel squares that are folded into channels before the first level.
    `families` colours operations by their kind, and adds the legend.
    """
    below = 0.42 + REACH * (nodes - 1)  # of a block, under the line of its nodes
    pitch = below + 0.32 + GAP
    height = pitch * (depth + 1) + 0.1
    figure = Figure(figsize=(WIDTH, height + 0.3), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_aspect("equal")
    step = min(0.5, 1.0 / max(1, depth - 1))
    margins = [1.1 - step * (depth - 1 - level) for level in range(depth)]
    left = [_Place(margin, -pitch * level) for level, margin in enumerate(margins)]
    left.append(_Place((WIDTH - BLOCK) / 2, -pitch * depth))
    right = [_Place(WIDTH - margin - BLOCK, place.y)
             for margin, place in zip(margins, left, strict=False)]  # fmt: skip
    for side, places in (("encoder", left), ("decoder", right)):
        for level, place in enumerate(places):
            _block(axes, place, f"{side}{level}", words, nodes=nodes, below=below)
            title = f"{side} {level}: {width * 2**level} channels, {_size(fold * 2**level)}"
            axes.text(place.x + 0.06, place.y - below + 0.04, title, fontsize=7.5, color=GREY,
                      va="bottom")  # fmt: skip
    for level in range(depth):
        upper, lower, end = left[level], left[level + 1], right[level]
        start = right[level + 1] if level + 1 < depth else left[depth]
        _way(axes, upper, lower, words[f"down{level}"], below=below)
        _way(axes, end, start, words[f"up{level}"], below=below, up=True)
        across = ((upper.x + BLOCK, upper.y), (end.x, end.y))
        dropped = words[f"skip{level}"] == "drop"
        _arrow(axes, *across, GREY, dashed=dropped)
        _word(axes, (upper.x + BLOCK + end.x) / 2, upper.y, words[f"skip{level}"], INK)
    enter, leave = left[0].x + 0.2, right[0].x + BLOCK - 0.2
    _arrow(axes, (enter, 0.7), (enter, 0.12), INK)
    axes.text(enter + 0.1, 0.55, "picture, 3×3 convolution", fontsize=7.5, va="center")
    _arrow(axes, (leave, 0.12), (leave, 0.7), INK)
    axes.text(leave - 0.1, 0.55, "1×1 convolution, classes", fontsize=7.5, va="center", ha="right")
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(-pitch * depth - below - 0.05, 0.75)
    if families:
        legend_below(figure, [Line2D([], [], color=colour, linewidth=2.5, label=MEANINGS[name])
                              for name, colour in FAMILIES.items()])  # fmt: skip
    return figure


def _size(smaller: int) -> str:
    return "full size" if smaller == 1 else f"1/{smaller} of the size"


def _block(
    axes: Axes, place: _Place, name: str, words: Mapping[str, str], *, nodes: int, below: float
) -> None:
    """A block's graph: its input, its nodes, and their average, its output."""
    axes.add_patch(
        FancyBboxPatch((place.x, place.y - below), BLOCK, below + 0.3,
                       boxstyle="round,pad=0.02", facecolor="white", edgecolor=PALE, linewidth=1.4)
    )  # fmt: skip
    step = (BLOCK - 0.4) / (nodes + 1)
    at = [place.x + 0.2 + step * number for number in range(nodes + 2)]
    for node in range(1, nodes + 1):
        for source in range(node):
            word = words[edge_label(name, node, source)]
            if word == NONE:
                continue
            drop = REACH * (node - source - 1)
            colour = colour_of(word)
            ends = ((at[source], place.y), (at[node], place.y))
            _arrow(axes, *ends, colour, bow=drop, shrink=7)
            _word(axes, (at[source] + at[node]) / 2, place.y - drop, word, colour)
        ends = ((at[node], place.y), (at[-1], place.y))
        _arrow(axes, *ends, PALE, bow=-0.1 * (nodes - node), shrink=7)
    for number, x in enumerate(at):
        text = "in" if number == 0 else "out" if number == nodes + 1 else str(number)
        axes.add_patch(Circle((x, place.y), 0.1, facecolor="white", edgecolor=INK, zorder=4))
        axes.text(x, place.y - 0.005, text, fontsize=7, ha="center", va="center", zorder=5)


def _way(
    axes: Axes, upper: _Place, lower: _Place, word: str, *, below: float, up: bool = False
) -> None:
    """The way between two levels, down or up, with its word."""
    first, last = max(upper.x, lower.x), min(upper.x, lower.x) + BLOCK
    x = min(max(upper.middle, first + 0.5), last - 0.5)
    high, low = (x, upper.y - below - 0.03), (x, lower.y + 0.33)
    _arrow(axes, *((low, high) if up else (high, low)), INK)
    axes.text(x + (0.08 if up else -0.08), (high[1] + low[1]) / 2, word, fontsize=8, color=INK,
              ha="left" if up else "right", va="center")  # fmt: skip


def _word(axes: Axes, x: float, y: float, word: str, colour: str) -> None:
    axes.text(x, y, word, fontsize=7.5, ha="center", va="center", color=INK, zorder=6,
              bbox={"facecolor": "white", "edgecolor": colour, "linewidth": 0.9,
                    "boxstyle": "round,pad=0.2"})  # fmt: skip


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, *,
    bow: float = 0.0, shrink: float = 0.0, dashed: bool = False,
) -> None:  # fmt: skip
    """An arrow that hangs `bow` inches below the straight line."""
    length = abs(end[0] - start[0]) or 1.0
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=8, linewidth=1.3,
                        color=colour, shrinkA=shrink, shrinkB=shrink, zorder=3,
                        linestyle=(0, (3, 3)) if dashed else "-",
                        connectionstyle=f"arc3,rad={2 * bow / length}")
    )  # fmt: skip
