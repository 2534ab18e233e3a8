"""One scene through a model: tiles in, blended classes out, written window by window.

The mask is always written as a tiled GeoTIFF first, in constant memory. Where the
image is a plain PNG or JPEG, that mask is then copied to a PNG.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aerial_nni.data.dataset import VOID
from aerial_nni.inference import Segmenter
from aerial_nni.inference.areas import Area, measure_areas, pixel_area, write_areas
from aerial_nni.inference.card import Card
from aerial_nni.inference.overlay import write_overlay
from aerial_nni.inference.polygons import check_polygons, write_polygons
from aerial_nni.inference.scene import Scene, open_scene
from aerial_nni.inference.tiles import Tiling, spread, stitched
from aerial_nni.inference.writing import check_free, mask_file

log = logging.getLogger(__name__)

PNG_TYPES = ("uint8", "uint16")
"""What the values of a PNG may be."""

Progress = Callable[[int, int], None]
"""Told the tiles that are done and all of them."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is written beside the mask."""

    overlay: bool = False
    polygons: bool = False
    areas: bool = False


@dataclass(frozen=True, kw_only=True)
class Segmented:
    """What was written for one image."""

    image: Path
    files: dict[str, Path]
    """By what they are: mask, overlay, polygons, areas."""
    areas: tuple[Area, ...] = ()


def segment(
    model: Segmenter,
    image: Path,
    stem: Path,
    *,
    tiling: Tiling | None = None,
    bands: Sequence[int] = (),
    driver: str = "",
    wanted: Wanted | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Segmented:
    """Writes the classes of every pixel of `image` to `STEM-mask.tif`, and what else is wanted.

    That is `STEM-mask.png` where the image is a PNG or JPEG that lies nowhere on the Earth and a
    PNG has room for the values. A class has the value that the masks have which the model learnt
    from, and pixels that show nothing have that of void. Each file has its name only when it is
    complete.

    Raises:
        SceneUnusable: the image is not what the model takes, is damaged, or what is wanted cannot
            be had from it; nothing is written then.
        NotWritten: a result is there already and `overwrite` is not said, or the disk is full.
    """
    wanted, card = wanted or Wanted(), model.card
    tiling = _tiling(tiling or Tiling(), card)
    areas: list[Area] = []
    with open_scene(image, card, bands, driver=driver) as scene:
        square_metres = pixel_area(image, scene.dataset) if wanted.areas else 0.0
        if wanted.polygons:
            check_polygons(image, scene.dataset)
        raster = scene.on_the_ground or card.written.dtype not in PNG_TYPES
        files = _results(stem, wanted, raster=raster)
        if not overwrite:
            check_free(files.values())
        with mask_file(files["mask"], scene, card) as write:
            for y, x, classes in predicted(model, scene, tiling, progress):
                write(y, x, classes)
        if wanted.overlay:
            write_overlay(scene, files["mask"], files["overlay"], card)
    if wanted.polygons:
        write_polygons(files["mask"], files["polygons"], card)
    if wanted.areas:
        areas = measure_areas(files["mask"], card, square_metres)
        write_areas(files["areas"], areas)
    return Segmented(image=image, files=files, areas=tuple(areas))


def _tiling(asked: Tiling, card: Card) -> Tiling:
    """The tiles for a model. Warns where they are not what its answer depends on."""
    usual = Tiling().on(card.fold, whole=card.whole, step=card.step)
    tiling = asked.on(card.fold, whole=card.whole, step=card.step)
    if card.whole and tiling.tile != usual.tile:
        log.warning(
            "tiles of %d pixels: what this network says depends on the whole picture. It learnt "
            "from pictures of %d, so its answers will be others; leave --tile out",
            tiling.tile,
            card.whole,
        )
    return tiling


def _results(stem: Path, wanted: Wanted, *, raster: bool) -> dict[str, Path]:
    """The files to write, by what they are."""
    endings = {
        "mask": "mask.tif" if raster else "mask.png",
        **({"overlay": "overlay.png"} if wanted.overlay else {}),
        **({"polygons": "polygons.geojson"} if wanted.polygons else {}),
        **({"areas": "areas.csv"} if wanted.areas else {}),
    }
    return {kind: stem.with_name(f"{stem.name}-{ending}") for kind, ending in endings.items()}


def predicted(
    model: Segmenter, scene: Scene, tiling: Tiling, progress: Progress | None = None
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields y, x and the classes (height, width) uint8 of rectangles that fill the scene."""
    height, width = scene.dataset.shape
    rows, columns = spread(height, tiling), spread(width, tiling)
    reader = _Reader(model, scene)
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

    def __init__(self, model: Segmenter, scene: Scene) -> None:
        self.model, self.scene = model, scene
        self.neutral = np.round(model.card.mean).astype(model.card.pixels)
        self.valid: np.ndarray | None = None

    def __call__(self, y: int, x: int, height: int, width: int) -> np.ndarray | None:
        """The logits of the tile at y, x; None where it shows nothing."""
        pixels, self.valid = self.scene.read(y, x, height, width)
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
