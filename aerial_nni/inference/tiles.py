"""Overlapping tiles over a scene, and their logits blended back into one picture.

Tiles of one size are spread evenly from edge to edge, so that the last one is no different from the
first. They start at multiples of a step, which the network halves and doubles without a remainder:
a tile then sees its pixels on the same grid as the whole scene does. Only where the scene's own
size is ragged, the last tiles end with it; the model pads them as it pads any picture.

Where tiles overlap, their weights rise and fall as a squared sine and add up to 1 at every pixel;
where a pixel has one tile, its weight is exactly 1.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from aerial_nni.config.options import BadOption

STEP = 32
"""Pixels; a network that halves the picture up to five times has the same grid in every tile."""

TILE = 1024
"""Largest height and width of a tile in pixels where nothing else is said."""


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """How scenes are cut."""

    tile: int = 0
    """Largest height and width of a tile, a multiple of `STEP` pixels; less needs less memory.
    0: `TILE`, twice that where the network folds pixels: its features are as large then; and what a
    network learnt from whose answer depends on the whole picture."""
    overlap: int = 128
    """Pixels that neighbouring tiles share at least."""
    step: int = STEP
    """Tiles start at multiples of it."""
    exact: bool = False
    """Whether all tiles are just as large as `tile`, and not smaller where that covers a scene."""

    def __post_init__(self) -> None:
        tile = self.tile or TILE
        if tile < self.step or tile % self.step or not 0 <= self.overlap <= tile // 2:
            fit = max(_up(tile, self.step), 1) * self.step
            overlap = self.overlap if 0 <= self.overlap <= fit // 2 else min(128, fit // 4)
            size = f"--tile {fit} " if self.tile else ""  # else the model says it
            raise BadOption(
                f"tile={self.tile}, overlap={self.overlap}: give a multiple of {self.step} pixels, "
                f"and an overlap of at most half of it; try {size}--overlap {overlap}"
            )

    def on(self, fold: int, *, whole: int = 0, step: int = STEP) -> "Tiling":
        """The tiling for a network to which `fold` pixels each way are one place.

        A network that folds more than two gets no larger tiles: their logits would need the memory.
        What one says whose answer depends on the whole picture would change with the tile: it gets
        tiles as large as the pictures it learnt from, `whole` pixels, whatever the scene's size.
        Tiles start at multiples of `step`.
        """
        tile = self.tile or whole or TILE * min(fold, 2)
        tile = _up(tile, step) * step if whole and not self.tile else max(tile // step, 1) * step
        overlap = min(self.overlap, tile // 4) if whole and not self.tile else self.overlap
        return replace(
            self, tile=tile, overlap=min(overlap, tile // 2), step=step, exact=bool(whole)
        )


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The tiles along one side of a scene of `length` pixels."""

    length: int
    starts: tuple[int, ...]
    """First pixel of each tile, ascending."""
    weights: tuple[np.ndarray, ...]
    """A weight for each pixel of each tile, float32; those of one pixel add up to 1."""

    def settled(self, number: int) -> int:
        """Pixels of a tile, from its start, that no later tile covers."""
        later = [*self.starts[number + 1 :], self.length]
        return later[0] - self.starts[number]


def spread(length: int, tiling: Tiling) -> Axis:
    """The fewest tiles that cover a side of `length` pixels.

    A side no longer than a tile has one, of its own length.
    """
    if length <= tiling.tile:
        return Axis(length=length, starts=(0,), weights=(np.ones(length, np.float32),))
    step = tiling.step
    # In steps: the side, the largest tile, the overlap.
    side, most, shared = _up(length, step), tiling.tile // step, _up(tiling.overlap, step)
    shared = min(shared, most - 1)
    count = _up(side - shared, most - shared)
    size = most if tiling.exact else _up(side + (count - 1) * shared, count)
    starts = tuple(step * round(i * (side - size) / (count - 1)) for i in range(count))
    return Axis(length=length, starts=starts, weights=_weights(starts, size * step, length))


def _up(amount: int, unit: int) -> int:
    """How many units are at least `amount`."""
    return -(-amount // unit)


def _weights(starts: tuple[int, ...], size: int, length: int) -> tuple[np.ndarray, ...]:
    """Weights that fall to nothing towards the edges that a neighbour overlaps."""
    total = np.zeros(starts[-1] + size)
    weights = []
    for i, start in enumerate(starts):
        weight = np.ones(size)
        if i:
            weight *= _rise(size, starts[i - 1] + size - start)
        if i + 1 < len(starts):
            weight *= _rise(size, start + size - starts[i + 1])[::-1]
        total[start : start + size] += weight
        weights.append(weight)
    ends = [min(size, length - start) for start in starts]
    return tuple(
        (weight / total[start : start + size])[:end].astype(np.float32)
        for start, end, weight in zip(starts, ends, weights, strict=True)
    )


def _rise(size: int, overlap: int) -> np.ndarray:
    """From 0 to 1 over the first `overlap` pixels, as a squared sine; then 1."""
    part = np.clip((np.arange(size) + 0.5) / max(overlap, 1), 0, 1)
    return np.sin(part * np.pi / 2) ** 2


LogitsOf = Callable[[int, int, int, int], np.ndarray | None]
"""(y, x, height, width) of a tile -> its logits (classes, height, width), an array that may be
changed, or None for a tile that is left out."""


def stitched(
    logits_of: LogitsOf, rows: Axis, columns: Axis, *, classes: int
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields y, x and the blended logits (classes, height, width) of rectangles that fill a scene.

    `logits_of` is called once for each tile, row by row. What is kept is one tile and the rows that
    two rows of tiles share, so memory does not grow with the height of the scene.
    """
    above = np.zeros((classes, 0, columns.length), np.float32)
    for i, (y, down) in enumerate(zip(rows.starts, rows.weights, strict=True)):
        height = rows.settled(i)
        below = np.zeros((classes, len(down) - height, columns.length), np.float32)
        left = np.zeros((classes, len(down), 0), np.float32)
        for j, (x, across) in enumerate(zip(columns.starts, columns.weights, strict=True)):
            total = logits_of(y, x, len(down), len(across))
            if total is None:
                total = np.zeros((classes, len(down), len(across)), np.float32)
            else:
                _weigh(total, down[:, None], axis=1)
                _weigh(total, across, axis=2)
            shared, width = left.shape[2], columns.settled(j)
            total[:, :, :shared] += left  # with what `above` had there
            total[:, : above.shape[1], shared:] += above[:, :, x + shared : x + len(across)]
            left = total[:, :, width:].copy()
            below[:, :, x : x + width] = total[:, height:, :width]
            yield y, x, total[:, :height, :width]
        above = below


def _weigh(logits: np.ndarray, weights: np.ndarray, *, axis: int) -> None:
    """Multiplies the two ends along an axis by their weights; between them these are 1."""
    inner = np.flatnonzero(weights == 1)
    first, last = (inner[0], inner[-1] + 1) if inner.size else (weights.size, weights.size)
    for part in (slice(0, first), slice(last, None)):
        place = (slice(None), part) if axis == 1 else (..., part)
        logits[place] *= weights[part]
