"""A contact sheet: one picture of every area, its mask below, one legend."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from aerial_nni.config.run_folder import atomic
from aerial_nni.data.dataset import Dataset

COLUMNS, TILE, GAP, LINE = 4, 208, 6, 20


def write_sheet(path: Path, dataset: Dataset) -> None:
    """Writes the sheet as a PNG of 256 colours. Each area shows its most varied picture."""
    shown = {area: _most_varied(dataset, area) for area in _areas(dataset)}
    rows = -(-len(shown) // COLUMNS)
    width = COLUMNS * (TILE + GAP) + GAP
    sheet = Image.new("RGB", (width, rows * (LINE + 2 * (TILE + GAP)) + LINE + 2 * GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    palette = np.asarray(dataset.facts.palette, np.uint8)
    for index, (area, (image, mask)) in enumerate(shown.items()):
        x = GAP + index % COLUMNS * (TILE + GAP)
        y = index // COLUMNS * (LINE + 2 * (TILE + GAP))
        draw.text((x, y + 3), area, fill="black", font=font)
        small = Image.fromarray(image).resize((TILE, TILE), Image.Resampling.LANCZOS)
        sheet.paste(small, (x, y + LINE))
        flat = Image.fromarray(palette[mask]).resize((TILE, TILE), Image.Resampling.NEAREST)
        sheet.paste(flat, (x, y + LINE + TILE + GAP))
    _legend(draw, font, dataset, top=sheet.height - LINE, width=width)
    with atomic(path) as temporary:
        sheet.quantize(256).save(temporary, format="PNG", optimize=True)


def _areas(dataset: Dataset) -> list[str]:
    """The areas in the order of the samples."""
    return list(dict.fromkeys(sample.area for sample in dataset.samples))


def _most_varied(dataset: Dataset, area: str) -> tuple[np.ndarray, np.ndarray]:
    """The image and mask of the area in which the classes are most evenly mixed."""

    def unevenness(pair: tuple[np.ndarray, np.ndarray]) -> float:
        share = np.bincount(pair[1].ravel(), minlength=len(dataset.facts.classes)) / pair[1].size
        return float((share**2).sum())

    pairs = (dataset.read(sample) for sample in dataset.samples if sample.area == area)
    return min(pairs, key=unevenness)


def _legend(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    dataset: Dataset,
    *,
    top: int,
    width: int,
) -> None:
    """One line of colour swatches and class names."""
    classes = zip(dataset.facts.classes, dataset.facts.palette, strict=True)
    step = (width - 2 * GAP) // len(dataset.facts.classes)
    for index, (name, colour) in enumerate(classes):
        x = GAP + index * step
        draw.rectangle((x, top, x + 14, top + 14), fill=colour)
        draw.text((x + 20, top), name, fill="black", font=font)
