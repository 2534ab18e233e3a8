"""A sample of torchgeo as image and mask, and what is refused."""

from typing import Any

import numpy as np

from aerial_nni.config.options import BadOption
from aerial_nni.data.dataset import Sample
from aerial_nni.data.datasets.torchgeo_notes import Note


def first_image(sample: dict[str, Any], name: str, note: Note) -> np.ndarray:
    """The image of the first sample. Raises `BadOption` if it cannot be segmented."""
    try:
        _mask(sample, note)
        return _pixels(sample, note)
    except ValueError as error:
        raise BadOption(f"torchgeo:{name} cannot be segmented: {error}") from error


def read_sample(
    sample: Sample, *, parts: dict[str, Any], note: Note, lookup: np.ndarray, depth: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Image (h, w, bands) and mask (h, w) uint8 of a sample."""
    split, number = sample.name.split("/")
    found = parts[split][int(number)]
    mask, image = _mask(found, note), _pixels(found, note)
    odd = np.setdiff1d(mask, np.flatnonzero(lookup >= 0))
    if len(odd):
        raise ValueError(f"the mask of {sample.name} has the value {odd[0]}, which is no class")
    if image.dtype != depth and depth == np.uint8:
        raise ValueError(f"{sample.name} has pixels above 255, and the first image has none")
    return image.astype(depth), lookup[mask.astype(np.int64)].astype(np.uint8)


def _mask(sample: dict[str, Any], note: Note) -> np.ndarray:
    """A mask as torchgeo gives it, (h, w). Raises `ValueError`."""
    mask = _part(sample, note.mask)
    mask = (mask if note.layer is None else mask[note.layer]).squeeze()
    if mask.ndim != 2:
        raise ValueError(f"its mask has the shape {mask.shape}, not height and width")
    return mask


def _pixels(sample: dict[str, Any], note: Note) -> np.ndarray:
    """An image as torchgeo gives it, (bands, h, w), as (h, w, bands) uint8 or uint16.

    Raises:
        ValueError: its values are no such numbers.
    """
    values = _part(sample, "image")
    if values.ndim != 3:
        raise ValueError(
            f"its image has the shape {values.shape}, not bands, height and width; pairs and "
            "series of images are not read"
        )
    values = values[: note.bands]
    if note.scale != 1:
        values = np.round(values * note.scale, 3)
    low, high = float(values.min()), float(values.max())
    if not (0 <= low and high < 1 << 16) or (values != np.floor(values)).any():
        raise ValueError(f"its pixels, {low:g} to {high:g}, are no whole numbers of 8 or 16 bits")
    pixels: np.ndarray = values.transpose(1, 2, 0).astype(np.uint8 if high < 256 else np.uint16)
    return pixels


def _part(sample: dict[str, Any], key: str) -> np.ndarray:
    """What a sample has under this name. Raises `ValueError` if it has not."""
    if key not in sample:
        raise ValueError(f"its samples have {', '.join(sorted(sample))}, and no {key}")
    return np.asarray(sample[key])
