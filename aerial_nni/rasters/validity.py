"""Which pixels of a picture show something.

A file may say in five ways that a pixel shows nothing. They are alike, and add up:

- **nodata**: the value of every band that is read is that band's nodata, NaN too. The transparent
  colour of a PNG without an alpha band (tRNS) is one.
- **transparent palette entry**: the pixel's index has an alpha of 0.
- **mask**: an internal one, a `.msk` file, or the one appended to a JPEG.
- **alpha**: 0 in a band of transparency, unless that band is itself read as a value. Pixels that
  show through in part count.

The first two are values of the file, and a list of classes may give such a value a meaning. The
others are not.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.windows import Window


def anywhere(*found: np.ndarray | None) -> np.ndarray | None:
    """Where one of some arrays is true; None is nowhere."""
    known = [one for one in found if one is not None]
    return np.logical_or.reduce(known) if known else None


def masked(dataset: Any, bands: Sequence[int], window: Window | None) -> np.ndarray | None:
    """Where a mask or an alpha band that is not read says that nothing is, (h, w); None if none."""
    found = [dataset.read(band, window=window) == 0 for band in _alphas(dataset, bands)]
    flags = [dataset.mask_flag_enums[band - 1] for band in bands]
    if any(MaskFlags.per_dataset in own and MaskFlags.alpha not in own for own in flags):
        found.append(dataset.read_masks(bands[0], window=window) == 0)
    elif not any(flags):  # a .msk file with a mask for each band
        own = [dataset.read_masks(band, window=window) == 0 for band in bands]
        found.append(np.logical_and.reduce(own))
    return anywhere(*found)


def _alphas(dataset: Any, bands: Sequence[int]) -> list[int]:
    """Numbers of the bands of transparency that are not among those that are read."""
    kinds = enumerate(dataset.colorinterp, start=1)
    return [band for band, kind in kinds if kind == ColorInterp.alpha and band not in bands]


def unset(
    values: np.ndarray, nodata: Sequence[float | None], palette: np.ndarray | None
) -> np.ndarray | None:
    """Where values (h, w, bands) are themselves the word for nothing, (h, w); None if none can be.

    `nodata` has one for each band. `palette` has the colour and alpha of each index, (n, 4).
    """
    found = []
    if None not in nodata:
        own = [_equal(values[..., i], value) for i, value in enumerate(nodata)]
        found.append(np.logical_and.reduce(own))
    if palette is not None and (palette[:, 3] == 0).any():
        found.append((palette[:, 3] == 0)[values[..., 0]])
    return anywhere(*found)


def _equal(values: np.ndarray, nodata: Any) -> np.ndarray:
    """Where values are nodata; all NaN are alike."""
    equal: np.ndarray = np.isnan(values) if np.isnan(nodata) else values == nodata
    return equal
