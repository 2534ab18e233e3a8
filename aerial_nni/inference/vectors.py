"""Files of polygons, written part by part: GeoJSON as text, GeoPackage by pyogrio."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from rasterio.crs import CRS

from aerial_nni.config.run_folder import atomic
from aerial_nni.inference.raster_files import NotWritten
from aerial_nni.inference.resume import LAYER, TAG

DIGITS = 8
"""Decimals of a degree in GeoJSON: a millimetre."""

Columns = Mapping[str, np.ndarray]
"""Name of an attribute -> its values, one for each polygon."""

Add = Callable[[np.ndarray, Columns], None]
"""Writes further polygons and their attributes."""


@contextmanager
def geojson(target: Path, crs: CRS, *, mark: str = "") -> Iterator[Add]:
    """Writes GeoJSON that becomes `target` when the block ends without an error.

    A system other than WGS 84 is named as the standard of 2008 did; RFC 7946 knows no other. A
    `mark` of what made it is a member of its own.
    """
    told = {TAG: mark} if mark else {}
    named = {} if crs.to_epsg() == 4326 else {"crs": _named(crs)}
    head = json.dumps({"type": "FeatureCollection", **told, **named, "features": []})
    digits = DIGITS if crs.is_geographic else 3
    with atomic(target) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(head.removesuffix("]}"))
        comma = "\n"

        def add(shapes: np.ndarray, columns: Columns) -> None:
            nonlocal comma
            texts = shapely.to_geojson(
                shapely.transform(shapes, lambda points: points.round(digits))
            )
            rows = zip(*(column.tolist() for column in columns.values()), strict=True)
            for text, row in zip(texts, rows, strict=True):
                about = {
                    "type": "Feature",
                    "properties": dict(zip(columns, row, strict=True)),
                    "geometry": json.loads(text),
                }
                file.write(comma + json.dumps(about, ensure_ascii=False))
                comma = ",\n"

        yield add
        file.write("\n]}\n")


def _named(crs: CRS) -> dict[str, Any]:
    authority = crs.to_authority()
    name = (
        ":".join(["urn:ogc:def:crs", authority[0], "", authority[1]]) if authority else crs.to_wkt()
    )
    return {"type": "name", "properties": {"name": name}}


@contextmanager
def geopackage(target: Path, crs: CRS, *, mark: str = "") -> Iterator[Add]:
    """Writes a GeoPackage that becomes `target` when the block ends without an error.

    Its metadata have a `mark` of what made it.
    """
    authority = crs.to_authority()
    how = {
        "layer": LAYER,
        "driver": "GPKG",
        "geometry_type": "MultiPolygon",
        "promote_to_multi": True,
        "crs": ":".join(authority) if authority else crs.to_wkt(),
    }
    begun = False
    with atomic(target) as temporary:

        def add(shapes: np.ndarray, columns: Columns) -> None:
            nonlocal begun
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", ".*extension", RuntimeWarning)  # its other name
                try:
                    pyogrio.raw.write(
                        temporary,
                        geometry=shapely.to_wkb(shapes),
                        field_data=list(columns.values()),
                        fields=list(columns),
                        append=begun,
                        layer_metadata={TAG: mark} if mark and not begun else None,
                        **how,
                    )
                except (DataSourceError, DataLayerError) as error:
                    raise NotWritten(
                        f"{target} cannot be written ({error}); is there room for it?"
                    ) from error
            begun = True

        yield add


FORMATS: Mapping[str, Callable[..., Any]] = {"geojson": geojson, "gpkg": geopackage}
"""The ending of a file -> what writes it."""
