"""The street plan: rectangles in plan coordinates (u along, v across, in pixels of ground).

The canvas turns and bends the plan; here every street and block is straight and square.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aerial_nni.data.synthetic.noise import between, chance


@dataclass(frozen=True)
class Box:
    """The rectangle from (u0, v0) to (u1, v1)."""

    u0: float
    v0: float
    u1: float
    v1: float

    @property
    def length(self) -> float:
        """Extent along u."""
        return self.u1 - self.u0

    @property
    def breadth(self) -> float:
        """Extent along v."""
        return self.v1 - self.v0

    @property
    def centre(self) -> tuple[float, float]:
        """The point in the middle."""
        return (self.u0 + self.u1) / 2, (self.v0 + self.v1) / 2

    def grown(self, by: float) -> "Box":
        """The box with every side moved out (negative: in) by `by`."""
        return Box(self.u0 - by, self.v0 - by, self.u1 + by, self.v1 + by)

    def part(self, a0: float, b0: float, a1: float, b1: float) -> "Box":
        """The part between the fractions `a` of the length and `b` of the breadth."""
        return Box(
            self.u0 + a0 * self.length,
            self.v0 + b0 * self.breadth,
            self.u0 + a1 * self.length,
            self.v0 + b1 * self.breadth,
        )


@dataclass(frozen=True)
class Street:
    """A straight piece of road: its asphalt, whether it runs along u, and its rank (0 widest)."""

    box: Box
    along_u: bool
    rank: int

    @property
    def width(self) -> float:
        """Across the asphalt, in pixels."""
        return self.box.breadth if self.along_u else self.box.length

    @property
    def length(self) -> float:
        """From end to end, in pixels."""
        return self.box.length if self.along_u else self.box.breadth

    def along(self, start: float, end: float, low: float, high: float) -> Box:
        """The part from `start` to `end` pixels along the street and `low` to `high` across it."""
        box = self.box
        if self.along_u:
            return Box(box.u0 + start, box.v0 + low, box.u0 + end, box.v0 + high)
        return Box(box.u0 + low, box.v0 + start, box.u0 + high, box.v0 + end)


def cut(
    rng: np.random.Generator,
    box: Box,
    *,
    block: tuple[float, float],
    widths: tuple[float, ...],
    rank: int = 0,
) -> tuple[list[Box], list[Street]]:
    """`box` cut by streets until no side exceeds the larger `block`; blocks and streets.

    Where a block is narrow, it may be nearly twice as long. Each cut leaves a street of
    `widths[rank]`, the last width serving all further ranks, so that a street ends on the street
    that was there before it.
    """
    low, high = block
    longer, shorter = max(box.length, box.breadth), min(box.length, box.breadth)
    limit = 1.8 * high if shorter < 1.2 * low else high  # two rows of houses make a long block
    if longer <= limit or (longer < 2 * high and rank > 1 and chance(rng, 0.1)):
        return [box], []
    width = widths[min(rank, len(widths) - 1)]
    along_u = box.breadth >= box.length
    at = between(rng, 0.36, 0.64) if longer > 2 * low + width else 0.5
    middle = (box.v0 + at * box.breadth) if along_u else (box.u0 + at * box.length)
    start, end = middle - width / 2, middle + width / 2
    if along_u:
        street = Box(box.u0, start, box.u1, end)
        halves = (Box(box.u0, box.v0, box.u1, start), Box(box.u0, end, box.u1, box.v1))
    else:
        street = Box(start, box.v0, end, box.v1)
        halves = (Box(box.u0, box.v0, start, box.v1), Box(end, box.v0, box.u1, box.v1))
    blocks, streets = [], [Street(street, along_u, rank)]
    for half in halves:
        more, further = cut(rng, half, block=block, widths=widths, rank=rank + 1)
        blocks += more
        streets += further
    return blocks, streets


def grid(rng: np.random.Generator, box: Box, *, size: float) -> Iterator[Box]:
    """`box` as rows of plots of about `size` by `size`, of slightly unequal lengths."""
    rows = max(1, round(box.breadth / size))
    for row in range(rows):
        count = max(1, round(box.length / size))
        ends = [0.0]
        for step in range(1, count):
            ends.append((step + between(rng, -0.16, 0.16)) / count)
        ends.append(1.0)
        for left, right in zip(ends[:-1], ends[1:], strict=True):
            yield box.part(left, row / rows, right, (row + 1) / rows)
