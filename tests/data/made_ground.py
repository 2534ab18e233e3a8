"""Tiny scenes on the ground, and shapes on them, for tests of `--data geo`."""

import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
import shapely
from rasterio import Affine

UTM = "EPSG:32640"
EAST, NORTH = 326000.0, 2779000.0
"""Metres of the top left corner, in Dubai."""


def scene(
    path: Path,
    *,
    size: tuple[int, int] = (64, 96),
    pixel: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
    crs: str = UTM,
    transform: Affine | None = None,
    bands: int = 3,
    **profile: Any,
) -> np.ndarray:
    """Writes a scene of noise whose top left corner is `shift` metres from the usual one."""
    draw = np.random.default_rng(zlib.crc32(path.name.encode()))
    pixels = draw.integers(1, 255, (bands, *size), dtype=np.uint8)
    place = Affine(pixel, 0, EAST + shift[0], 0, -pixel, NORTH - shift[1])
    with rasterio.open(
        path, "w", driver="GTiff", height=size[0], width=size[1], count=bands, dtype="uint8",
        crs=crs or None, transform=transform or place, **profile,
    ) as file:  # fmt: skip
        file.write(pixels)
    return pixels.transpose(1, 2, 0)


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    """A rectangle, in metres to the right of and below the usual corner."""
    return shapely.box(EAST + x, NORTH - y - height, EAST + x + width, NORTH - y)


def line(*points: tuple[float, float]) -> shapely.LineString:
    """A line through points, in the same metres."""
    return shapely.LineString([(EAST + x, NORTH - y) for x, y in points])


def vectors(
    path: Path,
    shapes: Sequence[Any],
    *,
    crs: str | None = UTM,
    kind: str = "Unknown",
    layer: str | None = None,
    append: bool = False,
    **columns: Sequence[Any],
) -> Path:
    """Writes shapes with columns."""
    driver = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".shp": "ESRI Shapefile",
              ".fgb": "FlatGeobuf"}[path.suffix]  # fmt: skip
    values = [
        np.array(row, object if isinstance(row[0], str | None) else None)
        for row in columns.values()
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that no reference system is said
        pyogrio.raw.write(
            path, shapely.to_wkb(np.array(shapes, object)), values, list(columns),
            geometry_type=kind, crs=crs, driver=driver, layer=layer, append=append,
        )  # fmt: skip
    return path


BASIC = """\
scenes: "*.tif"
labels: labels.gpkg
attribute: class
classes:
  House: house
  Road: {values: [road, 7], colour: "#6EC1E4"}
  Land: []
background: Land
void: [unsure]
patch: 32
window: 64
"""


def town(folder: Path, text: str = BASIC) -> Path:
    """A folder with one scene, a house, a road and something unsure."""
    folder.mkdir(exist_ok=True)
    scene(folder / "a.tif")
    vectors(folder / "labels.gpkg", [box(10, 20, 8, 4), box(40, 0, 6, 64), box(80, 10, 10, 10)],
            **{"class": ["house", "road", "unsure"]})  # fmt: skip
    (folder / "scenes.yaml").write_text(text)
    return folder


def spoil(folder: Path) -> None:
    """Labels of `town` with everything wrong that labels can have."""
    bow = shapely.Polygon([(EAST, NORTH), (EAST + 9, NORTH - 9), (EAST + 9, NORTH),
                           (EAST, NORTH - 9)])  # fmt: skip
    shapes = [box(0, 0, 9, 9), box(5, 5, 9, 9), bow, box(30, 0, 3, 3), box(30, 9, 3, 3)]
    shapes += [box(9000, 0, 3, 3), shapely.Point(EAST, NORTH), line((0, 0), (9, 9)), None]
    names = ["house", "road", "house", None, "shed", "house", "house", "road", "house"]
    vectors(folder / "labels.gpkg", shapes, **{"class": names})
