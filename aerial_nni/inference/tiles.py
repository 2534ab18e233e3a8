"""Overlapping tiles over a scene, and their logits blended back into one picture.

Tiles of one size are spread evenly from edge to edge, so that the last one is no different from the
first: no tile is padded or cut. Where tiles overlap, their weights rise and fall as a squared sine
and add up to 1 at every pixel; where a pixel has one tile, its weight is exactly 1.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from aerial_nni.options import BadOption

ROUND = 32
"""Sizes of tiles are multiples of this where the scene allows it: models need not pad then."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The tiles along one side of a scene of `length` pixels."""

    length: int
    size: int
    """Pixels of each tile."""
    starts: tuple[int, ...]
    """First pixel of each tile, ascending."""
    weights: np.ndarray
    """(tiles, size) float32; at each pixel of the side they add up to 1."""

    def settled(self, number: int) -> int:
        """Pixels of a tile, from its start, that no later tile covers."""
        later = [*self.starts[number + 1 :], self.length]
        return later[0] - self.starts[number]


def spread(length: int, *, tile: int, overlap: int) -> Axis:
    """The fewest tiles of at most `tile` pixels that overlap by at least `overlap`.

    A side no longer than `tile` has one tile, of its own length.

    Raises:
        BadOption: tiles of this size cannot overlap so far.
    """
    if not (tile > 0 and 0 <= overlap <= tile // 2):
        raise BadOption(
            f"tile={tile}, overlap={overlap}: give pixels above 0, and an overlap of at most half "
            f"a tile; try --tile 1024 --overlap 128"
        )
    if length <= tile:
        return Axis(
            length=length, size=length, starts=(0,), weights=np.ones((1, length), np.float32)
        )
    count = math.ceil((length - overlap) / (tile - overlap))
    needed = math.ceil((length + (count - 1) * overlap) / count)
    size = min(tile, -(-needed // ROUND) * ROUND)
    starts = tuple(round(i * (length - size) / (count - 1)) for i in range(count))
    return Axis(length=length, size=size, starts=starts, weights=_weights(starts, size, length))


def _weights(starts: tuple[int, ...], size: int, length: int) -> np.ndarray:
    """Weights that fall to nothing towards the edges that a neighbour overlaps."""
    weights = np.ones((len(starts), size))
    total = np.zeros(length)
    for i, start in enumerate(starts):
        if i:
            weights[i] *= _rise(size, starts[i - 1] + size - start)
        if i + 1 < len(starts):
            weights[i] *= _rise(size, start + size - starts[i + 1])[::-1]
        total[start : start + size] += weights[i]
    for i, start in enumerate(starts):
        weights[i] /= total[start : start + size]
    return weights.astype(np.float32)


def _rise(size: int, overlap: int) -> np.ndarray:
    """From 0 to 1 over the first `overlap` pixels, as a squared sine; then 1."""
    part = np.clip((np.arange(size) + 0.5) / max(overlap, 1), 0, 1)
    return np.sin(part * np.pi / 2) ** 2


def stitched(
    logits_of: Callable[[int, int], np.ndarray | None], rows: Axis, columns: Axis, *, classes: int
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields y, x and the blended logits (classes, height, width) of rectangles that fill a scene.

    `logits_of(y, x)` gives the logits (classes, rows.size, columns.size) of the tile that starts
    there, an array that may be changed, or None for a tile that is left out. It is called once for
    each tile, row by row. What is kept is one tile and the rows that two rows of tiles share, so
    memory does not grow with the height of the scene.
    """
    above = np.zeros((classes, 0, columns.length), np.float32)
    for i, y in enumerate(rows.starts):
        height = rows.settled(i)
        below = np.zeros((classes, rows.size - height, columns.length), np.float32)
        left = np.zeros((classes, rows.size, 0), np.float32)
        for j, x in enumerate(columns.starts):
            total = logits_of(y, x)
            if total is None:
                total = np.zeros((classes, rows.size, columns.size), np.float32)
            else:
                total *= rows.weights[i][:, None]
                total *= columns.weights[j]
            shared, width = left.shape[2], columns.settled(j)
            total[:, :, :shared] += left  # with what `above` had there
            total[:, : above.shape[1], shared:] += above[:, :, x + shared : x + columns.size]
            left = total[:, :, width:].copy()
            below[:, :, x : x + width] = total[:, height:, :width]
            yield y, x, total[:, :height, :width]
        above = below
