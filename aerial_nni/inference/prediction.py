"""One scene through a model: tiles in, blended logits out, written window by window.

The mask is always written as a tiled GeoTIFF first, in constant memory. Where the
image is a plain PNG or JPEG, that mask is then copied to a PNG.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.data.dataset import VOID
from aerial_nni.inference import Segmenter
from aerial_nni.inference.areas import Area, measure_areas, pixel_area, write_areas
from aerial_nni.inference.mask_writer import Write, check_free, mask_file, scratch
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.overlay import write_overlay
from aerial_nni.inference.polygon_placement import place_of
from aerial_nni.inference.polygons import PolygonOptions, write_polygons
from aerial_nni.inference.probability import WriteShares, highest_share, shares_file, softmax
from aerial_nni.inference.resume import finished, marks_of
from aerial_nni.inference.scene import Scene, open_scene
from aerial_nni.inference.tiles import Tiling, spread, stitched

log = logging.getLogger(__name__)

RASTERS = {"mask", "confidence", "probabilities"}
"""Results for which the model is asked."""

PNG_TYPES = ("uint8", "uint16")
"""What the values of a PNG may be."""

Progress = Callable[[int, int], None]
"""Told the tiles that are done and all of them."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is written beside the mask."""

    overlay: bool = False
    polygons: PolygonOptions | None = None
    areas: bool = False
    confidence: bool = False
    probabilities: bool = False
    dtype: str = "uint8"
    """Of the pixels of confidence and probabilities: `uint8` or `float32`."""
    cog: bool = False
    """Whether all rasters are cloud-optimised GeoTIFFs."""

    def options(self) -> dict[str, Any]:
        """What decides each kind of output beside the model's answer, for those with a choice."""
        shares = [self.dtype, self.cog]
        polygons = self.polygons and asdict(self.polygons)
        return {"mask": self.cog, "confidence": shares, "probabilities": shares,
                "polygons": polygons}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Segmented:
    """What was written for one image."""

    image: Path
    files: dict[str, Path]
    """By what they are: mask, confidence, probabilities, overlay, polygons, areas."""
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
    mark: str = "",
    progress: Progress | None = None,
) -> Segmented:
    """Writes the classes of every pixel of `image` to `STEM-mask.tif`, and what else is wanted.

    That is `STEM-mask.png` where the image is a PNG or JPEG that lies nowhere on the Earth and a
    PNG has room for the values. A class has the value that the masks have which the model learnt
    from, and pixels that show nothing have that of void. Each file has its name only when it is
    complete. Where a mask with the same `mark` is there, and other results are not or were made
    with other options, these alone are made: see `aerial_nni.inference.resume`.

    Raises:
        SceneUnusable: the image is not what the model takes, is damaged, or what is wanted cannot
            be had from it; nothing is written then.
        NotWritten: a result is there already and `overwrite` is not said, or the disk is full.
    """
    wanted, card = wanted or Wanted(), model.card
    tiling = _tiling(tiling or Tiling(), card)
    areas: list[Area] = []
    with open_scene(image, card, bands, driver=driver) as scene, ExitStack() as cleared:
        square_metres = pixel_area(image, scene.dataset) if wanted.areas else 0.0
        place = wanted.polygons and place_of(image, scene.dataset, wanted.polygons.crs)
        raster = scene.on_the_ground or wanted.cog or card.written.dtype not in PNG_TYPES
        files = _results(stem, wanted, raster=raster)
        marks = marks_of(mark, wanted.options())
        left = None if overwrite else finished(files, image, marks)
        if not overwrite and left is None:
            check_free(files.values())
        left = left or frozenset()
        todo = {kind: path for kind, path in files.items() if kind not in left}
        place = place if "polygons" in todo else None
        folder = cleared.enter_context(scratch(stem)) if place else stem.parent
        sure = files.get("confidence", folder / "confidence.tif" if place else None)
        shares = todo if "confidence" in left or not sure else {**todo, "confidence": sure}
        if RASTERS & shares.keys():
            with _rasters(shares, scene, card, wanted, marks) as write:
                for y, x, logits, valid in answered(model, scene, tiling, progress):
                    write(y, x, logits, valid)
        if "overlay" in todo:
            write_overlay(scene, files["mask"], files["overlay"], card)
        if place and wanted.polygons and sure:
            write_polygons(
                files["mask"],
                sure,
                files["polygons"],
                card,
                place,
                wanted.polygons,
                folder=folder,
                mark=marks.get("polygons", ""),
            )
    if wanted.areas:
        areas = measure_areas(files["mask"], card, square_metres)
        if "areas" in todo:
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
        **({"confidence": "confidence.tif"} if wanted.confidence else {}),
        **({"probabilities": "probabilities.tif"} if wanted.probabilities else {}),
        **({"overlay": "overlay.png"} if wanted.overlay else {}),
        **({"polygons": f"polygons.{wanted.polygons.format}"} if wanted.polygons else {}),
        **({"areas": "areas.csv"} if wanted.areas else {}),
    }
    return {kind: stem.with_name(f"{stem.name}-{ending}") for kind, ending in endings.items()}


@contextmanager
def _rasters(
    todo: Mapping[str, Path], scene: Scene, card: Card, wanted: Wanted, marks: Mapping[str, str]
) -> Iterator[Callable[[int, int, np.ndarray, np.ndarray | None], None]]:
    """Writes a rectangle's classes and probabilities to those rasters that are to be made."""
    with ExitStack() as open_files:
        mask: Write | None = None
        if "mask" in todo:
            file = mask_file(todo["mask"], scene, card, cog=wanted.cog, mark=marks.get("mask", ""))
            mask = open_files.enter_context(file)
        shares: list[tuple[Callable[[np.ndarray], np.ndarray], WriteShares]] = []
        for kind, names, of in (
            ("confidence", ["confidence"], highest_share),
            ("probabilities", card.classes, softmax),
        ):
            if path := todo.get(kind):
                cog = wanted.cog and (kind != "confidence" or wanted.confidence)
                own = marks.get(kind, "")
                share = shares_file(path, scene, names, dtype=wanted.dtype, cog=cog, mark=own)
                shares.append((of, open_files.enter_context(share)))

        def write(y: int, x: int, logits: np.ndarray, valid: np.ndarray | None) -> None:
            if mask:
                mask(y, x, chosen(logits, valid))
            for of, share in shares:
                share(y, x, of(logits), valid)

        yield write


def answered(
    model: Segmenter, scene: Scene, tiling: Tiling, progress: Progress | None = None
) -> Iterator[tuple[int, int, np.ndarray, np.ndarray | None]]:
    """Yields y, x, the blended logits (classes, h, w) of rectangles that fill the scene, and valid.

    The last says which pixels (h, w) show something; None where all do.
    """
    height, width = scene.dataset.shape
    rows, columns = spread(height, tiling), spread(width, tiling)
    reader = _Reader(model, scene)
    rectangles = stitched(reader, rows, columns, classes=len(model.card.classes))
    total = len(rows.starts) * len(columns.starts)
    for done, (y, x, logits) in enumerate(rectangles, start=1):
        valid = reader.valid
        if valid is not None:
            valid = valid[: logits.shape[1], : logits.shape[2]]
        yield y, x, logits, valid
        if progress is not None:
            progress(done, total)


def chosen(logits: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    """The class of each pixel, (h, w) uint8, `VOID` where nothing is shown."""
    classes = highest(logits)
    if valid is not None:
        classes[~valid] = VOID
    return classes


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
