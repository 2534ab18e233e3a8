"""What a dataset is: its facts, its samples, and how one sample is read.

Each dataset is one file of this package with a function that finds it in a folder and returns a
`Dataset`. Nothing here decodes a picture before `read` is called.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aerial_nni.config.errors import UserError

if TYPE_CHECKING:
    from aerial_nni.data.pipeline.class_codes import Written

VOID = 255
"""Mask value of pixels that belong to no class. They enter no loss and no score."""


class DatasetMissing(UserError):
    """The dataset is not where it was looked for. The message says where, and what to type next."""


class ClassListMissing(DatasetMissing):
    """A folder has images and masks, and nothing that says what the masks mean."""


class BadSamples(UserError):
    """Some files of a dataset cannot be used. `problems` maps a sample's name to the reason."""

    SHOWN = 50
    """Samples that the message names; `problems` has all."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = dict(problems)
        lines = [f"  {name}: {reason}" for name, reason in self.problems.items()]
        if len(lines) > self.SHOWN:
            lines[self.SHOWN :] = [f"  and {len(lines) - self.SHOWN} more"]
        super().__init__(
            "\n".join([f"{len(self.problems)} sample(s) cannot be used:", *lines])
            + "\nMend the files, or add --skip-bad to go on without these samples."
        )


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is true of a dataset whoever reads it."""

    name: str
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    """RGB 0..255 of each class, in the order of `classes`."""
    written: "Written | None" = None
    """How masks that people get say the classes, if not by their places in `classes`."""
    bands: tuple[str, ...] = ("red", "green", "blue")
    patch: int = 256
    """Height and width of a patch in pixels unless the options say otherwise."""
    patch_width: int = 0
    """Its width where that is not its height."""
    nested: bool = False
    """Whether images of one area show the same ground, as frames of a video do, or map tiles of
    several scales: then only whole areas can be held out."""
    untold: bool = False
    """Whether images may show the same ground and nothing says which: every split is leaky."""
    held_out: str = ""
    """How the names begin of the images that the dataset's makers validate on, if they say so."""
    resolution: str = "unknown"
    licence: str = "unknown"
    source: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        if len(self.classes) != len(self.palette):
            raise ValueError(f"{len(self.classes)} classes but {len(self.palette)} colours")
        if not 2 <= len(self.classes) < VOID:
            raise ValueError(f"{len(self.classes)} classes; 2 to {VOID - 1} are possible")

    def colours(self) -> dict[str, tuple[tuple[int, int, int]]]:
        """The one colour of each class, for masks that say the classes by them."""
        return {name: (colour,) for name, colour in zip(self.classes, self.palette, strict=True)}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One image with its mask: `name` is unique in the dataset, `area` is the ground it shows.

    Samples of one area are neighbours on the ground; the `tile` split never separates them.
    """

    name: str
    area: str
    image: Path | None = None
    mask: Path | None = None
    ground: tuple[float, ...] | None = None
    """Where it lies, if that is known: a, b, c, d, e, f, by which x, y in its pixels are at
    a·x + b·y + c and d·x + e·y + f, in metres of one plane for the whole dataset."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A finding about a file. `fatal` ones keep the data from being used."""

    where: str
    text: str
    mend: str
    """What to do, or to type."""
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.text}; {self.mend}"


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset that was found: facts, samples in a fixed order, and two functions.

    `read(sample)` returns the image, shape (h, w, bands), uint8 or uint16, and the mask, shape
    (h, w), uint8, class indices or `VOID`. It raises `ValueError` with the reason when a file
    cannot be used. `fingerprint()` returns a hex digest of the content of every file, so that a
    changed pixel changes it.
    """

    facts: Facts
    samples: tuple[Sample, ...]
    read: Callable[[Sample], tuple[np.ndarray, np.ndarray]]
    fingerprint: Callable[[], str]
    valid: Callable[[Sample], np.ndarray | None] | None = None
    """Which pixels of a sample's image show something, (h, w) bool, None where all do; the others
    are void in the mask. None for a dataset whose images all show something everywhere."""
    examine: Callable[[], Iterable[Problem]] | None = None
    """All that is wrong with labels that are more than a mask for each image."""
    found: Callable[[], Iterable[str]] | None = None
    """What such labels hold, a sentence each."""
    problems: dict[str, str] = field(default_factory=dict)
    """Samples that were found to be unusable while listing (no mask, no image): name -> reason."""
