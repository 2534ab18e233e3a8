"""A raster of labels: read as a mask of a folder is, and brought to the grid of a scene."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.warp import reproject
from rasterio.windows import Window

from aerial_nni.data.dataset import VOID, Problem
from aerial_nni.data.datasets.geo.areas import LabelFile
from aerial_nni.data.datasets.geo.listing import Listing, whole_numbers
from aerial_nni.data.datasets.geo.overlaps import outline
from aerial_nni.data.datasets.geo.plane import carried, full_turn
from aerial_nni.data.datasets.geo.scenes import Box, Scene, windows
from aerial_nni.data.datasets.geo.vectors import Unreadable, system_of
from aerial_nni.data.pipeline.image_reading import check_exact, indices_of
from aerial_nni.data.pipeline.masks import IndexCode
from aerial_nni.rasters import open_picture
from aerial_nni.rasters.opening import decoding

SIDE = 2048
"""Pixels of the parts by which a raster is looked through."""

MOST = 1 << 24
"""Pixels of a raster that are read at once; finer ones are read by smaller windows of the scene."""

MARGIN = 2
"""Pixels around the part of a raster that a window needs."""

SAVE = "save it as one band of whole numbers"


@dataclass(frozen=True, kw_only=True)
class LabelRaster:
    """A file whose values are classes, and where it lies."""

    grid: Scene
    code: IndexCode

    def shows(self, scene: Scene) -> bool:
        """Whether it has some of a scene's ground."""
        corners = self.grid.corners((0, 0, self.grid.height, self.grid.width))
        try:
            ground = outline(scene, self.grid.crs, around=self.grid.middle[1])
        except ValueError:  # its reference system has no ground there
            return False
        return bool(shapely.Polygon(corners).intersects(ground))

    def mask(self, scene: Scene, box: Box) -> np.ndarray:
        """Class indices or `VOID` of a window of a scene, (h, w) uint8, from the nearest pixels.

        Raises:
            ValueError: it has values that are no class, or cannot be read.
        """
        mask = np.full(box[2:], VOID, np.uint8)
        y, x, height, width = box
        part = self._part(scene, box)
        if part is None:
            return mask
        if part.width * part.height > MOST and max(height, width) > 1:
            for top, left, tall, wide in windows(height, width, max(1, max(height, width) // 2)):
                inner = self.mask(scene, (y + top, x + left, tall, wide))
                mask[top : top + tall, left : left + wide] = inner
            return mask
        classes = self.classes(part)
        place = self.grid.transform @ Affine.translation(part.col_off, part.row_off)
        for turn in self._turns(scene):
            found = np.empty_like(mask)
            with decoding(self.grid.path):
                reproject(
                    classes, found, src_crs=self.grid.crs, dst_crs=scene.crs,
                    src_transform=Affine.translation(turn, 0) @ place,
                    dst_transform=scene.transform @ Affine.translation(x, y),
                    src_nodata=VOID, dst_nodata=VOID, resampling=Resampling.nearest,
                )  # fmt: skip
            mask = np.where(mask == VOID, found, mask)
        return mask

    def classes(self, part: Window) -> np.ndarray:
        """Class indices or `VOID` of a part, on its own grid. Raises `ValueError`."""
        with open_picture(self.grid.path) as picture:
            values, holes = indices_of(picture, part, mend=SAVE)
        try:
            return self.code.classes_of(values, self.grid.path, holes)
        except ValueError as error:
            raise ValueError(f"{error}; add it to a class in scenes.yaml, or to `void`") from error

    def problems(self) -> Iterator[Problem]:
        """The first fault of its values; the whole raster is read, part by part."""
        for y, x, height, width in windows(self.grid.height, self.grid.width, SIDE):
            try:
                self.classes(Window(x, y, width, height))
            except ValueError as error:
                yield _problem(self.grid, error)
                return

    def _turns(self, scene: Scene) -> Iterator[float]:
        """Units by which it is shifted in turn, so that none of it lies beyond the 180th meridian.

        On a scene with longitudes of its own it is shifted to where the scene has them.
        """
        if not self.grid.crs.is_geographic:
            yield 0
            return
        turn = full_turn(self.grid.crs)
        low, high = _longitudes(self.grid)
        counts = {0, *([-1] if high > turn / 2 else []), *([1] if low < -turn / 2 else [])}
        if scene.crs.is_geographic:
            unit = turn / full_turn(scene.crs)
            west, east = (unit * edge for edge in _longitudes(scene))
            counts |= set(
                range(math.ceil((west - high) / turn), math.floor((east - low) / turn) + 1)
            )
        yield from (turn * count for count in sorted(counts, key=abs))

    def _part(self, scene: Scene, box: Box) -> Window | None:
        """What of the raster a window needs; None for nothing."""
        edge = shapely.Polygon(scene.corners(box))
        ring = shapely.get_coordinates(shapely.segmentize(edge, edge.length / 64))
        try:
            points = carried(scene.crs, self.grid.crs, ring, around=self.grid.middle[1])
        except ValueError as error:
            raise ValueError(f"{scene.path} on {self.grid.path}: {error}") from error
        columns, rows = ~self.grid.transform @ (points[:, 0], points[:, 1])
        (left, right), (top, bottom) = (
            (max(0, int(np.floor(of.min())) - MARGIN), min(end, int(np.ceil(of.max())) + MARGIN))
            for of, end in ((columns, self.grid.width), (rows, self.grid.height))
        )
        if left >= right or top >= bottom:
            return None
        return Window(left, top, right - left, bottom - top)


def _longitudes(scene: Scene) -> tuple[float, float]:
    """Where a raster in a geographic system begins and ends."""
    edges = scene.corners((0, 0, scene.height, scene.width))[:, 0]
    return float(edges.min()), float(edges.max())


def open_labels(label: LabelFile, listing: Listing) -> LabelRaster:
    """The raster of labels in a file.

    Raises:
        Unreadable: with what to type next.
    """
    where = str(label.path)
    names = enumerate(listing.facts.classes)
    numbers = {name: whole_numbers(listing.texts_of(index)) for index, name in names}
    void = whole_numbers(listing.texts_of(VOID))
    if not any(numbers.values()):
        raise Unreadable(where, "its values are whole numbers, and no class in scenes.yaml has one",
                         "write the values of each class: `Building: [1, 2]`")  # fmt: skip
    try:
        with open_picture(label.path) as picture:
            check_exact(picture)
            file = picture.dataset
            crs = system_of(label, file.crs and file.crs.to_wkt())
            grid = _grid(label, crs, file)
    except (ValueError, OSError) as error:
        if isinstance(error, Unreadable):
            raise
        problem = _problem(label, error)
        raise Unreadable(problem.where, problem.text, problem.mend) from error
    return LabelRaster(grid=grid, code=IndexCode(numbers, void=void))


def _grid(label: LabelFile, crs: CRS, file: Any) -> Scene:
    """Where a raster lies. Raises `Unreadable` where nobody knows."""
    if file.transform.is_identity:
        raise Unreadable(
            str(label.path), "it has no transform, so nobody knows where it lies",
            f"say it with: rio edit-info --transform '[S, 0, X, 0, -S, Y]' {label.path}",
        )  # fmt: skip
    return Scene(path=label.path, height=file.height, width=file.width, crs=crs,
                 transform=file.transform)  # fmt: skip


def _problem(of: Scene | LabelFile, error: Exception) -> Problem:
    """The finding that an error is: what is wrong, and after the last semicolon what mends it."""
    text, _, mend = str(error).replace(f"{of.path} ", "it ", 1).rpartition("; ")
    if not text or "--driver" in mend:  # that is an option of `predict`
        text, mend = text or mend, SAVE
    return Problem(where=str(of.path), text=text, mend=mend)
