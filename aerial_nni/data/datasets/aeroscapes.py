"""AeroScapes, pictures of twelve classes from low flights of a drone, as published or as on Kaggle.

    as published                            the Kaggle competition
    JPEGImages/        000001_001.jpg       imgs/imgs/       1.jpg  …    8-bit RGB, 1280×720
    SegmentationClass/ 000001_001.png       masks/masks/     1.png  …    0 to 11, or the colours
    Visualizations/, ImageSets/             train.csv, test.csv          not read

Masks hold the numbers of the classes, also as grey RGB, or their colours. Pictures of the
competition's test have no masks and are left out: those that have neither are no training data.

The pictures are frames of videos. Where a name ends in `_` and a number, what stands before is the
video, its area, and the dataset is `nested`: frames of one video show the same ground, so
`--split tile` holds out whole videos. `--split stratified` holds out frames, balanced by classes,
as others do; scores are then too good. Where names do not tell, as on Kaggle, every picture is an
area, frames of one video come to be on both sides of any split, and every split is marked leaky.

Source: https://github.com/ishann/aeroscapes. Nigam, Huang, Ramanan 2018, "Ensemble Knowledge
Transfer for Semantic Segmentation".
"""

import dataclasses
import functools
import re
from functools import partial
from pathlib import Path

import numpy as np

from aerial_nni.data.dataset import Dataset, DatasetMissing, Facts, Sample
from aerial_nni.data.pipeline.hashing import fingerprint
from aerial_nni.data.pipeline.image_reading import (
    colour_values,
    in_colours,
    read_classes,
    read_image,
    valid_pixels,
    with_void,
)
from aerial_nni.data.pipeline.masks import ColourCode, IndexCode, grey
from aerial_nni.data.pipeline.matching import find_root, match_pairs
from aerial_nni.rasters import ENDINGS

SOURCE = "https://github.com/ishann/aeroscapes"

FACTS = Facts(
    name="aeroscapes",
    classes=("background", "person", "bike", "car", "drone", "boat", "animal", "obstacle",
             "construction", "vegetation", "road", "sky"),
    palette=((0, 0, 0), (192, 128, 128), (0, 128, 1), (128, 128, 128), (128, 0, 0), (1, 0, 128),
             (193, 0, 129), (192, 0, 0), (192, 129, 0), (0, 65, 1), (127, 128, 0), (0, 128, 129)),
    patch=720,
    patch_width=1280,
    resolution="from 5 to 50 m above the ground",
    licence="CC BY-SA 4.0",
    source=SOURCE,
    description="Video frames from low flights of a drone (AeroScapes)",
)  # fmt: skip

LAYOUTS = (("JPEGImages", "SegmentationClass"), ("imgs/imgs", "masks/masks"), ("imgs", "masks"))
"""Where pictures and masks may lie, below the folder of the dataset."""

WANTED = "the folder with `JPEGImages` and `SegmentationClass`, or `imgs` and `masks`, in it"

FRAME = re.compile(r"(.+)_\d+$")
"""A name of which the beginning says the video."""

INDICES = IndexCode({name: (index,) for index, name in enumerate(FACTS.classes)})


@functools.cache
def _colours() -> ColourCode:
    """The colours of the classes, with a table of 16 MB that is made once, and only if needed."""
    return ColourCode(FACTS.colours())


def open_aeroscapes(data_dir: Path) -> Dataset:
    """The dataset in `data_dir`, or in the one folder inside it.

    Samples have the names of the files without their endings, in natural order.

    Raises:
        DatasetMissing: there are no pictures with masks.
    """
    root = find_root(data_dir, lambda folder: _layout(folder) is not None, wanted=WANTED)
    layout = _layout(root)
    assert layout is not None
    images, masks = layout
    found, problems = match_pairs(images, masks, area=str)
    if images.name == "imgs":  # the test's pictures have no masks, and are no mistake
        problems = {name: why for name, why in problems.items() if not why.startswith("no mask")}
    if not found and not problems:
        raise DatasetMissing(f"{images} and {masks} hold no pictures; get them from {SOURCE}")
    videos = [match[1] if (match := FRAME.match(sample.name)) else "" for sample in found]
    samples = tuple(
        dataclasses.replace(sample, area=video or sample.name)
        for sample, video in zip(found, videos, strict=True)
    )
    return Dataset(
        facts=dataclasses.replace(FACTS, nested=any(videos), untold=not all(videos)),
        samples=samples,
        read=_read,
        fingerprint=partial(fingerprint, samples, root, reader="aeroscapes 2"),
        valid=valid_pixels,
        problems=problems,
    )


def _layout(folder: Path) -> tuple[Path, Path] | None:
    """The folders of pictures and masks below this one."""
    for images, masks in LAYOUTS:
        pair = folder / images, folder / masks
        if all(part.is_dir() and _has_pictures(part) for part in pair):
            return pair
    return None


def _has_pictures(folder: Path) -> bool:
    return any(path.suffix.lower() in ENDINGS for path in folder.iterdir())


def _read(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Image (h, w, 3) uint8 and mask (h, w) uint8 of a sample."""
    assert sample.image is not None and sample.mask is not None
    image, valid = read_image(sample.image)
    return image, with_void(_classes(sample.mask), valid)


def _classes(path: Path) -> np.ndarray:
    """The classes (h, w) uint8 of a mask."""
    if not in_colours(path):
        return read_classes(path, INDICES)
    colours, holes = colour_values(path)
    values = grey(colours)
    if values is not None and values.max() < len(FACTS.classes):  # saved as a grey picture
        return INDICES.classes_of(values, path, holes)
    return _colours().classes_of(colours, path, holes)
