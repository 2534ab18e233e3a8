"""Whether a dataset can be trained on as it lies there, as far as that is seen in some seconds."""

import time
from dataclasses import dataclass

from aerial_nni.data.building import read_checked
from aerial_nni.data.dataset import Dataset


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

    @property
    def none_usable(self) -> bool:
        """Whether everything that was looked at cannot be used."""
        return not self.sizes and (self.decoded > 0 or self.count == 0)

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
    problems, sizes, decoded = dict(dataset.problems), [], 0
    deadline = time.monotonic() + seconds
    for sample in dataset.samples if seconds else ():
        if time.monotonic() > deadline:
            break
        try:
            image, _ = read_checked(sample, dataset)
            sizes.append((image.shape[0], image.shape[1]))
        except (OSError, ValueError) as error:
            problems[sample.name] = str(error)
        decoded += 1
    return Readiness(
        problems=problems, decoded=decoded, sizes=tuple(sizes), count=len(dataset.samples)
    )
