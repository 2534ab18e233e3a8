"""Arrays as pictures for people: any image as 8-bit RGB, and masks in the dataset's colours."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from aerial_nni.config.run_folder import atomic
from aerial_nni.data.dataset import VOID

VOID_COLOUR = (0, 0, 0)

Palette = Sequence[tuple[int, int, int]]


def rgb_view(image: np.ndarray) -> np.ndarray:
    """(h, w, bands) of 8 or 16 bits -> (h, w, 3) uint8: the first three bands.

    Where there are fewer, the last one stands for those that are not there. 16-bit pictures are
    stretched from their 2nd to their 98th percentile, band by band.
    """
    first = image[..., :3]
    if first.shape[2] < 3:
        first = np.pad(first, ((0, 0), (0, 0), (0, 3 - first.shape[2])), mode="edge")
    if first.dtype == np.uint8:
        return np.ascontiguousarray(first)
    low, high = np.percentile(first, (2, 98), axis=(0, 1))
    stretched = (first - low) / np.maximum(high - low, 1) * 255
    view: np.ndarray = stretched.clip(0, 255).astype(np.uint8)
    return view


def coloured(mask: np.ndarray, palette: Palette) -> np.ndarray:
    """Class indices (h, w) -> RGB (h, w, 3) uint8; void is black."""
    picture: np.ndarray = _colours(palette)[mask]
    return picture


def _colours(palette: Palette) -> np.ndarray:
    """The colour of every possible index, shape (256, 3), uint8."""
    colours = np.zeros((256, 3), np.uint8)
    colours[: len(palette)] = palette
    colours[VOID] = VOID_COLOUR
    return colours


def save_mask(path: Path, mask: np.ndarray, palette: Palette) -> None:
    """Writes class indices (h, w) uint8 as a palette PNG: the index is the class, 255 is void."""
    picture = Image.frombytes("P", mask.shape[::-1], np.ascontiguousarray(mask).tobytes())
    picture.putpalette(_colours(palette).reshape(-1).tolist())
    with atomic(path) as temporary:
        picture.save(temporary, format="PNG", optimize=True)


def save_image(path: Path, image: np.ndarray) -> None:
    """Writes an RGB picture (h, w, 3) uint8 as PNG."""
    with atomic(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG", optimize=True)
