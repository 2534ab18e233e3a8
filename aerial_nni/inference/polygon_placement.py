"""Polygons in pixels, laid on the ground: in any reference system, and split at the 180th meridian.

RFC 7946 (GeoJSON) wants what crosses that meridian as a MultiPolygon whose parts end at it. The
longitudes of a scene are first made continuous, from its middle on, and its polygons then clipped
by shapely. The library `antimeridian` finds crossings from each ring alone, by jumps of more than
half a turn; what is known of the scene makes that guess needless, and a dependency with it.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.transform import rowcol, xy
from rasterio.warp import transform
from shapely.affinity import translate

from aerial_nni.config.options import BadOption
from aerial_nni.data.datasets.geo.plane import full_turn
from aerial_nni.inference.areas import STRETCH, grid_area
from aerial_nni.inference.georeference import WGS84, Ground, check_placed, ground, on_the_earth
from aerial_nni.rasters import RasterUnusable as SceneUnusable

SCENE = "scene"
"""In place of a system's name: that of the scene."""

STEP = 32
"""Pixels between the points of a polygon whose area is measured in another system."""

LINE = 256
"""Pixels of the longest line that is laid into another system by its ends alone."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a raster lies, and in which system its polygons are wanted."""

    grid: Any
    """The transform from columns and rows to the raster's own system."""
    own: CRS
    target: CRS
    same: bool
    """Whether the raster's own coordinates are wanted as they are."""
    middle: float
    """The first coordinate of the raster's middle in the target system."""
    ground: Ground
    pixel_area: float | None
    """Square metres of every pixel; None where they differ, or a map does not keep areas."""

    def laid(self, outlines: np.ndarray) -> np.ndarray:
        """Polygons in columns and rows, in the target system, outer rings counterclockwise."""
        if not self.same:  # a straight line is straight in one system alone
            outlines = shapely.transform(shapely.segmentize(outlines, LINE), _same_both_ways)
        placed = shapely.transform(outlines, self._coordinates)
        if self.target.is_geographic and not self.same:
            placed = split(placed, full_turn(self.target))
        turned: np.ndarray = shapely.orient_polygons(placed)
        return turned

    def square_metres(self, outlines: np.ndarray) -> np.ndarray:
        """The area of each polygon: that of its pixels on a grid that keeps areas, else true."""
        if self.pixel_area is not None:
            flat: np.ndarray = shapely.area(outlines) * self.pixel_area
            return flat
        dense = shapely.segmentize(outlines, STEP)
        system = self.ground.equal_area
        areas: np.ndarray = shapely.area(
            shapely.transform(dense, lambda pixels: moved(self.own, system, self._own(pixels)))
        )
        return areas

    def _own(self, pixels: np.ndarray) -> np.ndarray:
        """(n, 2) columns and rows -> (n, 2) in the raster's own system."""
        return np.column_stack(xy(self.grid, pixels[:, 1], pixels[:, 0], offset="ul"))

    def _coordinates(self, pixels: np.ndarray) -> np.ndarray:
        own = self._own(pixels)
        if self.same:
            return own
        placed = moved(self.own, self.target, own)
        if self.target.is_geographic:
            around = full_turn(self.target)
            near = (
                own[:, 0] * around / full_turn(self.own) if self.own.is_geographic else self.middle
            )
            placed[:, 0] += around * np.round((near - placed[:, 0]) / around)
        return placed


def place_of(path: Path, dataset: Any, wanted: str = "") -> Place:
    """Where an opened raster lies, checked to have polygons in the system `wanted`.

    That is `SCENE`, a name such as EPSG:25832, or empty for longitude and latitude (WGS 84).

    Raises:
        SceneUnusable: it lies nowhere on the Earth, or not where that system has a ground.
        BadOption: the system is unknown.
    """
    check_placed(path, dataset)
    own = dataset.crs
    if not (own.is_projected or own.is_geographic):
        raise SceneUnusable(
            f"{path} is in {own.to_string()}, which says nothing of longitude and latitude; leave "
            "--polygons out"
        )
    height, width = dataset.shape
    rows, columns = (
        np.array([0, 0, height, height, height / 2]),
        np.array([0, width, width, 0, width / 2]),
    )
    on_the_earth(path, dataset, rows, columns)
    target = own if wanted == SCENE else system(wanted or WGS84)
    if target.is_geographic and not own.is_geographic:
        _check_no_pole(path, dataset)
    points = np.column_stack(xy(dataset.transform, rows, columns, offset="ul"))
    reached = moved(own, target, points)
    if not np.isfinite(reached).all():
        raise SceneUnusable(
            f"{path} lies where {target.to_string()} has no ground; give another --crs, "
            "or --crs scene"
        )
    here = ground(path, dataset)
    area = grid_area(dataset) if own.is_projected else math.inf
    return Place(
        grid=dataset.transform,
        own=own,
        target=target,
        same=wanted == SCENE,
        middle=float(reached[-1, 0]),
        ground=here,
        pixel_area=area if abs(area / here.square_metres - 1) <= STRETCH else None,
    )


def system(name: str) -> CRS:
    """The reference system of a name. Raises `BadOption` for one that gives no places on a map."""
    try:
        found = CRS.from_user_input(name)
    except CRSError as error:
        raise BadOption(
            f"--crs {name}: {error}; give {SCENE}, or a number such as EPSG:25832"
        ) from error
    if not (found.is_projected or found.is_geographic):
        raise BadOption(f"--crs {name} has no places on a map; give {SCENE}, or EPSG:25832")
    return found


def moved(before: Any, after: Any, points: np.ndarray) -> np.ndarray:
    """Points (n, 2) in another system; infinite where that has none for them."""
    if before == after:
        same: np.ndarray = points.copy()
        return same
    try:
        there: np.ndarray = np.array(transform(before, after, *points.T)).T.reshape(-1, 2)
        return there
    except Exception:  # GDAL's own exceptions have no public base class
        return np.full(points.shape, np.inf)


def _same_both_ways(points: np.ndarray) -> np.ndarray:
    """Points without what is left over when a line is divided from its other end."""
    rounded: np.ndarray = points.round(6)
    return rounded


def split(shapes: np.ndarray, around: float) -> np.ndarray:
    """Polygons whose longitudes go on beyond the 180th meridian, as RFC 7946 wants them."""
    left, _, right, _ = shapely.bounds(shapes).T
    beyond = (left < -around / 2) | (right > around / 2)
    result: np.ndarray = shapes.copy()
    result[beyond] = [_parts(shape, around) for shape in shapes[beyond]]
    return result


def _parts(shape: shapely.Geometry, around: float) -> shapely.Geometry:
    """A polygon, or several of them that end at the meridian."""
    found: list[shapely.Geometry] = []
    for number in (-1, 0, 1):
        offset = number * around
        side = shapely.box(offset - around / 2, -around, offset + around / 2, around)
        clipped = shapely.get_parts(shapely.intersection(shape, side))
        areas = clipped[shapely.get_dimensions(clipped) == 2]  # not what only touches
        found += [translate(area, xoff=-offset) for area in areas]
    return found[0] if len(found) == 1 else shapely.MultiPolygon(found)


def _check_no_pole(path: Path, dataset: Any) -> None:
    """Raises `SceneUnusable` for a scene with a pole in it: no ring in degrees surrounds that."""
    for latitude in (90.0, -90.0):
        pole = moved(WGS84, dataset.crs, np.array([[0.0, latitude]]))
        if not np.isfinite(pole).all():
            continue
        (row,), (column,) = rowcol(dataset.transform, *pole.T)
        if 0 <= column <= dataset.width and 0 <= row <= dataset.height:
            raise SceneUnusable(
                f"{path} shows a pole, which no polygon in longitude and latitude can surround; "
                "add --crs scene"
            )
