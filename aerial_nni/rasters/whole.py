"""Opening pictures that are read whole, several at a time: within narrower limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aerial_nni.rasters.opening import RasterUnusable
from aerial_nni.rasters.picture import Picture, open_picture

LARGE, SWELLING = 1 << 28, 2000
"""Bytes that a picture may unpack to, whatever its size; and times its size that a larger one may.
Several are in memory at a time, whole."""


@contextmanager
def open_whole(path: Path) -> Iterator[Picture]:
    """A picture that is small enough to be read whole."""
    with open_picture(path) as picture:
        if picture.unpacked > max(LARGE, SWELLING * path.stat().st_size):
            raise RasterUnusable(
                f"{path} cannot be used: it would unpack to {picture.unpacked} bytes; cut it into "
                "smaller ones"
            )
        yield picture
