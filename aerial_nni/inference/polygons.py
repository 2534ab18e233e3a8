"""A mask as polygons: traced block by block, measured, and laid into the system that is wanted."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from rasterio.windows import Window

from aerial_nni.config.options import BadOption
from aerial_nni.data.dataset import VOID
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.polygon_placement import Place
from aerial_nni.inference.sieve import write_merged
from aerial_nni.inference.tracing import Patches, traced
from aerial_nni.inference.vectors import FORMATS, Columns
from aerial_nni.rasters import gdal, open_raster

BLOCK = 4096
"""Height and width in pixels of what is traced at once: larger polygons are cut at its edges."""


SPECK, MANY = 10, 10_000
"""Pixels below which a polygon is a speck, and how many of these are worth a word."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PolygonOptions:
    """How polygons are written."""

    format: str = "geojson"
    crs: str = ""
    """`scene`, a system such as EPSG:25832, or empty for longitude and latitude (WGS 84)."""
    min_area: float = 0.0
    """Square metres; what is smaller joins the patch around it."""
    simplify: float = 0.0
    """Metres; corners of less than a square of this side are left out."""

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise BadOption(f"format={self.format!r} is none of {', '.join(FORMATS)}")
        for name in ("min_area", "simplify"):
            if not 0 <= getattr(self, name) < np.inf:
                raise BadOption(f"{name}={getattr(self, name)} is no size; give 0 or more metres")


def write_polygons(
    mask: Path,
    confidence: Path,
    target: Path,
    card: Card,
    place: Place,
    options: PolygonOptions,
    *,
    folder: Path,
    mark: str = "",
) -> int:
    """Writes the polygons of a georeferenced mask; returns their number.

    Each has the attributes `class`, `value` (of the class in the mask), `area_m2` and `confidence`,
    the mean over those of its pixels that have its class in the mask. They leave out void. `folder`
    is for what is needed meanwhile; `mark` says what made it. Memory does not grow with the mask.
    """
    smallest = math.ceil(options.min_area / place.ground.square_metres)
    tolerance = options.simplify / place.ground.square_metres**0.5
    drawn = mask
    if smallest > 1:
        drawn = folder / "merged.tif"
        write_merged(mask, drawn, card, smallest)
    count = specks = 0
    with gdal(), open_raster(mask) as own, open_raster(drawn) as classes:
        write = FORMATS[options.format](target, place.target, mark=mark)
        with open_raster(confidence) as sure, write as add:
            for window in _blocks(classes):
                ringed = _ringed(classes, window, card)
                shares = _shares(sure, window)
                same = card.written.classes_of(own.read(1, window=window)) == ringed[1:-1, 1:-1]
                shares[~same] = np.nan
                row, column = window.row_off, window.col_off
                patches = traced(ringed, shares, row=row, column=column, tolerance=tolerance)
                patches = patches[(patches.pixels >= smallest) | _cut(patches, window, classes)]
                add(place.laid(patches.outlines), _columns(patches, card, place))
                count += len(patches.outlines)
                specks += int(np.count_nonzero(patches.pixels < SPECK))
    if specks >= MANY and not options.min_area:
        log.warning(
            "%s: %d of its %d polygons have fewer than %d pixels; --min-area %.4g joins them to "
            "what is around them", target, specks, count, SPECK, SPECK * place.ground.square_metres,
        )  # fmt: skip
    return count


def _blocks(mask: Any) -> Iterator[Window]:
    for y in range(0, mask.height, BLOCK):
        for x in range(0, mask.width, BLOCK):
            yield Window(x, y, min(BLOCK, mask.width - x), min(BLOCK, mask.height - y))


def _shares(confidence: Any, window: Window) -> np.ndarray:
    """Probabilities of a block, (h, w) float32, NaN where it is void."""
    levels = confidence.read(1, window=window, masked=True)
    shares: np.ndarray = levels.astype(np.float32).filled(np.nan) * np.float32(confidence.scales[0])
    return shares


def _cut(patches: Patches, window: Window, mask: Any) -> np.ndarray:
    """Which patches end at a block's edge inside the mask: they may go on beyond it."""
    left, top, right, bottom = shapely.bounds(patches.outlines).reshape(-1, 4).T
    x, y = window.col_off, window.row_off
    far_x, far_y = x + window.width, y + window.height
    cut: np.ndarray = (
        ((left == x) & (x > 0))
        | ((top == y) & (y > 0))
        | ((right == far_x) & (far_x < mask.width))
        | ((bottom == far_y) & (far_y < mask.height))
    )
    return cut


def _ringed(mask: Any, window: Window, card: Card) -> np.ndarray:
    """The classes of a block and of the pixels around it, (height + 2, width + 2)."""
    top, left = window.row_off - 1, window.col_off - 1
    bottom, right = top + window.height + 2, left + window.width + 2
    inside = Window.from_slices(
        (max(top, 0), min(bottom, mask.height)), (max(left, 0), min(right, mask.width))
    )
    around = (
        (max(-top, 0), max(bottom - mask.height, 0)), (max(-left, 0), max(right - mask.width, 0)),
    )  # fmt: skip
    classes = card.written.classes_of(mask.read(1, window=inside))
    return np.pad(classes, around, constant_values=VOID)


def _columns(patches: Patches, card: Card, place: Place) -> Columns:
    names = np.array(card.classes, dtype=object)
    values = np.array(card.written.values, np.int32)
    return {
        "class": names[patches.classes],
        "value": values[patches.classes],
        "area_m2": place.square_metres(patches.outlines),
        "confidence": patches.confidence.round(4),
    }
