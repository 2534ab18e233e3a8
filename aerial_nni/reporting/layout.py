"""Where the bars of a U-Net's diagram stand on the page, in inches.

The first bar of a stage stands under (or over) the last one of the stage before, so the whole has
the shape of a U. The breadth of the bars is as large as the page allows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from aerial_nni.reporting.stages import Stage
from aerial_nni.reporting.style import BLUE, GREEN, ORANGE, PINK, WIDTH

COLOURS = {"encoder": BLUE, "bottom": ORANGE, "decoder": GREEN, "head": PINK}
TALLEST, ROW_GAP, GAP, THUMBNAIL, MARGIN = 1.2, 0.5, 0.15, 1.0, 0.14  # inches


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One tensor on the page, in inches from the top left corner (y grows upwards)."""

    x: float
    y: float
    breadth: float
    height: float
    channels: int
    colour: str

    @property
    def right(self) -> float:
        """The x of its right edge."""
        return self.x + self.breadth

    @property
    def centre(self) -> tuple[float, float]:
        """The x and y of its middle."""
        return self.x + self.breadth / 2, self.y + self.height / 2


def lay_out(stages: Sequence[Stage]) -> list[list[Bar]]:
    """The bars of every stage, as broad as the page allows."""
    low, high = 0.004, 0.1  # inches of breadth per root channel
    for _ in range(20):
        middle = (low + high) / 2
        fits = needed_width(_place(stages, scale=middle)) <= WIDTH
        low, high = (middle, high) if fits else (low, middle)
    return _place(stages, scale=low)


def needed_width(rows: Sequence[Sequence[Bar]]) -> float:
    """The breadth of the page in inches, with the pictures at both ends."""
    return rows[-1][-1].right + MARGIN + THUMBNAIL + 0.05


def _place(stages: Sequence[Stage], *, scale: float) -> list[list[Bar]]:
    """The bars with `scale` inches of breadth per root channel, and room for their numbers.

    Where a stage is entered, its first bar stands under (or over) the bar it comes from, so that
    the arrow between them is upright.
    """
    heights, tops = _rows(stages)
    rows: list[list[Bar]] = []
    for stage in stages:
        shapes = [stage.shape_in, *(step.shape for step in stage.convolutions)]
        colour = COLOURS[stage.side]
        colours = [faded(colour), *[colour] * len(stage.convolutions)]
        if stage.side == "head":
            shapes, colours = shapes[1:], colours[1:]
        bars: list[Bar] = []
        for (channels, _, _), tint in zip(shapes, colours, strict=True):
            breadth = scale * math.sqrt(channels)
            digits = 0.065 * len(str(channels))
            if bars:
                numbers = (digits + 0.065 * len(str(bars[-1].channels))) / 2 + 0.05
                x = max(bars[-1].right + GAP, bars[-1].centre[0] + numbers - breadth / 2)
            elif not rows:
                x = THUMBNAIL + MARGIN + 0.05
            elif stage.side == "head":
                x = rows[-1][-1].right + 2 * GAP
            else:
                x = rows[-1][-1].centre[0] - breadth / (4 if stage.skip is not None else 2)
            y, height = tops[stage.level] - heights[stage.level], heights[stage.level]
            bars.append(
                Bar(x=x, y=y, breadth=breadth, height=height, channels=channels, colour=tint)
            )
        rows.append(bars)
    return rows


def _rows(stages: Sequence[Stage]) -> tuple[list[float], list[float]]:
    """Height and top of every level's row, in inches."""
    sizes = {stage.level: stage.shape_in[1] for stage in stages}
    heights = [TALLEST * math.sqrt(sizes[level] / sizes[0]) for level in sorted(sizes)]
    heights = [max(0.1, height) for height in heights]
    tops = [-sum(heights[:level]) - ROW_GAP * level for level in range(len(heights))]
    return heights, tops


def side_colour(stage: Stage) -> str:
    """The colour of the stage's side: encoder, bottom, decoder or head."""
    return COLOURS[stage.side]


def faded(colour: str) -> str:
    """`colour`, as #RRGGBB, mixed with white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - part) * 0.35):02X}" for part in parts)
