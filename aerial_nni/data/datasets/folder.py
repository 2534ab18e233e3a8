"""A folder of one's own: images, masks, and a list of classes.

    my-town/
        images/    north_1.png  north_2.png  south_1.tif ...
        masks/     north_1.png  north_2.png  south_1.png ...     the same names, any ending
        classes.yaml

A mask's name may have a usual word before or behind it, `north_1_mask.png`. With such words images
and masks may also lie side by side in one folder, `north_1_sat.jpg` by `north_1_mask.png`.

Images are JPEG, PNG or TIFF with 8 or 16 bits and three or more bands, all of the same kind.
Masks are PNG or TIFF that give each pixel's class by colour or by index. `classes.yaml` says by
which; `doctor --draft` writes one from the masks, or paste this and change it:

    classes:
      Building: "#3C1098"
      Road: [110, 193, 228]
      Water: [226, 169, 41]
    void: "#000000"
    area: '^(.+)_[0-9]+$'

`pipeline.class_list.EXAMPLE` shows every key. The area of `north_1` is here `north`: images
of one area are neighbours on the ground. Without a rule every image is an area of its own.

Where the files of all images say where they lie on the Earth, no split has ground on both sides.

Transparent pixels of an image are void: it shows nothing there. The transparency is then dropped,
unless `bands` counts it as a fourth band.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from aerial_nni.config.schema import Name
from aerial_nni.data.dataset import ClassListMissing, Dataset, DatasetMissing, Sample
from aerial_nni.data.datasets.geo.whole_images import placed
from aerial_nni.data.pipeline.class_list import EXAMPLE, FILE, ClassList, read_class_list
from aerial_nni.data.pipeline.hashing import fingerprint
from aerial_nni.data.pipeline.image_reading import (
    other_bands,
    read_classes,
    read_image,
    valid_pixels,
    with_void,
)
from aerial_nni.data.pipeline.masks import ColourCode, IndexCode
from aerial_nni.data.pipeline.matching import find_root, holds_together, match_pairs

WANTED = "a folder with `images` and `masks` in it, or with x_sat.jpg beside x_mask.png"


def open_folder(data_dir: Path, *, packed: Path | None = None) -> Dataset:
    """The dataset in `data_dir`, or in the one folder inside it; `packed` is the zip it came in.

    Samples have the names of the files without their endings, in natural order.

    Raises:
        DatasetMissing: there are no images and masks.
        ClassListMissing: there is no `classes.yaml`.
        ClassListInvalid: `classes.yaml` cannot be used.
    """
    root = find_root(data_dir, holds_pairs, wanted=WANTED)
    if not (root / FILE).is_file():
        raise ClassListMissing(
            f"{root} has no {FILE}, which says what the masks mean. Save this there, changed to "
            f"your classes:\n\n{EXAMPLE}"
        )
    classes = read_class_list(root / FILE, name=_name(root, data_dir, packed))
    images, masks = places_of(root) or (root, root)
    samples, problems = match_pairs(images, masks, area=classes.area_of, naming=classes.naming)
    if not samples and not problems:
        raise DatasetMissing(f"there are no pictures in {images} and {masks}")
    if classes.georeference:
        samples = placed(samples)
    return Dataset(
        facts=classes.facts,
        samples=tuple(samples),
        read=partial(_read, classes=classes, code=classes.code()),
        fingerprint=partial(fingerprint, tuple(samples), root, reader=_reader(classes, samples)),
        valid=partial(valid_pixels, bands=len(classes.facts.bands)),
        problems=problems,
    )


def _name(root: Path, data_dir: Path, packed: Path | None) -> str:
    """The dataset's name where its list gives none: that of its folder, or of its zip."""
    name = packed.stem if packed and root == data_dir else root.resolve().name
    return "folder" if Name().problem(name) else name


def places_of(folder: Path) -> tuple[Path, Path] | None:
    """Where a folder of one's own has its images and its masks; None where it is no such folder."""
    images, masks = folder / "images", folder / "masks"
    if images.is_dir() and masks.is_dir():
        return images, masks
    return (folder, folder) if holds_together(folder) else None


def holds_pairs(folder: Path) -> bool:
    """Whether a folder is one of one's own."""
    return places_of(folder) is not None


def _reader(classes: ClassList, samples: Sequence[Sample]) -> str:
    """All that decides what is read, and where it lies, beside the content of the files."""
    labels = [(label.name, label.values) for label in classes.labels]
    meaning = [labels, classes.void, classes.index_masks]
    grounds = [sample.ground for sample in samples if sample.ground]
    return json.dumps(["folder 2", *meaning, classes.facts.bands, *grounds])


def _read(
    sample: Sample, *, classes: ClassList, code: ColourCode | IndexCode
) -> tuple[np.ndarray, np.ndarray]:
    """Image (h, w, bands) and mask (h, w) uint8 of a sample."""
    assert sample.image is not None and sample.mask is not None
    bands = classes.facts.bands
    image, valid = read_image(sample.image, bands=len(bands))
    if image.shape[2] != len(bands):
        raise other_bands(sample.image, image.shape[2], bands, listed=FILE)
    return image, with_void(read_classes(sample.mask, code), valid)
