"""Reading scenes by windows: PNG, JPEG, TIFF and a few more that GDAL reads, 8 or 16 bits."""

import difflib
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.env import ensure_env
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from aerial_nni.data.pictures import read_image
from aerial_nni.errors import Explained
from aerial_nni.inference.card import Card
from aerial_nni.options import BadOption

CACHE_MIB = 256
"""Decoded blocks that GDAL may keep; as it comes, it takes a twentieth of the memory."""

JPEG_PIXELS = 2**26
"""JPEG files of up to so many pixels are decoded at once."""

DRIVERS = ("GTiff", "PNG", "JPEG", "JP2OpenJPEG", "WEBP", "BMP", "ENVI")
"""GDAL's drivers for files that hold their pixels themselves and name no other file or address."""

USUAL = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2")
"""Endings of files that these drivers read."""

BESIDE = (".ovr", ".msk", ".aux")
"""Endings of files beside an image that GDAL opens with whatever driver fits."""

SWELLING = 20_000
"""Times its own size that a file of more than `LARGE` bytes of pixels may unpack to."""

LARGE = 1 << 30

PLAIN = ("PNG", "JPEG")
"""Formats of pictures for the eye. All others are rasters, whose masks are GeoTIFF."""


class SceneUnusable(Explained):
    """An image cannot be segmented as it is. The message says why, and what to type next."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An image that was opened, with the bands that the model takes."""

    path: Path
    dataset: Any
    indexes: tuple[int, ...]
    """Numbers of the bands in the file, from 1, in the model's order."""
    colours: np.ndarray | None
    """Of a palette picture: the colour of each index, (256, 3) uint8."""
    holes: bool
    """Whether some pixels may show nothing: nodata, or transparent."""
    decoded: np.ndarray | None = None
    """Of a JPEG: all its pixels (h, w, bands), decoded as for training."""

    @property
    def on_the_ground(self) -> bool:
        """Whether it is a raster, or knows where on the ground it lies."""
        placed = self.dataset.crs or not self.dataset.transform.is_identity
        return self.dataset.driver not in PLAIN or bool(placed)

    def view(self, shape: tuple[int, int]) -> np.ndarray:
        """The whole scene, (*shape, bands), made smaller."""
        palette = self.colours is not None
        how = Resampling.nearest if palette else Resampling.average
        with decoding(self.path):
            return self._pixels(shape, resampling=how)

    def read(self, y: int, x: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Raw pixels (height, width, bands), and which of them show something, (height, width).

        The second is None where every pixel does.
        """
        window = Window(x, y, width, height)
        with decoding(self.path):
            if self.decoded is not None:
                pixels = self.decoded[y : y + height, x : x + width, np.array(self.indexes) - 1]
                return pixels, None
            pixels = self._pixels((height, width), window=window)
            valid = self.dataset.dataset_mask(window=window) > 0 if self.holes else None
        return pixels, None if valid is None or valid.all() else valid

    def _pixels(self, shape: tuple[int, int], **what: Any) -> np.ndarray:
        """What rasterio reads, as (*shape, bands) in the model's order."""
        pixels = np.empty((*shape, len(self.indexes)), self.dataset.dtypes[0])
        self.dataset.read(self.indexes, out=pixels.transpose(2, 0, 1), **what)
        return pixels if self.colours is None else self.colours[pixels[..., 0]]


@contextmanager
def open_scene(
    path: Path, card: Card, bands: Sequence[int] = (), *, driver: str = ""
) -> Iterator[Scene]:
    """An image, checked to be what the model takes.

    `bands` are the numbers of its bands, from 1, in the order of the model's bands; empty where
    the image has just those. With `driver`, GDAL's of this name reads it: see `open_raster`.

    Raises:
        SceneUnusable: with what to type next.
    """
    if path.is_dir():
        raise SceneUnusable(f"{path} is a folder; name the images in it, such as {path}/*.tif")
    if not path.exists():
        raise SceneUnusable(f"{path} does not exist")
    with gdal(), open_raster(path, driver) as dataset:
        _check_pixels(path, dataset, card)
        yield Scene(
            path=path,
            dataset=dataset,
            colours=_colours(dataset),
            indexes=_indexes(path, dataset, card, bands),
            holes=any(MaskFlags.all_valid not in flags for flags in dataset.mask_flag_enums),
            decoded=_decoded(path, dataset),
        )


@ensure_env
def open_raster(path: Path, driver: str = "") -> Any:
    """GDAL's dataset of a regular file whose pixels are in the file itself.

    A virtual raster or a description of a server could name any file or address. With `driver`, one
    that was asked for by its name, it is that driver's affair what it opens.

    Raises:
        SceneUnusable: with what to type next.
    """
    if not path.is_file():
        raise SceneUnusable(f"{path} is no regular file, such as a pipe or a device")
    drivers = [driver] if driver else list(DRIVERS)
    with decoding(path):
        if not driver:
            _check_beside(path)
        dataset = DatasetReader(path.absolute(), driver=drivers)  # rasterio.open takes one alone
    if not driver:
        try:
            _check_whole_in_itself(path, dataset)
        except SceneUnusable:
            dataset.close()
            raise
    return dataset


def check_driver(name: str) -> None:
    """Raises `BadOption` where GDAL has no driver of this name."""
    with rasterio.Env() as env:
        known = env.drivers()
    if name and name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.3)
        meant = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(known))}"
        raise BadOption(f"--driver {name}: GDAL has none of this name; {meant}")


def _check_beside(path: Path) -> None:
    """Raises `SceneUnusable` unless what GDAL opens beside an image, and beside that, is GeoTIFF.

    GDAL compares names of files without regard to case.
    """
    starts = (f"{path.name}.".lower(), f"{path.stem}.aux".lower())
    for name in os.listdir(path.absolute().parent):
        if name.lower().startswith(starts) and name.lower().endswith(BESIDE):
            beside = path.absolute().with_name(name)
            try:
                with rasterio.open(beside, driver="GTiff") as dataset:
                    _check_overviews(beside, dataset)
            except RasterioError as error:
                raise SceneUnusable(
                    f"{path} cannot be used: {beside}, which GDAL would open with it, is no whole "
                    "GeoTIFF; move it away, or if you trust it, name the image's own driver, such "
                    "as --driver GTiff"
                ) from error


def _check_overviews(path: Path, dataset: Any) -> None:
    """Raises `SceneUnusable` for a raster that names another file for its overviews."""
    if "OVERVIEW_FILE" in dataset.tags(ns="OVERVIEWS"):
        raise SceneUnusable(
            f"{path} names another file for its overviews; if you trust it, add "
            f"--driver {dataset.driver}"
        )


def _check_whole_in_itself(path: Path, dataset: Any) -> None:
    """Raises `SceneUnusable` for a raster that names another file, or unpacks to far too much."""
    _check_overviews(path, dataset)
    depth = sum(np.dtype(kind).itemsize for kind in dataset.dtypes)
    unpacked, size = dataset.width * dataset.height * depth, path.stat().st_size
    if unpacked > max(LARGE, SWELLING * size):
        raise SceneUnusable(
            f"{path} has {size} bytes and would unpack to {unpacked}, so it is hardly an image; if "
            f"you trust it, add --driver {dataset.driver}"
        )


@contextmanager
def gdal() -> Iterator[None]:
    """GDAL with bounded memory, and for which a damaged JPEG or PNG is an error."""
    settings = {
        "GDAL_CACHEMAX": CACHE_MIB,
        "GDAL_ERROR_ON_LIBJPEG_WARNING": True,
        "GDAL_PNG_WHOLE_IMAGE_OPTIM": False,  # its short cut says nothing of a file's early end
    }
    with warnings.catch_warnings(), rasterio.Env(**settings):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        # What rasterio 1.4 itself still writes, with affine 3.1.
        warnings.filterwarnings("ignore", "Use `@` matmul", PendingDeprecationWarning)
        yield


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turns what GDAL raises for a bad file into an error that names it."""
    try:
        yield
    except RasterioError as error:
        cause = error.__cause__ or error
        hint = "" if path.suffix.lower() in USUAL else (
            "; a format that names other files or addresses, such as VRT or NITF, is read when it "
            "is asked for: --driver VRT"
        )  # fmt: skip
        raise SceneUnusable(f"{path} cannot be used: {cause}{hint}") from error


def _decoded(path: Path, dataset: Any) -> np.ndarray | None:
    """All pixels (h, w, bands) of a JPEG of moderate size, else None.

    Its colours are stored at half the size, and GDAL enlarges them in another way than the reader
    of training images: a quarter of the pixels differ. A larger one is read by GDAL after all.
    """
    if dataset.driver != "JPEG" or dataset.height * dataset.width > JPEG_PIXELS:
        return None
    try:
        return read_image(path)[0]
    except ValueError as error:
        raise SceneUnusable(str(error)) from error


def _check_pixels(path: Path, dataset: Any, card: Card) -> None:
    """Raises `SceneUnusable` unless the pixels are as deep as those the model was trained on."""
    kinds = sorted(set(dataset.dtypes))
    if kinds != [card.pixels]:
        deep = {"uint8": "8 bits", "uint16": "16 bits"}
        hint = "bring it to the range of the training images, then save it so"
        if kinds == ["uint16"]:
            command = "rio convert --dtype uint8 --scale-ratio 0.0039"
            hint = f"for example: {command} {quote(str(path))} 8-bit.tif"
        raise SceneUnusable(
            f"{path} has {' and '.join(deep.get(kind, kind) for kind in kinds)} per band, but the "
            f"model was trained on {deep[card.pixels]}; {hint}"
        )
    if int(dataset.tags().get("EXIF_Orientation", 1)) != 1:
        raise SceneUnusable(f"{path} is stored turned (EXIF orientation); save it upright")


def _colours(dataset: Any) -> np.ndarray | None:
    """The colours of a palette picture, else None."""
    if dataset.colorinterp != (ColorInterp.palette,):
        return None
    colours = np.zeros((256, 3), np.uint8)
    for index, colour in dataset.colormap(1).items():
        colours[index] = colour[:3]
    return colours


def _indexes(path: Path, dataset: Any, card: Card, bands: Sequence[int]) -> tuple[int, ...]:
    """The bands to read. Transparency is none, unless the model needs that many."""
    wanted, names = len(card.bands), ", ".join(card.bands)
    palette = dataset.colorinterp == (ColorInterp.palette,)
    if palette and wanted != 3:
        raise SceneUnusable(
            f"{path} has a palette, so its pixels are 3 bands, but the model takes {wanted}: "
            f"{names}; save it without a palette"
        )
    if bands:
        if len(bands) != wanted or not all(1 <= band <= dataset.count for band in bands):
            numbers = ",".join(map(str, bands))
            raise SceneUnusable(
                f"--bands {numbers}: the model takes {wanted} bands ({names}), and {path} has the "
                f"bands 1 to {dataset.count}; give {wanted} of these numbers"
            )
        return tuple(bands)
    if palette:
        return (1,)
    seen = [i for i, kind in enumerate(dataset.colorinterp, 1) if kind != ColorInterp.alpha]
    for found in (seen, list(dataset.indexes)):
        if len(found) == wanted:
            return tuple(found)
    example = ",".join(str(min(i, len(seen))) for i in range(1, wanted + 1))
    raise SceneUnusable(
        f"{path} has {len(seen)} bands, but the model takes {wanted}: {names}; say which bands of "
        f"the file these are, such as --bands {example}"
    )
