"""Check within seconds whether a dataset can be trained on."""

import time
from dataclasses import dataclass

import numpy as np
from rasterio.windows import Window

from aerial_nni.data.dataset import VOID, Dataset
from aerial_nni.data.pipeline.cache_builder import OneKind, read_checked
from aerial_nni.rasters import gdal, open_picture

LOOKED_AT = 1024
"""Height and width of the part of an image whose transparency is looked at."""


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What was seen of the samples of a dataset."""

    problems: dict[str, str]
    """Samples that cannot be used, and why."""
    decoded: int
    """Samples whose image and mask were read."""
    sizes: tuple[tuple[int, int], ...]
    """Height and width of those that can be used."""
    count: int
    labelled: int
    """Pixels that have a class."""

    @property
    def none_usable(self) -> bool:
        """Whether everything that was looked at cannot be used."""
        return not self.sizes and (self.decoded > 0 or self.count == 0)

    @property
    def all_void(self) -> bool:
        """Whether no pixel of what can be used has a class: there is nothing to learn."""
        return bool(self.sizes) and not self.labelled and self.decoded == self.count

    @property
    def one_usable(self) -> bool:
        """Whether there is one image alone: it cannot be on both sides of a split."""
        return len(self.sizes) == 1 and self.decoded == self.count

    def too_small(self, dataset: Dataset) -> bool:
        """Whether no image is as large as the dataset's own patches."""
        height = dataset.facts.patch
        width = dataset.facts.patch_width or height
        whole = [size for size in self.sizes if size[0] >= height and size[1] >= width]
        return bool(self.sizes) and not whole and self.decoded == self.count


def look(dataset: Dataset, *, seconds: float) -> Readiness:
    """What is seen of a dataset when its samples are read as training reads them, for so long.

    With 0 seconds none is: only what was found while listing them is known.
    """
    problems, sizes, decoded, labelled = dict(dataset.problems), [], 0, 0
    check_kind = OneKind()
    deadline = time.monotonic() + seconds
    for sample in dataset.samples if seconds else ():
        if time.monotonic() > deadline:
            break
        try:
            image, mask = read_checked(sample, dataset)
            check_kind(sample, image)
            labelled += int(np.count_nonzero(mask != VOID))
            sizes.append((image.shape[0], image.shape[1]))
        except (OSError, ValueError) as error:
            problems[sample.name] = str(error)
        decoded += 1
    return Readiness(
        problems=problems,
        decoded=decoded,
        sizes=tuple(sizes),
        count=len(dataset.samples),
        labelled=labelled,
    )


def unlike_transparency(dataset: Dataset) -> bool:
    """Whether the first image's transparency looks like a band of its own, such as infrared.

    That is so where most of its pixels, in the middle, are neither clear nor opaque.
    """
    path = dataset.samples[0].image if dataset.samples else None
    if path is None:
        return False
    with gdal(), open_picture(path) as picture:
        alpha = sorted(set(range(1, picture.count + 1)) - set(picture.seen))
        if len(alpha) != 1 or len(dataset.facts.bands) != len(picture.seen):
            return False
        height, width = picture.dataset.shape
        rows, columns = min(height, LOOKED_AT), min(width, LOOKED_AT)
        middle = Window((width - columns) // 2, (height - rows) // 2, columns, rows)
        values = picture.values(alpha, middle)
    full = np.iinfo(values.dtype).max if values.dtype.kind == "u" else values.max()
    return bool(np.mean((values != 0) & (values != full)) > 0.5)
