"""An opened picture: its bands, its values and which of its pixels show something."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.windows import Window

from aerial_nni.rasters import validity
from aerial_nni.rasters.decoding import by_pillow, decoded
from aerial_nni.rasters.headers import check_upright
from aerial_nni.rasters.opening import (
    SETTINGS,
    RasterUnusable,
    decoding,
    open_raster,
    opened,
    unpacked_bytes,
)

MOST_PAGES = 500
"""Pages of a TIFF that are opened as bands."""

COLOURS = (None, "YCbCr", "RGB")
"""Spaces of colours that come out as red, green and blue without a guess."""

INDICES = ("uint8", "uint16")
"""Types of a palette picture's pixels; in others the table means nothing to a reader."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A file that is open, and how its pixels are read."""

    path: Path
    dataset: Any
    """GDAL's. Of a TIFF of several pages, the first one."""
    pages: tuple[Any, ...] = ()
    """Of a TIFF of several pages of one band: all of them; each page is a band."""
    palette: np.ndarray | None = None
    """Of a palette picture: colour and alpha of each index, (n, 4) uint8."""

    @cached_property
    def whole(self) -> np.ndarray | None:
        """All its pixels (h, w, bands), where they are decoded at once."""
        return decoded(self.path) if by_pillow(self.dataset) else None

    @property
    def has_holes(self) -> bool:
        """Whether some pixels may show nothing: False where the header knows better."""
        flags = [own for page in self._pages for own in page.mask_flag_enums]
        palette = self.palette is not None and bool((self.palette[:, 3] == 0).any())
        alpha = len(self.seen) < self.count
        return palette or alpha or any(own != [MaskFlags.all_valid] for own in flags)

    @property
    def depths(self) -> list[str]:
        """The types of its bands, each once; the colours of a palette have 8 bits."""
        if self.palette is not None:
            return ["uint8"]
        return sorted({kind for page in self._pages for kind in page.dtypes})

    @property
    def count(self) -> int:
        """Its bands, with those of transparency; a palette counts as one."""
        return sum(page.count for page in self._pages)

    @property
    def unpacked(self) -> int:
        """Bytes of all its pixels."""
        return sum(unpacked_bytes(page) for page in self._pages)

    @property
    def seen(self) -> tuple[int, ...]:
        """Numbers of its bands, from 1, without transparency."""
        if self.pages:
            return tuple(range(1, self.count + 1))
        kinds = enumerate(self.dataset.colorinterp, start=1)
        return tuple(band for band, kind in kinds if kind != ColorInterp.alpha)

    @property
    def _pages(self) -> tuple[Any, ...]:
        return self.pages or (self.dataset,)

    def bands_for(self, wanted: int) -> tuple[int, ...] | None:
        """Numbers of the bands that are read where `wanted` are; None where it has others.

        Transparency is none of them, unless just so many are wanted.
        """
        if self.palette is not None:
            return (1,) if wanted == 3 else None
        every = tuple(range(1, self.count + 1))
        return next((bands for bands in (self.seen, every) if len(bands) == wanted), None)

    def image(
        self, bands: Sequence[int], window: Window | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Pixels (h, w, bands) of an image or of a part, and which show something, (h, w).

        A palette picture gives its colours. The second is None where every pixel does.
        """
        with decoding(self.path):
            values = self.values(bands, window)
            void = validity.anywhere(self.masked(bands, window), self.unset(values, bands))
        if self.palette is not None:
            values = self.palette[..., :3][values[..., 0]]
        return values, None if void is None or not void.any() else ~void

    def values(self, bands: Sequence[int], window: Window | None = None) -> np.ndarray:
        """Values (h, w, bands) as they stand in the file."""
        if self.whole is not None:
            part = self.whole if window is None else self.whole[window.toslices()]
            as_it_is = tuple(bands) == tuple(range(1, self.count + 1))
            return part.copy() if as_it_is else part[..., np.array(bands) - 1]
        if self.pages:
            return np.stack([self._band(band, window=window) for band in bands], axis=2)
        height, width = self.dataset.shape if window is None else (window.height, window.width)
        values = np.empty((height, width, len(bands)), self.dataset.dtypes[bands[0] - 1])
        self.dataset.read(list(bands), out=values.transpose(2, 0, 1), window=window)
        return values

    def smaller(self, bands: Sequence[int], shape: tuple[int, int]) -> np.ndarray:
        """The whole picture, (*shape, bands), for the eye."""
        how = Resampling.average if self.palette is None else Resampling.nearest
        with decoding(self.path):
            values = np.stack(
                [self._band(band, out_shape=shape, resampling=how) for band in bands], axis=2
            )
        return values if self.palette is None else self.palette[..., :3][values[..., 0]]

    def _band(self, band: int, **what: Any) -> np.ndarray:
        """What GDAL reads of a band."""
        dataset, number = (self.pages[band - 1], 1) if self.pages else (self.dataset, band)
        values: np.ndarray = dataset.read(number, **what)
        return values

    def masked(self, bands: Sequence[int], window: Window | None = None) -> np.ndarray | None:
        """Where a mask or transparency hides what is there, (h, w); None where it has neither."""
        return validity.masked(self.dataset, (1,) if self.pages else bands, window)

    def unset(self, values: np.ndarray, bands: Sequence[int]) -> np.ndarray | None:
        """Where the values of these bands are its word for nothing; None where it has none."""
        nodata = [value for page in self._pages for value in page.nodatavals]
        return validity.unset(values, [nodata[band - 1] for band in bands], self.palette)


@contextmanager
def open_picture(path: Path, driver: str = "") -> Iterator[Picture]:
    """A file's picture. With `driver`, GDAL's of this name reads it: see `open_raster`.

    Raises:
        RasterUnusable: with what to type next.
    """
    with rasterio.Env(**SETTINGS), ExitStack() as files:
        dataset = files.enter_context(open_raster(path, driver))
        with decoding(path):
            check_upright(path, dataset.driver)
            _check_colours(path, dataset)
            names = dataset.subdatasets if dataset.driver == "GTiff" else []
            _check_number(path, names)
            pages = tuple(files.enter_context(opened(name)) for name in _in_order(names))
            _check_pages(path, pages)
            palette = _palette(dataset)
        yield Picture(path=path, dataset=dataset, pages=pages, palette=palette)


def _check_colours(path: Path, dataset: Any) -> None:
    """Raises `RasterUnusable` for colours that are no red, green and blue."""
    space = dataset.tags(ns="IMAGE_STRUCTURE").get("SOURCE_COLOR_SPACE")
    if space not in COLOURS:
        raise RasterUnusable(f"{path} has colours in {space}; save it as RGB")


def _in_order(names: Sequence[str]) -> list[str]:
    """Names of pages, `GTIFF_DIR:2:/a.tif` before `GTIFF_DIR:10:/a.tif`."""
    return sorted(names, key=lambda name: int(name.split(":")[1]))


def _check_number(path: Path, pages: Sequence[Any]) -> None:
    """Raises `RasterUnusable` for more pages than a picture has bands."""
    if len(pages) > MOST_PAGES:
        raise RasterUnusable(f"{path} has {len(pages)} pages; save one image per file")


def _check_pages(path: Path, pages: Sequence[Any]) -> None:
    """Raises `RasterUnusable` unless pages are bands of one picture."""
    kinds = {(page.count, page.shape, page.dtypes) for page in pages}
    if len(kinds) > 1 or any(page.count > 1 for page in pages):
        raise RasterUnusable(f"{path} has {len(pages)} pages; save one image per file")


def _palette(dataset: Any) -> np.ndarray | None:
    """Colour and alpha of each index of a palette picture, (n, 4) uint8, else None."""
    if dataset.colorinterp != (ColorInterp.palette,) or dataset.dtypes[0] not in INDICES:
        return None
    table = np.zeros((1 << 8 * np.dtype(dataset.dtypes[0]).itemsize, 4), np.uint8)
    table[:, 3] = 255
    for index, colour in dataset.colormap(1).items():
        table[index] = colour
    return table
