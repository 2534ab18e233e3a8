"""Opening files with GDAL so that none leads to another file, an address, or out of memory."""

import functools
import os
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.env import ensure_env
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from aerial_nni.config.errors import UserError

CACHE_MIB = 256
"""Decoded blocks that GDAL may keep; as it comes, it takes a twentieth of the memory."""

SETTINGS = {
    "GDAL_CACHEMAX": CACHE_MIB,
    "GDAL_ERROR_ON_LIBJPEG_WARNING": True,
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": False,  # its short cut says nothing of a file's early end
}
"""With them, a damaged JPEG or PNG is an error, and memory is bounded."""

DRIVERS = ("GTiff", "PNG", "JPEG", "JP2OpenJPEG", "WEBP", "BMP", "ENVI")
"""GDAL's drivers for files that hold their pixels themselves and name no other file or address."""

ENDINGS = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2", ".webp", ".bmp")
"""Endings of the files that are pictures where a folder is searched for them."""

OPENED = (".ovr", ".msk", ".aux")
"""Endings of files beside an image that GDAL opens with whatever driver fits."""

VALIDITY = (".msk", ".aux.xml")
"""Endings of files beside a picture that hold its mask or its nodata."""

WORLD = (".wld", ".tfw", ".jgw", ".pgw")
"""Endings of files beside a picture that say where it lies."""

BESIDE = (*OPENED, *VALIDITY, *WORLD)
"""All of these."""

SETTLED = 2_000_000_000
"""A folder that was changed less than these nanoseconds ago may change again unseen."""

SWELLING = 20_000
"""Times its own size that a file of more than `LARGE` bytes of pixels may unpack to."""

LARGE = 1 << 30

_FILTERS = threading.Lock()
"""Held while filters of warnings are changed, which all threads share."""


class RasterUnusable(UserError, ValueError):
    """A file cannot be read as it is. The message says why, and what to type next."""


@contextmanager
def gdal() -> Iterator[None]:
    """GDAL with `SETTINGS`, and without warnings of pictures that lie nowhere. One thread alone."""
    with warnings.catch_warnings(), rasterio.Env(**SETTINGS):
        _ignore()
        yield


def _ignore() -> None:
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    # What rasterio 1.4 itself still writes, with affine 3.1.
    warnings.filterwarnings("ignore", "Use `@` matmul", PendingDeprecationWarning)


@ensure_env
def open_raster(path: Path, driver: str = "") -> Any:
    """GDAL's dataset of a regular file whose pixels are in the file itself.

    A virtual raster or a description of a server could name any file or address. With `driver`, one
    that was asked for by its name, it is that driver's affair what it opens.

    Raises:
        RasterUnusable: with what to type next.
    """
    if not path.exists():
        raise RasterUnusable(f"{path} cannot be used: it does not exist")
    if not path.is_file():
        raise RasterUnusable(f"{path} is no regular file but a folder, a pipe or a device")
    if not path.stat().st_size:
        raise RasterUnusable(f"{path} cannot be used: it is empty, 0 bytes")
    with decoding(path):
        if not driver:
            _check_beside(path)
        dataset = opened(str(path.absolute()), driver)
    if not driver:
        try:
            _check_whole_in_itself(path, dataset)
        except RasterUnusable:
            dataset.close()
            raise
    return dataset


def files_of(path: Path) -> list[Path]:
    """A raster and the files beside it that GDAL reads with it, such as its mask or world file.

    Overviews are left out: they hold no pixel of their own. Of what is no raster, itself alone.
    """
    try:
        with open_raster(path) as dataset:
            names = [Path(name) for name in dataset.files]
    except (RasterUnusable, OSError):  # what is wrong with it is said by whoever reads it
        names = []
    beside = {name for name in names if name.name != path.name and name.suffix.lower() != ".ovr"}
    return [path, *sorted(beside)]


def opened(name: str, driver: str = "") -> Any:
    """GDAL's dataset of a name, by `driver` or else one of `DRIVERS`."""
    with _FILTERS, warnings.catch_warnings():
        _ignore()
        # rasterio.open takes one driver alone
        return DatasetReader(name, driver=[driver] if driver else list(DRIVERS))


def _check_beside(path: Path) -> None:
    """Raises `RasterUnusable` unless what GDAL opens beside an image, and beside that, is GeoTIFF.

    GDAL compares names of files without regard to case.
    """
    starts = (f"{path.name}.".lower(), f"{path.stem}.aux".lower())
    for name in _companions(path.absolute().parent):
        if name.lower().startswith(starts):
            beside = path.absolute().with_name(name)
            try:
                with opened(str(beside), "GTiff") as dataset:
                    _check_overviews(beside, dataset)
            except RasterioError as error:
                raise RasterUnusable(
                    f"{path} cannot be used: {beside}, which GDAL would open with it, is no whole "
                    "GeoTIFF; move it away, or if you trust it, name the image's own driver, such "
                    "as --driver GTiff"
                ) from error


def _companions(folder: Path) -> tuple[str, ...]:
    """Names in a folder that end as files which GDAL opens beside an image.

    Listed once for all images in it, as long as the folder stays as it is.
    """
    changed = folder.stat().st_mtime_ns
    listed = _listed if time.time_ns() - changed > SETTLED else _listed.__wrapped__
    return listed(folder, changed)


@functools.lru_cache(maxsize=64)
def _listed(folder: Path, changed: int) -> tuple[str, ...]:
    """The same, of a folder that was `changed` at that time."""
    return tuple(name for name in os.listdir(folder) if name.lower().endswith(OPENED))


def _check_overviews(path: Path, dataset: Any) -> None:
    """Raises `RasterUnusable` for a raster that names another file for its overviews."""
    if "OVERVIEW_FILE" in dataset.tags(ns="OVERVIEWS"):
        raise RasterUnusable(
            f"{path} names another file for its overviews; if you trust it, add "
            f"--driver {dataset.driver}"
        )


def _check_whole_in_itself(path: Path, dataset: Any) -> None:
    """Raises `RasterUnusable` for a raster that names another file, or unpacks to far too much."""
    _check_overviews(path, dataset)
    unpacked, size = unpacked_bytes(dataset), path.stat().st_size
    if unpacked > max(LARGE, SWELLING * size):
        raise RasterUnusable(
            f"{path} has {size} bytes and would unpack to {unpacked}, so it is hardly an image; if "
            f"you trust it, add --driver {dataset.driver}"
        )


def unpacked_bytes(dataset: Any) -> int:
    """Bytes of all pixels of a dataset."""
    depth = sum(np.dtype(kind).itemsize for kind in dataset.dtypes)
    return int(dataset.width * dataset.height * depth)


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turns what decoders raise for a bad file into an error that names it."""
    try:
        yield
    except (RasterUnusable, MemoryError):  # memory is perhaps not the file's fault
        raise
    except Exception as error:  # GDAL's own exceptions have no public base class
        cause = error.__cause__ or error
        hint = "" if path.suffix.lower() in ENDINGS else (
            "; a format that names other files or addresses, such as VRT or NITF, is read when it "
            "is asked for: --driver VRT"
        )  # fmt: skip
        raise RasterUnusable(f"{path} cannot be used: {cause}{hint}") from error
