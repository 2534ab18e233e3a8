"""A mask as polygons: GeoJSON, in longitude and latitude as its standard (RFC 7946) wants."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.features import shapes
from rasterio.warp import transform_geom
from rasterio.windows import Window

from aerial_nni.data.dataset import VOID
from aerial_nni.inference.card import Card
from aerial_nni.inference.places import check_placed, on_the_earth
from aerial_nni.inference.scene import SceneUnusable
from aerial_nni.rasters import gdal, open_raster
from aerial_nni.results import atomic

BLOCK = 4096
"""Height and width in pixels of what is traced at once: larger polygons are cut at its edges."""

CHUNK = 1000
"""Polygons that are projected at once."""

DIGITS = 8
"""Decimals of a degree: a millimetre."""


def check_polygons(path: Path, dataset: Any) -> None:
    """Raises `SceneUnusable` where an opened raster has no place on the Earth."""
    check_placed(path, dataset)
    if not (dataset.crs.is_projected or dataset.crs.is_geographic):
        raise SceneUnusable(
            f"{path} is in {dataset.crs.to_string()}, which says nothing of longitude and "
            "latitude; leave --polygons out"
        )
    height, width = dataset.shape
    on_the_earth(path, dataset, np.array([0, 0, height, height]), np.array([0, width, width, 0]))


def write_polygons(mask: Path, target: Path, card: Card) -> int:
    """Writes the polygons of a georeferenced mask as GeoJSON; returns their number.

    Each has the properties `class` and `index`. They follow the edges of pixels and leave out void.
    Memory does not grow with the mask.
    """
    count = 0
    with gdal(), open_raster(mask) as dataset, atomic(target) as temporary:
        with temporary.open("w", encoding="utf-8") as file:
            file.write('{"type": "FeatureCollection", "features": [')
            for feature in _features(dataset, card):
                file.write((",\n" if count else "\n") + json.dumps(feature))
                count += 1
            file.write("\n]}\n")
    return count


def _features(dataset: Any, card: Card) -> Iterator[dict[str, Any]]:
    for y in range(0, dataset.height, BLOCK):
        for x in range(0, dataset.width, BLOCK):
            window = Window(x, y, min(BLOCK, dataset.width - x), min(BLOCK, dataset.height - y))
            classes = card.written.classes_of(dataset.read(1, window=window))
            traced = shapes(
                classes, mask=classes != VOID, transform=dataset.window_transform(window)
            )
            while chunk := list(islice(traced, CHUNK)):
                outlines = [outline for outline, _ in chunk]
                placed = transform_geom(dataset.crs, "EPSG:4326", outlines, precision=DIGITS)
                for outline, (_, value) in zip(placed, chunk, strict=True):
                    yield _feature(outline, int(value), card)


def _feature(outline: dict[str, Any], index: int, card: Card) -> dict[str, Any]:
    rings = [
        _turned(ring, counterclockwise=number == 0)
        for number, ring in enumerate(outline["coordinates"])
    ]
    return {
        "type": "Feature",
        "properties": {"class": card.classes[index], "index": index},
        "geometry": {"type": "Polygon", "coordinates": rings},
    }


def _turned(ring: list[tuple[float, float]], *, counterclockwise: bool) -> list:
    """The ring in the direction of the standard: outlines counterclockwise, holes clockwise."""
    x, y = np.array(ring).T - np.array(ring[0])[:, None]
    area = np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])
    return ring if (area > 0) == counterclockwise else ring[::-1]
