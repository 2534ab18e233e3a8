"""What GDAL does not say of a file: how it is turned, and whether a PNG is there to its end."""

import struct
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from aerial_nni.rasters.opening import RasterUnusable

ORIENTATION = ExifTags.Base.Orientation
"""The field of EXIF and of TIFF that says how a viewer should turn a picture; 1 is upright."""

PNG_START = 8
"""Bytes before the first chunk of a PNG."""


def check_upright(path: Path, driver: str) -> None:
    """Raises `RasterUnusable` for a picture that is stored turned.

    Some programs turn such a picture and others show it as it is stored. Whether a mask was drawn
    on the one or the other, no file says.
    """
    read = {"GTiff": _tiff_turn, "PNG": _png_turn, "JPEG": _exif_turn, "WEBP": _exif_turn}
    turn = read[driver](path) if driver in read else 1
    if turn in range(2, 9):
        raise RasterUnusable(
            f"{path} cannot be used: it is stored turned (orientation {turn}), so that programs "
            "do not agree on what is up; save it upright, as its mask is: as viewers turn it, "
            f"python -c \"from PIL import Image, ImageOps; ImageOps.exif_transpose(Image.open('"
            f"{path}')).save('upright.png')\", or as GIS programs show it, "
            f"rio convert '{path}' upright.tif"
        )


def _exif_turn(path: Path) -> int:
    """The turn in the EXIF of a JPEG or WebP; 1 where its header cannot be understood."""
    with Image.open(path, formats=("JPEG", "WEBP")) as picture:
        return int(picture.getexif().get(ORIENTATION, 1))


def _tiff_turn(path: Path) -> int:
    """The turn in the first directory of a TIFF."""
    with path.open("rb") as file:
        start = file.read(8)
        if start[2:3] == b"\x2b" or start[3:4] == b"\x2b":  # BigTIFF
            start += file.read(8)
        directory = ImageFileDirectory_v2(start)
        file.seek(directory.next)
        directory.load(file)
        return int(directory.get(ORIENTATION, 1))


def _png_turn(path: Path) -> int:
    """The turn in the EXIF of a PNG, whose chunks are all there.

    Raises:
        RasterUnusable: the file ends before its last chunk.
    """
    size, turn = path.stat().st_size, 1
    with path.open("rb") as file:
        place, kind = PNG_START, b""
        while kind != b"IEND":
            file.seek(place)
            head = file.read(8)
            length, kind = struct.unpack(">I4s", head) if len(head) == 8 else (size, b"")
            place += 12 + length  # with length, kind and checksum
            if place > size:
                raise RasterUnusable(f"{path} cannot be used: it is cut short")
            if kind == b"eXIf":
                turn = _turn_in(file, length)
    return turn


def _turn_in(file: BinaryIO, length: int) -> int:
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + file.read(length))
    return int(exif.get(ORIENTATION, 1))
