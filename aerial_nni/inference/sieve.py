"""Small patches of a mask, joined to the patches around them."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.features import sieve
from rasterio.windows import Window

from aerial_nni.data.dataset import VOID
from aerial_nni.inference.model_card import Card
from aerial_nni.rasters import gdal, open_raster

BLOCK = 4096
"""Height and width in pixels of what is looked at once."""

MARGIN = 256
"""Pixels around a block that are looked at with it: a patch that goes on there is larger."""


def merged(classes: np.ndarray, pixels: int) -> np.ndarray:
    """Class indices (h, w) uint8 in which patches of fewer pixels have the class beside them.

    GDAL's sieve gives a small patch to the largest beside it, if that is no small one itself; so
    the size that counts as small is doubled step by step. Void stays, and so does a patch that has
    nothing but void around it.
    """
    size = 1
    while size < pixels:
        size = min(2 * size, pixels)
        classes = sieve(classes, size, mask=classes != VOID, connectivity=4)
    return classes


def write_merged(mask: Path, target: Path, card: Card, pixels: int) -> None:
    """Writes a mask without its small patches, block by block."""
    with gdal(), open_raster(mask) as source:
        profile = {**source.profile, "driver": "GTiff", "blockxsize": 512, "blockysize": 512}
        with rasterio.open(target, "w", **profile) as file:
            for y in range(0, source.height, BLOCK):
                for x in range(0, source.width, BLOCK):
                    top, left = max(y - MARGIN, 0), max(x - MARGIN, 0)
                    height = min(y + BLOCK + MARGIN, source.height) - top
                    width = min(x + BLOCK + MARGIN, source.width) - left
                    values = source.read(1, window=Window(left, top, width, height))
                    classes = merged(card.written.classes_of(values), pixels)
                    inner = card.written.encoded(classes[y - top :, x - left :][:BLOCK, :BLOCK])
                    file.write(inner, 1, window=Window(x, y, *inner.shape[::-1]))
