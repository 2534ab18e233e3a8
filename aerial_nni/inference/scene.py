"""Reading scenes by windows: an image, checked to be what the model takes."""

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.windows import Window

from aerial_nni.config.options import BadOption
from aerial_nni.inference.bit_depth import to_8_bits
from aerial_nni.inference.model_card import Card
from aerial_nni.rasters import Picture, gdal, open_picture
from aerial_nni.rasters import RasterUnusable as SceneUnusable

PLAIN = ("PNG", "JPEG")
"""Formats of pictures for the eye. All others are rasters, whose masks are GeoTIFF."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An image that was opened, with the bands that the model takes."""

    path: Path
    picture: Picture
    indexes: tuple[int, ...]
    """Numbers of the bands in the file, from 1, in the model's order."""

    @property
    def dataset(self) -> Any:
        """GDAL's dataset of it."""
        return self.picture.dataset

    @property
    def on_the_ground(self) -> bool:
        """Whether it is a raster, or knows where on the ground it lies."""
        placed = self.dataset.crs or not self.dataset.transform.is_identity
        return self.dataset.driver not in PLAIN or bool(placed)

    def view(self, shape: tuple[int, int]) -> np.ndarray:
        """The whole scene, (*shape, bands), made smaller."""
        return self.picture.smaller(self.indexes, shape)

    def read(self, y: int, x: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Raw pixels (height, width, bands), and which of them show something, (height, width).

        The second is None where every pixel does.
        """
        return self.picture.image(self.indexes, Window(x, y, width, height))


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
    with gdal(), open_picture(path, driver) as picture:
        _check_pixels(path, picture, card)
        yield Scene(path=path, picture=picture, indexes=_indexes(path, picture, card, bands))


def check_driver(name: str) -> None:
    """Raises `BadOption` where GDAL has no driver of this name."""
    with rasterio.Env() as env:
        known = env.drivers()
    if name and name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.3)
        meant = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(known))}"
        raise BadOption(f"--driver {name}: GDAL has none of this name; {meant}")


def _check_pixels(path: Path, picture: Picture, card: Card) -> None:
    """Raises `SceneUnusable` unless the pixels are as deep as those the model was trained on."""
    kinds = picture.depths
    if kinds != [card.pixels]:
        deep = {"uint8": "8 bits", "uint16": "16 bits"}
        hint = "bring it to the range of the training images, then save it so"
        if kinds == ["uint16"]:
            hint = to_8_bits(path, picture) or hint
        raise SceneUnusable(
            f"{path} has {' and '.join(deep.get(kind, kind) for kind in kinds)} per band, but the "
            f"model was trained on {deep[card.pixels]}; {hint}"
        )


def _indexes(path: Path, picture: Picture, card: Card, bands: Sequence[int]) -> tuple[int, ...]:
    """The bands to read. Transparency is none, unless the model needs that many."""
    wanted, names = len(card.bands), ", ".join(card.bands)
    if picture.palette is not None and wanted != 3:
        raise SceneUnusable(
            f"{path} has a palette, so its pixels are 3 bands, but the model takes {wanted}: "
            f"{names}; save it without a palette"
        )
    if bands:
        if len(bands) != wanted or not all(1 <= band <= picture.count for band in bands):
            numbers = ",".join(map(str, bands))
            raise SceneUnusable(
                f"--bands {numbers}: the model takes {wanted} bands ({names}), and {path} has the "
                f"bands 1 to {picture.count}; give {wanted} of these numbers"
            )
        return tuple(bands)
    found, seen = picture.bands_for(wanted), len(picture.seen)
    if found is not None:
        return found
    if seen == 1 and wanted == 3:
        raise SceneUnusable(
            f"{path} has 1 band, but the model takes 3: {names}; where it is grey, give "
            "--bands 1,1,1"
        )
    if seen < wanted:  # one band in place of another would be taken for what it is not
        raise SceneUnusable(
            f"{path} has {seen} bands, but the model takes {wanted}: {names}; give a file that has "
            "all of them, or a model that was trained on the bands of this one"
        )
    example = ",".join(map(str, range(1, wanted + 1)))
    raise SceneUnusable(
        f"{path} has {seen} bands, but the model takes {wanted}: {names}; say which bands of "
        f"the file these are, in this order: --bands {example} where they are the first ones"
    )
