"""Aerial imagery of Dubai: 72 images of 8 tiles in six classes, by MBRSC and Humans in the Loop.

    Tile 1/images/image_part_001.jpg    8-bit RGB
    Tile 1/masks/image_part_001.png     RGB or palette PNG, one colour per class
    ...
    Tile 8/masks/image_part_009.png
    classes.json                        not read: its colours are not those of the masks

The masks of tiles 2 and 4 are palette pictures whose index order differs from file to file, so
colours are read, never indices. Nine masks have pixels that are black, (0, 0, 0), which is no
class: 552,156 of them in all. They are void. Any other colour is an error.

Source: https://www.kaggle.com/datasets/humansintheloop/semantic-segmentation-of-aerial-imagery
"""

from functools import partial
from pathlib import Path

import numpy as np

from aerial_nni.data.dataset import Dataset, DatasetMissing, Facts, Sample
from aerial_nni.data.pipeline.hashing import fingerprint
from aerial_nni.data.pipeline.image_reading import read_classes, read_image
from aerial_nni.data.pipeline.masks import ColourCode
from aerial_nni.data.pipeline.matching import find_root, match_pairs, natural

SOURCE = "https://www.kaggle.com/datasets/humansintheloop/semantic-segmentation-of-aerial-imagery"

FACTS = Facts(
    name="dubai",
    classes=("Building", "Land", "Road", "Vegetation", "Water", "Unlabeled"),
    palette=(
        (60, 16, 152),
        (132, 41, 246),
        (110, 193, 228),
        (254, 221, 58),
        (226, 169, 41),
        (155, 155, 155),
    ),
    patch=256,
    licence="CC0 1.0",
    source=SOURCE,
    description="Satellite images of Dubai by MBRSC, masks by Humans in the Loop",
)

VOID_COLOURS = ((0, 0, 0),)


def open_dubai(data_dir: Path) -> Dataset:
    """The dataset in `data_dir`: the folder with the tiles, or the one above it.

    A tile is an area; samples are named `Tile 1/image_part_001` and in natural order.

    Raises:
        DatasetMissing: there are no tiles there.
    """
    root = find_root(data_dir, _holds_tiles, wanted="the folder with `Tile 1/images` in it")
    samples: list[Sample] = []
    problems: dict[str, str] = {}
    for tile in sorted(root.glob("Tile *"), key=lambda path: natural(path.name)):
        found, bad = match_pairs(
            tile / "images", tile / "masks", area=_tile, prefix=f"{tile.name}/"
        )
        samples += found
        problems |= bad
    if not samples and not problems:
        raise DatasetMissing(f"the tiles in {root} hold no pictures; get the dataset from {SOURCE}")
    code = ColourCode(FACTS.colours(), void=VOID_COLOURS)
    return Dataset(
        facts=FACTS,
        samples=tuple(samples),
        read=partial(_read, code=code),
        fingerprint=partial(fingerprint, tuple(samples), root, reader="dubai 1"),
        problems=problems,
    )


def _holds_tiles(folder: Path) -> bool:
    return any(folder.glob("Tile */images"))


def looks_like_dubai(folder: Path) -> bool:
    """Whether `open_dubai` would look for tiles here."""
    return any(_holds_tiles(place) for place in (folder, *folder.glob("*/")))


def _tile(name: str) -> str:
    """The tile of a sample's name."""
    return name.split("/", maxsplit=1)[0]


def _read(sample: Sample, *, code: ColourCode) -> tuple[np.ndarray, np.ndarray]:
    """Image (h, w, 3) uint8 and mask (h, w) uint8 of a sample."""
    assert sample.image is not None and sample.mask is not None
    image, valid = read_image(sample.image)
    if valid is not None or image.dtype != np.uint8:
        raise ValueError(f"{sample.image} is not the 8-bit RGB picture that was published")
    return image, read_classes(sample.mask, code)
