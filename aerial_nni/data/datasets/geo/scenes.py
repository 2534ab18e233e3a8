"""Scenes on the ground: where they lie, and their pixels by windows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from aerial_nni.data.dataset import Problem
from aerial_nni.data.datasets.geo.plane import carried
from aerial_nni.data.pipeline.image_reading import check_depth, other_bands
from aerial_nni.rasters import open_picture

Box = tuple[int, int, int, int]
"""First row and column of a window, then its height and width, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where a raster lies, and how large it is."""

    path: Path
    height: int
    width: int
    crs: CRS
    transform: Affine
    """From x, y in pixels to the scene's own system."""

    @property
    def middle(self) -> tuple[CRS, float, float]:
        """Its system, and its middle in it."""
        x, y = self.transform @ (self.width / 2, self.height / 2)
        return self.crs, x, y

    def corners(self, box: Box) -> np.ndarray:
        """The corners of a window in the scene's system, (4, 2): from the first one around."""
        y, x, height, width = box
        points = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        return np.array([self.transform @ point for point in points])

    def ground(self, box: Box, plane: CRS) -> tuple[float, ...]:
        """Where a window lies in the plane: see `Sample.ground`."""
        first, right, _, below = carried(self.crs, plane, self.corners(box))
        _, _, height, width = box
        (a, d), (b, e) = (right - first) / width, (below - first) / height
        return tuple(float(value) for value in (a, b, first[0], d, e, first[1]))


def scene_at(path: Path) -> Scene | Problem:
    """The scene in a file, or why it is none."""
    try:
        with open_picture(path) as picture:
            file = picture.dataset
            if file.crs is None or file.transform.is_identity:
                lacks = "transform" if file.crs else "coordinate reference system"
                return Problem(
                    where=str(path),
                    text=f"it has no {lacks}, so nobody knows where it lies",
                    mend="say it with: rio edit-info --crs EPSG:N --transform '[S, 0, X, 0, -S, Y]'"
                    f" {path}",
                )
            return Scene(
                path=path,
                height=file.height,
                width=file.width,
                crs=file.crs,
                transform=file.transform,
            )
    except (ValueError, OSError) as error:
        return Problem(where=str(path), text=str(error), mend="save it as GeoTIFF")


def windows(height: int, width: int, side: int) -> list[Box]:
    """A raster as windows of `side` pixels, row by row; those at the end take the rest too."""
    return [
        (y, x, tall, wide) for y, tall in _pieces(height, side) for x, wide in _pieces(width, side)
    ]


def _pieces(length: int, side: int) -> list[tuple[int, int]]:
    """Start and length of each piece along a side."""
    starts = [k * side for k in range(max(1, length // side))]
    return [(a, b - a) for a, b in zip(starts, [*starts[1:], length], strict=True)]


def read_window(
    scene: Scene, box: Box, bands: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Pixels (h, w, bands) of a window, and which of them show something, (h, w); None if all.

    Raises:
        ValueError: the scene has other bands, or cannot be read there.
    """
    y, x, height, width = box
    with open_picture(scene.path) as picture:
        numbers = picture.bands_for(len(bands))
        if numbers is None:
            raise other_bands(scene.path, len(picture.seen), bands, listed="scenes.yaml")
        check_depth(picture)
        return picture.image(numbers, Window(x, y, width, height))
