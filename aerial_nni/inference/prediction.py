"""One scene through a model: tiles in, blended classes out, written window by window.

The mask of class indices is always written as a tiled GeoTIFF first, in constant memory. Where the
image is a plain PNG or JPEG, that mask is then copied to a PNG.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aerial_nni.data.dataset import VOID
from aerial_nni.inference import Segmenter
from aerial_nni.inference.scene import Scene, open_scene
from aerial_nni.inference.tiles import Axis, spread, stitched
from aerial_nni.inference.writing import mask_file

Progress = Callable[[int, int], None]
"""Told the tiles that are done and all of them."""


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """How scenes are cut."""

    tile: int = 1024
    """Largest height and width of a tile in pixels; smaller ones need less memory."""
    overlap: int = 128
    """Pixels that neighbouring tiles share at least."""


def predict_mask(
    model: Segmenter,
    image: Path,
    mask: Path,
    *,
    tiling: Tiling | None = None,
    bands: Sequence[int] = (),
    progress: Progress | None = None,
) -> None:
    """Writes the classes of every pixel of `image` to `mask`, which appears when it is complete.

    `mask` ends in .png or .tif. Pixels that show nothing are `VOID`.

    Raises:
        SceneUnusable: the image is not what the model takes, or is damaged.
    """
    tiling = tiling or Tiling()
    with open_scene(image, model.card, bands) as scene, mask_file(mask, scene, model.card) as write:
        for y, x, classes in predicted(model, scene, tiling, progress):
            write(y, x, classes)


def predicted(
    model: Segmenter, scene: Scene, tiling: Tiling, progress: Progress | None = None
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields y, x and the classes (height, width) uint8 of rectangles that fill the scene."""
    height, width = scene.dataset.shape
    rows = spread(height, tile=tiling.tile, overlap=tiling.overlap)
    columns = spread(width, tile=tiling.tile, overlap=tiling.overlap)
    reader = _Reader(model, scene, rows, columns)
    rectangles = stitched(reader, rows, columns, classes=len(model.card.classes))
    total = len(rows.starts) * len(columns.starts)
    for done, (y, x, logits) in enumerate(rectangles, start=1):
        classes = highest(logits)
        valid = reader.valid
        if valid is not None:
            classes[~valid[: classes.shape[0], : classes.shape[1]]] = VOID
        yield y, x, classes
        if progress is not None:
            progress(done, total)


class _Reader:
    """The logits of tiles; `valid` is that of the tile that was asked for last."""

    def __init__(self, model: Segmenter, scene: Scene, rows: Axis, columns: Axis) -> None:
        self.model, self.scene, self.rows, self.columns = model, scene, rows, columns
        self.neutral = np.round(model.card.mean).astype(model.card.pixels)
        self.valid: np.ndarray | None = None

    def __call__(self, y: int, x: int) -> np.ndarray | None:
        """The logits of the tile at y, x; None where it shows nothing."""
        pixels, self.valid = self.scene.read(y, x, self.rows.size, self.columns.size)
        if self.valid is not None:
            if not self.valid.any():
                return None
            pixels[~self.valid] = self.neutral  # 0 to the model, whatever value nodata has
        return self.model(pixels)


def highest(logits: np.ndarray) -> np.ndarray:
    """The class of the highest logit, (classes, h, w) -> (h, w) uint8; the first of equal ones."""
    best, found = logits[0].copy(), np.zeros(logits.shape[1:], np.uint8)
    for index in range(1, len(logits)):  # several times as fast as argmax over the first axis
        higher = logits[index] > best
        found[higher] = index
        np.maximum(best, logits[index], out=best)
    return found
