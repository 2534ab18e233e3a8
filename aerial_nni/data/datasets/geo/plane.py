"""The plane of a dataset: one reference system in metres, in which all its ground is compared.

Where all scenes have the same system, and a metre in it is a metre on the ground, it is that one.
Else it is an equal-area one around the middle of the scenes (Lambert's azimuthal): areas are true
everywhere, lengths near the middle.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from rasterio.crs import CRS
from rasterio.warp import transform

EARTH = CRS.from_epsg(4326)
RADIUS = 6371008.8
"""Metres of the Earth's mean radius (GRS 80)."""

TRUE = 0.01
"""Share by which a metre of a system may differ from one on the ground, to be taken for one."""

FINE = {True: 0.01, False: 1000.0}
"""Longest straight piece of a border that is carried into another system: degrees, or metres."""


def plane_of(places: Sequence[tuple[CRS, float, float]]) -> CRS:
    """The plane of scenes with these systems and middles in them."""
    systems = {crs.to_wkt() for crs, _, _ in places}
    if len(systems) == 1 and all(_is_true(*place) for place in places):
        return places[0][0]
    points = np.array([_unit(*on_earth(*place)) for place in places])  # (n, 3)
    x, y, z = points.mean(axis=0)
    longitude = math.degrees(math.atan2(y, x))
    latitude = math.degrees(math.atan2(z, math.hypot(x, y)))
    return equal_area(round(longitude, 4), round(latitude, 4))


def equal_area(longitude: float, latitude: float) -> CRS:
    """Lambert's azimuthal equal-area system around a place: areas are true everywhere."""
    return CRS.from_proj4(
        f"+proj=laea +lat_0={latitude!r} +lon_0={longitude!r} +datum=WGS84 +units=m"
    )


def on_earth(crs: CRS, x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a point.

    Raises:
        ValueError: the system has no ground there.
    """
    point = carried(crs, EARTH, np.array([[x, y]]))[0]
    return float(point[0]), float(point[1])


def carried(
    source: CRS, target: CRS, points: np.ndarray, *, around: float | None = None
) -> np.ndarray:
    """Points (n, 2) of one system in another.

    Of several longitudes of a point the one nearest to `around` is taken, where that is given and
    the target has longitudes: so 180° and -180° are one line, and what crosses it stays whole.

    Raises:
        ValueError: one of the systems has no ground there.
    """
    found = points.copy() if source == target else _transformed(source, target, points)
    if around is not None and target.is_geographic:
        turn = full_turn(target)
        found[:, 0] += turn * np.round((around - found[:, 0]) / turn)
    return found


def full_turn(crs: CRS) -> float:
    """A turn around the Earth in the unit of a geographic system: 360 degrees, or 400 grads."""
    return round(2 * math.pi / float(crs.units_factor[1]), 6)


def _transformed(source: CRS, target: CRS, points: np.ndarray) -> np.ndarray:
    """Points (n, 2) of one system in another, as PROJ has them."""
    if not len(points):
        return points
    try:
        xs, ys = transform(source, target, points[:, 0], points[:, 1])
    except Exception as error:  # GDAL's own exceptions have no public base class
        raise ValueError(f"its coordinates are not of its reference system ({error})") from error
    found = np.column_stack([xs, ys])
    if not np.isfinite(found).all():
        raise ValueError("its coordinates lie where its reference system has no ground")
    return found


def carry_shapes(
    source: CRS, target: CRS, shapes: np.ndarray, *, around: float | None = None
) -> np.ndarray:
    """Shapes of one system in another; long borders get points between, so that they bend.

    `around` is that of `carried`.

    Raises:
        ValueError: one of the systems has no ground there.
    """
    if source == target or not len(shapes):
        return shapes
    fine = shapely.segmentize(shapes, FINE[source.is_geographic])
    laid: np.ndarray = shapely.transform(
        fine, lambda points: carried(source, target, points, around=around)
    )
    return laid


def _is_true(crs: CRS, x: float, y: float) -> bool:
    """Whether 100 units of a system are about 100 m of ground, to the north and to the east."""
    if not crs.is_projected:
        return False
    corners = np.array([[x, y], [x + 100, y], [x, y + 100]])
    middle, east, north = (_unit(*point) for point in carried(crs, EARTH, corners))
    return all(abs(RADIUS * math.dist(middle, other) / 100 - 1) < TRUE for other in (east, north))


def _unit(longitude: float, latitude: float) -> Any:
    """The point on the unit sphere."""
    across, up = math.radians(longitude), math.radians(latitude)
    return math.cos(up) * math.cos(across), math.cos(up) * math.sin(across), math.sin(up)
