"""Opening pictures that are read whole, several at a time: within narrower limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rasterio

from aerial_nni.rasters.opening import SETTINGS, RasterUnusable, unpacked_bytes
from aerial_nni.rasters.picture import Picture, open_picture

LARGE, SWELLING = 1 << 28, 2000
"""Bytes that a picture may unpack to, whatever its size; and times its size that a larger one may.
Several are in memory at a time, whole."""


@contextmanager
def open_whole(path: Path) -> Iterator[Picture]:
    """A picture that is small enough to be read whole."""
    with rasterio.Env(**SETTINGS), open_picture(path) as picture:
        unpacked = unpacked_bytes(picture.dataset)
        if unpacked > max(LARGE, SWELLING * path.stat().st_size):
            raise RasterUnusable(
                f"{path} cannot be used: it would unpack to {unpacked} bytes; cut it into smaller "
                "ones"
            )
        yield picture
