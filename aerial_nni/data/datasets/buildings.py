"""Building footprints as a folder of map tiles: pictures, and masks of the same names.

    kampala/
        images/    OAM-1238424-1046544-21.png   ...     RGB, or RGBA where part of a tile is empty
        masks/     OAM-1238424-1046544-21.png   ...     0 background; 1 or 255 building

A name that ends in `x-y-zoom` is a tile of the usual web map. Tiles of several zoom levels show
the same ground more than once, so they are grouped: the area of a tile is the tile of the coarsest
zoom in the folder that has it inside. Such a dataset is `nested`: only whole areas are held out.
Where names say nothing, every picture is an area of its own.

Transparent pixels are void.
"""

import dataclasses
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from aerial_nni.data.dataset import Dataset, DatasetMissing, Facts, Sample
from aerial_nni.data.pipeline.hashing import fingerprint
from aerial_nni.data.pipeline.image_reading import index_values, read_image, valid_pixels, with_void
from aerial_nni.data.pipeline.masks import IndexCode
from aerial_nni.data.pipeline.matching import find_root, match_pairs

FACTS = Facts(
    name="buildings",
    classes=("Background", "Building"),
    palette=((222, 218, 208), (60, 16, 152)),
    patch=256,
    description="Pictures with building footprints",
)

OPEN_AERIAL_MAP = dataclasses.replace(
    FACTS,
    licence="imagery CC BY 4.0 (OpenAerialMap), footprints ODbL (OpenStreetMap)",
    source="https://openaerialmap.org",
    description="Map tiles of OpenAerialMap with the building footprints of OpenStreetMap",
)
"""Facts where all names begin with `OAM-`."""

WANTED = "a folder with `images` and `masks` of building footprints in it"

TILE = re.compile(r"(\d+)-(\d+)-(\d+)$")
"""The end of a tile's name: column, row and zoom of the web map."""

DATE = re.compile(r"(?<!\d)(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")
"""The end of a name that says a day; as a tile it would be in the Arctic sea."""

FINEST = 25
"""The largest zoom that there are tiles of."""

CODES = tuple(IndexCode({"Background": (0,), "Building": (value,)}) for value in (1, 255))
"""How masks may say it."""


def open_buildings(data_dir: Path) -> Dataset:
    """The dataset in `data_dir`, or in the one folder inside it.

    Samples have the names of the files without their endings, in natural order.

    Raises:
        DatasetMissing: there are no images and masks.
    """
    root = find_root(data_dir, _holds_pairs, wanted=WANTED)
    found, problems = match_pairs(root / "images", root / "masks", area=str)
    if not found and not problems:
        raise DatasetMissing(f"there are no pictures in {root / 'images'} and {root / 'masks'}")
    areas = ground_of([sample.name for sample in found])
    samples = tuple(
        dataclasses.replace(sample, area=area) for sample, area in zip(found, areas, strict=True)
    )
    facts = OPEN_AERIAL_MAP if all(s.name.startswith("OAM-") for s in samples) else FACTS
    zooms = {zoom for _, _, zoom in (_tile(sample.name) for sample in samples) if zoom}
    return Dataset(
        facts=dataclasses.replace(facts, nested=len(zooms) > 1),
        samples=samples,
        read=_read,
        fingerprint=partial(fingerprint, samples, root, reader="buildings 1"),
        valid=valid_pixels,
        problems=problems,
    )


def _holds_pairs(folder: Path) -> bool:
    return (folder / "images").is_dir() and (folder / "masks").is_dir()


def ground_of(names: Sequence[str]) -> list[str]:
    """The area of each name: the tile of the coarsest zoom among `names` that has it inside."""
    tiles = [_tile(name) for name in names]
    coarsest = min((zoom for _, _, zoom in tiles if zoom), default=0)
    return [
        f"{x >> (zoom - coarsest)}-{y >> (zoom - coarsest)}-{coarsest}" if zoom else name
        for name, (x, y, zoom) in zip(names, tiles, strict=True)
    ]


def _tile(name: str) -> tuple[int, int, int]:
    """Column, row and zoom in a name; zeros where it has none that the web map has."""
    found = TILE.search(name)
    if found and not DATE.search(name):
        column, row, zoom = (int(part) for part in found.groups())
        if zoom <= FINEST and max(column, row) < 2**zoom:
            return column, row, zoom
    return 0, 0, 0


def _read(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Image (h, w, 3) uint8 and mask (h, w) uint8 of a sample."""
    assert sample.image is not None and sample.mask is not None
    image, valid = read_image(sample.image)
    values, holes = index_values(sample.mask)
    code = CODES[int(values.max(initial=0) == 255)]
    mask = code.classes_of(values, sample.mask, holes)
    return image, with_void(mask, valid)
