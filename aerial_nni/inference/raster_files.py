"""Rasters over a scene: GeoTIFF by windows, then as it is, cloud-optimised, or as PNG.

A file has its name only when it is complete.
"""

import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zlib import crc32

import rasterio
import rasterio.shutil
from rasterio.errors import RasterioError, RasterioIOError

from aerial_nni.config.errors import UserError
from aerial_nni.config.run_folder import atomic
from aerial_nni.inference.scene import Scene
from aerial_nni.rasters import gdal

BLOCK = 512
"""Height and width of the blocks in which a GeoTIFF is compressed."""

PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
"""The last bytes of every PNG."""


class NotWritten(UserError):
    """A result could not be written. The message says why."""


@contextmanager
def raster_file(
    target: Path,
    scene: Scene,
    *,
    dtype: str,
    nodata: float,
    count: int = 1,
    overviews: str = "",
    tags: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Any]:
    """A GeoTIFF of the scene's size to write to, which becomes `target` when the block ends well.

    It has the scene's CRS, transform, ground control points, rational polynomials, and `tags`.
    Where `overviews` names a way of resampling, a cloud-optimised GeoTIFF is made of it in the end;
    where `target` ends in .png, a PNG.

    Raises:
        NotWritten: the disk is full, or the file cannot be written for another reason.
    """
    source = scene.dataset
    profile = {
        "driver": "GTiff",
        "dtype": dtype,
        "count": count,
        "height": source.height,
        "width": source.width,
        "crs": source.crs,
        "transform": source.transform,
        "nodata": nodata,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "deflate",
        "interleave": "band",
        "bigtiff": "if_safer",
    }
    with _writing(target) as temporary:
        with rasterio.open(temporary, "w", **profile) as file:
            if source.gcps[0]:
                file.gcps = source.gcps
            if source.rpcs:
                file.rpcs = source.rpcs
            file.update_tags(**tags)
            yield file
        _check_whole(temporary)
        if target.suffix.lower() == ".png":
            _to_png(temporary, tags)
        elif overviews:
            _to_cog(temporary, overviews)


@contextmanager
def _writing(target: Path) -> Iterator[Path]:
    """`atomic`, where what GDAL raises names the file."""
    try:
        with atomic(target) as temporary:
            yield temporary
    except RasterioError as error:
        cause = error.__cause__ or error
        raise NotWritten(f"{target} cannot be written ({cause}); is there room for it?") from error


def _check_whole(path: Path, **level: int) -> None:
    """Raises `RasterioIOError` where blocks of a GeoTIFF are missing.

    What a file lacks that could not be written when it was closed, rasterio 1.4 does not say.
    """
    size = path.stat().st_size
    with gdal(), rasterio.open(path, driver="GTiff", **level) as file:
        blocks = [place for place, _ in file.block_windows(1)]
        for band, (row, column) in product(file.indexes, blocks):
            offset, length = (
                int(file.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=band) or 0)
                for what in ("OFFSET", "SIZE")
            )
            if not 0 < offset <= size - length:
                raise RasterioIOError(f"block {row}, {column} is missing")


def _to_cog(path: Path, overviews: str) -> None:
    """Turns a GeoTIFF into a cloud-optimised one, with smaller copies of itself."""
    with _turned_into(path, "COG", compress="deflate", blocksize=BLOCK, bigtiff="if_safer",
                      overview_resampling=overviews, num_threads="all_cpus") as cog:  # fmt: skip
        _check_whole(cog)
        with rasterio.open(cog) as file:
            levels = len(file.overviews(1))
        for level in range(levels):
            _check_whole(cog, overview_level=level)


def _to_png(path: Path, tags: Mapping[str, str]) -> None:
    """Turns a GeoTIFF into a PNG with these tags: values of 8 bits with a palette, or of 16."""
    with _turned_into(path, "PNG") as png, png.open("r+b") as file:
        file.seek(-len(PNG_END), os.SEEK_END)
        if file.read() != PNG_END:
            raise RasterioIOError("its end is missing")
        file.seek(-len(PNG_END), os.SEEK_END)
        for key, value in tags.items():
            text = b"tEXt" + key.encode("latin-1") + b"\0" + value.encode("latin-1")
            file.write(struct.pack(">I", len(text) - 4) + text + struct.pack(">I", crc32(text)))
        file.write(PNG_END)


@contextmanager
def _turned_into(path: Path, driver: str, **options: Any) -> Iterator[Path]:
    """A raster copied into another format, which takes the old one's place if the block agrees."""
    copy = path.with_name(f"{path.name}.{driver.lower()}")
    try:
        with rasterio.Env(GDAL_PAM_ENABLED=False):  # else it leaves an .aux.xml file
            try:
                rasterio.shutil.copy(path, copy, driver=driver, **options)
            except Exception as error:  # GDAL's own exceptions have no public base class
                raise RasterioIOError(str(error)) from error
        yield copy
        os.replace(copy, path)
    finally:
        copy.unlink(missing_ok=True)
