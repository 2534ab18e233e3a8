"""Writing masks: GeoTIFF by windows, PNG from it. A file has its name only when it is complete."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.windows import Window

from aerial_nni.errors import Explained
from aerial_nni.inference.card import Card
from aerial_nni.inference.scene import Scene
from aerial_nni.options import BadOption
from aerial_nni.pictures import VOID_COLOUR
from aerial_nni.rasters import open_raster
from aerial_nni.results import atomic

BLOCK = 512
"""Height and width of the blocks in which a GeoTIFF is compressed."""


SPARE = ((255, 255, 255), (255, 0, 255))
"""Colours of void where the usual one is that of a class."""

PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
"""The last bytes of every PNG."""


class NotWritten(Explained):
    """A result could not be written. The message says why."""


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
def mask_file(target: Path, scene: Scene, card: Card) -> Iterator[Write]:
    """Writes a mask, window by window, that becomes `target` when the block ends without an error.

    It has the scene's size, CRS, transform, ground control points and rational polynomials, the
    classes' values, names and colours, and void as nodata.

    Raises:
        NotWritten: the disk is full, or the file cannot be written for another reason.
    """
    source = scene.dataset
    profile = {
        "driver": "GTiff",
        "dtype": card.written.dtype,
        "count": 1,
        "height": source.height,
        "width": source.width,
        "crs": source.crs,
        "transform": source.transform,
        "nodata": card.written.void,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "deflate",
        "bigtiff": "if_safer",
    }
    with _writing(target) as temporary:
        with rasterio.open(temporary, "w", **profile) as file:
            if source.gcps[0]:
                file.gcps = source.gcps
            if source.rpcs:
                file.rpcs = source.rpcs
            _describe(file, card)

            def write(y: int, x: int, classes: np.ndarray) -> None:
                height, width = classes.shape
                values = card.written.encoded(classes)
                file.write(values, 1, window=Window(x, y, width, height))

            yield write
        _check_whole(temporary)
        if target.suffix.lower() == ".png":
            _to_png(temporary)


@contextmanager
def _writing(target: Path) -> Iterator[Path]:
    """`atomic`, where what GDAL raises names the file."""
    try:
        with atomic(target) as temporary:
            yield temporary
    except RasterioError as error:
        cause = error.__cause__ or error
        raise NotWritten(f"{target} cannot be written ({cause}); is there room for it?") from error


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


def _check_whole(path: Path) -> None:
    """Raises `RasterioIOError` where blocks of a GeoTIFF are missing.

    What a file lacks that could not be written when it was closed, rasterio 1.4 does not say.
    """
    size = path.stat().st_size
    with open_raster(path) as file:
        for (row, column), _ in file.block_windows(1):
            offset, length = (
                int(file.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=1) or 0)
                for what in ("OFFSET", "SIZE")
            )
            if not 0 < offset <= size - length:
                raise RasterioIOError(f"block {row}, {column} is missing")


def _to_png(path: Path) -> None:
    """Turns a GeoTIFF into a PNG under the same name: values of 8 bits with a palette, or of 16."""
    png = path.with_name(f"{path.name}.png")
    try:
        with rasterio.Env(GDAL_PAM_ENABLED=False):  # else it leaves an .aux.xml file
            try:
                rasterio.shutil.copy(path, png, driver="PNG")
            except Exception as error:  # GDAL's own exceptions have no public base class
                raise RasterioIOError(str(error)) from error
        with png.open("rb") as file:
            file.seek(-len(PNG_END), os.SEEK_END)
            if file.read() != PNG_END:
                raise RasterioIOError("its end is missing")
        os.replace(png, path)
    finally:
        png.unlink(missing_ok=True)
