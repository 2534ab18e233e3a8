"""A picture for the eye: the scene with its classes laid over it, and a legend."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from rasterio.enums import Resampling

from aerial_nni.data.dataset import VOID
from aerial_nni.data.visualisation import coloured, rgb_view, save_image
from aerial_nni.inference.fonts import legible
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.scene import Scene
from aerial_nni.rasters import gdal, open_raster

LONGEST = 2048
"""Pixels of the picture's longer side at most."""

STRENGTH = 0.45
"""Share of the class's colour; the rest is the scene."""

LINE = 28
"""Height of a line of the legend in pixels."""

SIZE = 16
"""Of its letters."""


def write_overlay(scene: Scene, mask: Path, target: Path, card: Card) -> None:
    """Writes the scene's first three bands under the colours of its mask as PNG."""
    longer = max(scene.dataset.shape)
    shape = tuple(max(1, round(side * min(1, LONGEST / longer))) for side in scene.dataset.shape)
    image = scene.view(shape)
    with gdal(), open_raster(mask) as file:
        values = file.read(1, out_shape=shape, resampling=Resampling.nearest)
    classes = card.written.classes_of(values)
    view = rgb_view(image).astype(np.float32)
    blended = view + STRENGTH * (coloured(classes, card.palette) - view)
    blended[classes == VOID] = view[classes == VOID]
    picture = Image.fromarray(blended.round().astype(np.uint8))
    present = [index for index in range(len(card.classes)) if (classes == index).any()]
    save_image(target, np.asarray(_with_legend(picture, card, present)))


def _with_legend(picture: Image.Image, card: Card, present: list[int]) -> Image.Image:
    """The picture with the names of its classes below it, as many lines as they need."""
    places, x, line = [], 8, 0
    for index in present:
        name, font = legible(card.classes[index], str(card.written.values[index]), SIZE)
        width = LINE + round(font.getlength(name)) + 20
        if x + width > picture.width and x > 8:
            x, line = 8, line + 1
        places.append((x, line, index, name, font))
        x += width
    whole = Image.new("RGB", (picture.width, picture.height + (line + 1) * LINE), "white")
    whole.paste(picture)
    draw = ImageDraw.Draw(whole)
    for x, line, index, name, font in places:
        y = picture.height + line * LINE
        draw.rectangle((x, y + 6, x + 16, y + 22), fill=tuple(card.palette[index]))
        draw.text((x + 24, y + LINE // 2), name, "black", font, anchor="lm")
    return whole
