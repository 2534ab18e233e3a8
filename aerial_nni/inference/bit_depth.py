"""Convert 16-bit pictures to 8 bit: the command line that does it for given values."""

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import numpy as np
from rasterio.windows import Window

from aerial_nni.rasters.picture import Picture

LOOKED_AT = 8
"""Places along each side at which a large picture is looked at."""

PART = 512
"""Side of what is looked at there, in pixels."""

DARK = 40
"""Of 255: where nearly all pixels would be below it, a picture is too dark to be told apart."""


def to_8_bits(path: Path, picture: Picture) -> str:
    """What to type, with the range that the values of the picture have; empty without a value.

    The line multiplies and does not clip, so the range reaches to the next power of two: what is
    brighter than all that was looked at has room.
    """
    values = np.concatenate([*_values(picture), np.empty(0, dtype=np.uint16)])
    if not values.size or not (highest := int(values.max())):
        return ""
    top = 2 ** highest.bit_length() - 1
    ratio = 255 / top
    usual = float(np.percentile(values, 99))
    if usual * ratio < DARK:
        return (
            f"its values reach {highest}, but nearly all end at {usual:.0f}, so a factor for all "
            f"would leave it dark; what is above can be cut off, for example: "
            f"gdal_translate -ot Byte -scale 0 {usual:.0f} 0 255 {quote(str(path))} 8-bit.tif"
        )
    command = f"rio convert --dtype uint8 --scale-ratio {ratio:.6f} {quote(str(path))} 8-bit.tif"
    return f"its values reach {highest}, so for example: {command}"


def _values(picture: Picture) -> Iterator[np.ndarray]:
    """Values of pixels that show something, from all over the picture."""
    bands = picture.seen
    for window in _windows(*picture.dataset.shape):
        pixels, valid = picture.image(bands, window)
        yield pixels.reshape(-1) if valid is None else pixels[valid].reshape(-1)


def _windows(height: int, width: int) -> Iterator[Window]:
    """All of a small picture, else evenly spread parts."""
    for top in _starts(height):
        for left in _starts(width):
            yield Window(left, top, min(PART, width - left), min(PART, height - top))


def _starts(length: int) -> list[int]:
    count = min(LOOKED_AT, -(-length // PART))
    last = max(0, length - PART)
    return sorted({round(last * i / max(1, count - 1)) for i in range(count)})
