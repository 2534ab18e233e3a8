"""Where on the Earth an opened raster lies, and what to type where it does not say so."""

from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
from rasterio.crs import CRS
from rasterio.transform import RPCTransformer, array_bounds, xy
from rasterio.warp import calculate_default_transform, transform

from aerial_nni.data.datasets.geo.plane import equal_area
from aerial_nni.rasters import RasterUnusable as SceneUnusable

WGS84 = "EPSG:4326"

OFF_THE_EARTH = (
    "lies where its coordinate reference system has no ground, so one of the two is wrong; mend "
    "it, or leave --areas and --polygons out"
)

SPAN = 64
"""Pixels over which sizes on the ground are measured."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The ground in the middle of a raster."""

    longitude: float
    """At least -180, less than 180."""
    latitude: float
    pixel: np.ndarray
    """Metres east and north (rows) that a step to the next column and the next row goes, (2, 2)."""

    @property
    def square_metres(self) -> float:
        """What a pixel covers, on the WGS 84 ellipsoid."""
        return abs(float(np.linalg.det(self.pixel)))

    @property
    def equal_area(self) -> CRS:
        """A system around the middle in which areas are those on the ground."""
        return equal_area(self.longitude, self.latitude)


def ground(path: Path, dataset: Any) -> Ground:
    """The ground in the middle of an opened raster that `check_placed` let pass.

    Raises:
        SceneUnusable: its transform leads off the Earth.
    """
    row, column = dataset.height / 2, dataset.width / 2
    half = min(SPAN, dataset.width, dataset.height) / 2
    rows = row + half * np.array([0, 0, 0, -1, 1])
    columns = column + half * np.array([0, -1, 1, 0, 0])
    longitudes, latitudes = on_the_earth(path, dataset, rows, columns)
    longitude, latitude = wrapped(float(longitudes[0])), float(latitudes[0])
    laid = transform(WGS84, equal_area(longitude, latitude), longitudes, latitudes)
    _, left, right, up, down = np.array(laid).T
    pixel = np.array([right - left, down - up]).T / (2 * half)
    return Ground(longitude=longitude, latitude=latitude, pixel=pixel)


def wrapped(longitude: float) -> float:
    """A longitude as one from -180 up to, but not with, 180."""
    return (longitude + 180) % 360 - 180


def utm(longitude: float, latitude: float) -> str:
    """The UTM zone of a place; near a pole, where there is none, the equal-area EASE grid."""
    if not -80 <= latitude <= 84:
        return "EPSG:6931" if latitude > 0 else "EPSG:6932"
    zone = int((wrapped(longitude) + 180) // 6) + 1
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def check_placed(path: Path, dataset: Any) -> None:
    """Raises `SceneUnusable` where an opened raster lies on no grid on the Earth.

    A reference system without a transform would make each pixel one metre or degree, at the origin.
    """
    if dataset.crs and not dataset.transform.is_identity:
        return
    if dataset.rpcs or dataset.gcps[0]:
        how = "ground control points" if dataset.gcps[0] else "rational polynomials (RPCs)"
        raise SceneUnusable(
            f"{path} is a raw picture that {how} place on the ground: its pixels lie on no grid "
            "there; leave --areas and --polygons out for the mask alone, or bring the scene onto a "
            f"grid first: {_warping(path, dataset)}"
        )
    lacks = "transform from pixels to the ground" if dataset.crs else "coordinate reference system"
    raise SceneUnusable(
        f"{path} has no {lacks}, so sizes and places on the ground are not known; leave --areas "
        "and --polygons out for the mask alone, or say where it is (N: number of the system; X, Y: "
        "its top left corner there; S: the side of a pixel): rio edit-info --crs EPSG:N "
        f"--transform '[S, 0, X, 0, -S, Y]' {quote(str(path))}"
    )


def _warping(path: Path, dataset: Any) -> str:
    """The command that brings a raw picture onto a grid."""
    points, system = dataset.gcps
    warp = f"rio warp {quote(str(path))} warped.tif --dst-crs"
    if points:
        x, y = np.mean([(point.x, point.y) for point in points], axis=0)
        (longitude,), (latitude,) = transform(system, WGS84, [x], [y])
        return f"{warp} {utm(longitude, latitude)}"
    # `rio warp` itself asks for no RPCs, so where the scene is to lie is found here.
    height, width = dataset.shape
    try:
        with RPCTransformer(dataset.rpcs) as there:
            longitude, latitude = there.xy(height / 2, width / 2)
        system = utm(longitude, latitude)
        laid = calculate_default_transform(WGS84, system, width, height, rpcs=dataset.rpcs)
    except Exception as error:  # GDAL's own exceptions have no public base class
        raise SceneUnusable(
            f"{path} has rational polynomials (RPCs) that lead to no place: {error}; leave --areas "
            "and --polygons out for the mask alone"
        ) from error
    placed, width, height = laid
    bounds = " ".join(f"{bound:.2f}" for bound in array_bounds(height, width, placed))
    return (
        f"{warp} {system} --bounds {bounds} --res {placed.a:.6g} "
        "(where the ground is not flat, add --to RPC_DEM=dem.tif)"
    )


def on_the_earth(
    path: Path, dataset: Any, rows: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of points of an opened raster, given by their rows and columns.

    Raises:
        SceneUnusable: its transform leads off the Earth.
    """
    points = xy(dataset.transform, rows, columns, offset="ul")
    try:
        longitudes, latitudes = map(np.array, transform(dataset.crs, WGS84, *points))
    except Exception as error:  # GDAL's own exceptions have no public base class
        raise SceneUnusable(f"{path} {OFF_THE_EARTH}: {error}") from error
    if not np.isfinite([longitudes, latitudes]).all() or (abs(latitudes) > 90).any():
        raise SceneUnusable(f"{path} {OFF_THE_EARTH}")
    return longitudes, latitudes
