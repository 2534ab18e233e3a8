"""Write predicted masks, and name all outputs of a scene."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rasterio.windows import Window

from aerial_nni.config.options import BadOption
from aerial_nni.config.run_folder import PART
from aerial_nni.data.visualisation import VOID_COLOUR
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.raster_files import NotWritten, raster_file
from aerial_nni.inference.resume import TAG
from aerial_nni.inference.scene import Scene

SPARE = ((255, 255, 255), (255, 0, 255))
"""Colours of void where the usual one is that of a class."""

Write = Callable[[int, int, np.ndarray], None]
"""Writes the classes (h, w) uint8 of the rectangle whose first pixel is at y, x."""


def result_stems(images: Sequence[Path], folder: Path) -> list[Path]:
    """What the names of each image's results begin with: `folder` and the image's name.

    Where two images have one name, they are told apart by the folders they lie in.

    Raises:
        BadOption: two images differ in their ending alone, or one was given twice.
    """
    stems = [Path(image.stem) for image in images]
    if len(set(stems)) < len(stems):
        places = [image.absolute().with_suffix("") for image in images]
        common = os.path.commonpath([place.parent for place in places])
        stems = [place.relative_to(common) for place in places]
    for stem, count in Counter(stems).items():
        if count > 1:
            same = [str(image) for image, own in zip(images, stems, strict=True) if own == stem]
            raise BadOption(
                f"{' and '.join(same)} would have results of the same names; give one of them at a "
                "time, each with a --to of its own"
            )
    return [folder / stem for stem in stems]


def check_free(targets: Iterable[Path]) -> None:
    """Raises `NotWritten` where one of the files is there already."""
    there = [str(target) for target in targets if target.exists()]
    if there:
        raise NotWritten(
            f"{' and '.join(there)} would be replaced; add --overwrite if that is meant, or choose "
            "another place with --to"
        )


@contextmanager
def scratch(stem: Path) -> Iterator[Path]:
    """A folder beside the results, gone when the block ends."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(suffix=PART, prefix=f".{stem.name}.", dir=stem.parent) as folder:
        yield Path(folder)


@contextmanager
def mask_file(
    target: Path, scene: Scene, card: Card, *, cog: bool = False, mark: str = ""
) -> Iterator[Write]:
    """Writes a mask, window by window, that becomes `target` when the block ends without an error.

    It has the scene's size and place, the classes' values, names and colours, void as nodata, and a
    `mark` of what made it.

    Raises:
        NotWritten: the disk is full, or the file cannot be written for another reason.
    """
    written = card.written
    with raster_file(
        target,
        scene,
        dtype=written.dtype,
        nodata=written.void,
        overviews="mode" if cog else "",
        tags={TAG: mark} if mark else {},
    ) as file:
        _describe(file, card)

        def write(y: int, x: int, classes: np.ndarray) -> None:
            height, width = classes.shape
            file.write(written.encoded(classes), 1, window=Window(x, y, width, height))

        yield write


def _describe(file: Any, card: Card) -> None:
    """Writes the name and the colour of each value: as tags, and where it has room as a palette."""
    written = card.written
    for value, name, colour in zip(written.values, card.classes, card.palette, strict=True):
        hexadecimal = "#{:02X}{:02X}{:02X}".format(*colour)
        file.update_tags(1, **{f"class_{value}": name, f"colour_{value}": hexadecimal})
    if written.dtype == "uint8":
        opaque = ((*colour, 255) for colour in card.palette)
        colours = dict(zip(written.values, opaque, strict=True))
        file.write_colormap(1, {**colours, written.void: (*_void_colour(card), 0)})


def _void_colour(card: Card) -> tuple[int, int, int]:
    """The colour of void: the user's own, or one of no class."""
    free = (colour for colour in (VOID_COLOUR, *SPARE) if colour not in card.palette)
    return card.written.void_colour or next(free, VOID_COLOUR)
