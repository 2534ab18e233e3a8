"""Writing masks: GeoTIFF by windows, PNG from it. A file has its name only when it is complete."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.windows import Window

from aerial_nni.data.dataset import VOID
from aerial_nni.inference.card import Card
from aerial_nni.inference.scene import Scene
from aerial_nni.options import BadOption
from aerial_nni.pictures import VOID_COLOUR
from aerial_nni.results import atomic

BLOCK = 512
"""Height and width of the blocks in which a GeoTIFF is compressed."""

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


@contextmanager
def mask_file(target: Path, scene: Scene, card: Card) -> Iterator[Write]:
    """Writes a mask, window by window, that becomes `target` when the block ends without an error.

    It has the scene's size, CRS, transform and ground control points, the classes' colours, and
    `VOID` as nodata.
    """
    source = scene.dataset
    profile = {
        "driver": "GTiff",
        "dtype": "uint8",
        "count": 1,
        "height": source.height,
        "width": source.width,
        "crs": source.crs,
        "transform": source.transform,
        "nodata": VOID,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "deflate",
        "bigtiff": "if_safer",
    }
    with atomic(target) as temporary:
        with rasterio.open(temporary, "w", **profile) as file:
            if source.gcps[0]:
                file.gcps = source.gcps
            file.write_colormap(1, _colormap(card))
            for index, name in enumerate(card.classes):
                file.update_tags(1, **{f"class_{index}": name})

            def write(y: int, x: int, classes: np.ndarray) -> None:
                height, width = classes.shape
                file.write(classes, 1, window=Window(x, y, width, height))

            yield write
        if target.suffix.lower() == ".png":
            _to_png(temporary)


def _colormap(card: Card) -> dict[int, tuple[int, ...]]:
    """The colour of each class, and that of void."""
    colours = {index: (*colour, 255) for index, colour in enumerate(card.palette)}
    return {**colours, VOID: (*VOID_COLOUR, 0)}


def _to_png(path: Path) -> None:
    """Turns a GeoTIFF into a palette PNG under the same name: the index is the class."""
    png = path.with_name(f"{path.name}.png")
    try:
        with rasterio.Env(GDAL_PAM_ENABLED=False):  # else it leaves an .aux.xml file
            rasterio.shutil.copy(path, png, driver="PNG")
        os.replace(png, path)
    finally:
        png.unlink(missing_ok=True)
