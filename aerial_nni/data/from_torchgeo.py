"""Segmentation datasets of torchgeo, by the name of their class: `--data torchgeo:LoveDA`.

A class of torchgeo will do if it can be made of a folder and a split, names its `classes`, and
gives `image` and `mask` of each sample. Its training split trains, and with `--split given` that of
validation validates, or where that has no masks, that of the test. Nothing is downloaded.

Classes and their order are torchgeo's; a mask's value 255 is void, and other values that are no
class are an error. Pixels must be whole numbers, as those of 8-bit and 16-bit images are.
"""

import difflib
import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.data.dataset import VOID, Dataset, DatasetMissing, Facts, Sample
from aerial_nni.data.digests import file_digests
from aerial_nni.data.labels import display
from aerial_nni.errors import with_extra
from aerial_nni.options import BadOption

SPLITS = ("train", "val", "test")
SOURCE = "https://torchgeo.readthedocs.io"


def open_torchgeo(data_dir: Path, name: str) -> Dataset:
    """The dataset of torchgeo with this name, in `data_dir`.

    Raises:
        ExtraMissing: torchgeo is not installed.
        BadOption: it has no such class, or one without image, mask and classes.
        DatasetMissing: the data is not there as that class wants it.
    """
    kind = _kind(name)
    parts = {split: part for split in SPLITS if (part := _part(kind, data_dir, split)) is not None}
    held = next((split for split in ("val", "test") if split in parts), "")
    if "train" not in parts:
        raise DatasetMissing(
            f"{data_dir} has no training split with images and masks as torchgeo's {name} wants "
            f"it; {SOURCE} says how its folders are called"
        )
    used = {split: parts[split] for split in ("train", held) if split}
    samples = tuple(
        Sample(name=f"{split}/{number:06d}", area=split)
        for split, part in used.items()
        for number in range(len(part))
    )
    classes, palette = tuple(map(str, kind.classes)), _palette(kind)
    image = _pixels(used["train"][0]["image"])
    return Dataset(
        facts=Facts(
            name=name,
            classes=classes,
            palette=palette,
            bands=_bands(image.shape[2]),
            held_out=f"{held}/" if held else "",
            licence="see the dataset's own",
            source=SOURCE,
            description=f"{name}, as torchgeo reads it",
        ),
        samples=samples,
        read=partial(_read, parts=used, classes=len(classes), depth=image.dtype),
        fingerprint=partial(_fingerprint, data_dir, name, samples),
    )


def _kind(name: str) -> Any:
    """The class of this name. Raises `BadOption`."""
    datasets = with_extra("torchgeo.datasets", "torchgeo")
    kind = getattr(datasets, name, None)
    known = [one for one in datasets.__all__ if _names_classes(getattr(datasets, one))]
    if not isinstance(kind, type):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        meant = f"did you mean torchgeo:{near[0]}?" if near else f"it has {', '.join(known)}"
        raise BadOption(f"torchgeo has no dataset {name!r}; {meant}")
    if not _names_classes(kind):
        raise BadOption(
            f"torchgeo's {name} does not say its classes and splits, so it cannot be segmented "
            f"by its name; these may: {', '.join(known)}"
        )
    return kind


def _names_classes(kind: Any) -> bool:
    """Whether a class of torchgeo gives samples by number and names what they show."""
    classes = getattr(kind, "classes", None)
    if not isinstance(classes, tuple | list) or not 2 <= len(classes) < VOID:
        return False
    whole = with_extra("torchgeo.datasets", "torchgeo").NonGeoDataset
    return issubclass(kind, whole)


def _part(kind: Any, root: Path, split: str) -> Any | None:
    """A split with images and masks, None where there is none."""
    try:
        part = kind(root=str(root), split=split)
        first = part[0] if len(part) else {}
    except Exception:  # each class says in its own way that it has no such split
        return None
    return part if {"image", "mask"} <= set(first) else None


def _palette(kind: Any) -> tuple[tuple[int, int, int], ...]:
    """The colours of its classes, or some."""
    colours = getattr(kind, "colormap", None)
    count = len(kind.classes)
    if isinstance(colours, tuple | list) and len(colours) == count:
        return tuple((int(r), int(g), int(b)) for r, g, b in (colour[:3] for colour in colours))
    return tuple(display(count, set()))


def _bands(count: int) -> tuple[str, ...]:
    """Names of so many bands."""
    return ("red", "green", "blue") if count == 3 else tuple(f"band{k + 1}" for k in range(count))


def _pixels(image: Any) -> np.ndarray:
    """An image as torchgeo gives it, (bands, h, w), as (h, w, bands) uint8 or uint16.

    Raises:
        ValueError: its values are no such numbers.
    """
    values = np.asarray(image)
    if values.ndim != 3:
        raise ValueError(f"its image has the shape {values.shape}, not bands, height and width")
    low, high = float(values.min()), float(values.max())
    if not (0 <= low and high < 1 << 16) or (values != np.floor(values)).any():
        raise ValueError(f"its pixels, {low:g} to {high:g}, are no whole numbers of 8 or 16 bits")
    return values.transpose(1, 2, 0).astype(np.uint8 if high < 256 else np.uint16)


def _read(
    sample: Sample, *, parts: dict[str, Any], classes: int, depth: np.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Image (h, w, bands) and mask (h, w) uint8 of a sample."""
    split, number = sample.name.split("/")
    found = parts[split][int(number)]
    mask = np.asarray(found["mask"]).squeeze()
    odd = np.setdiff1d(mask, [*range(classes), VOID])
    if len(odd):
        raise ValueError(f"the mask of {sample.name} has the value {odd[0]}, which is no class")
    image = _pixels(found["image"])
    return image if image.dtype == depth else image.astype(np.uint16), mask.astype(np.uint8)


def _fingerprint(root: Path, name: str, samples: Sequence[Sample]) -> str:
    """Hex digest of every file in the folder."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    digests = file_digests(files, root)
    lines = [f"torchgeo 1 {name}", *(sample.name for sample in samples)]
    lines += [json.dumps([str(path.relative_to(root)), digests[path]]) for path in files]
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()
