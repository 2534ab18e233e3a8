"""Reading pictures: files to arrays, mask colours to class indices.

Whatever is wrong with a file is a `ValueError` that names it and says what to do. A damaged
picture is never read in part, and a colour that is no class is never given one.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from aerial_nni.data.dataset import VOID

Colour = tuple[int, int, int]

UNKNOWN = 254
"""Stands for "no class" while a mask is converted: 253 is the highest possible class index."""

SHOWN = 3
"""Unknown colours or values that an error names, the most frequent first."""


def read_image(path: Path) -> np.ndarray:
    """The image, shape (h, w, bands), uint8 or uint16. Transparency is a fourth band."""
    picture = _open(path)
    if picture.mode == "P":
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    if picture.mode not in ("RGB", "RGBA", "L"):
        raise ValueError(f"{path} has colour mode {picture.mode}; save it as RGB")
    pixels = np.asarray(picture)
    return pixels.reshape(*pixels.shape[:2], -1)  # (h, w) -> (h, w, 1)


def read_colours(path: Path) -> np.ndarray:
    """The colours of a mask, shape (h, w, 3), uint8.

    A palette picture is turned into colours: the order of its indices means nothing.
    """
    picture = _open(path)
    return np.asarray(picture.convert("RGB"))


def _open(path: Path) -> Image.Image:
    """The decoded picture of a JPEG or PNG file."""
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty (0 bytes); get it again")
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as picture:
            picture.load()
            return picture
    except UnidentifiedImageError:
        raise ValueError(f"{path} is no JPEG or PNG picture, whatever its name says") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error}); get it again") from error


def colour_table(classes: Sequence[Colour], *, void: Sequence[Colour] = ()) -> np.ndarray:
    """Class index of every possible colour, shape (2**24,), uint8; `UNKNOWN` where there is none.

    The place of a colour is `red << 16 | green << 8 | blue`. 16 MB, made in a few milliseconds.
    """
    table = np.full(1 << 24, UNKNOWN, dtype=np.uint8)
    for red, green, blue in void:
        table[red << 16 | green << 8 | blue] = VOID
    for index, (red, green, blue) in enumerate(classes):
        table[red << 16 | green << 8 | blue] = index
    return table


def classes_of_colours(colours: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Class index of each pixel, shape (h, w), uint8; `UNKNOWN` where the colour is no class.

    `colours` has shape (h, w, 3), `table` is a `colour_table`.
    """
    places = colours[..., 0].astype(np.uint32) << 16
    places |= colours[..., 1].astype(np.uint32) << 8
    places |= colours[..., 2]
    return table[places]
