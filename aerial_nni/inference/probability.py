"""How sure a model is: the probability of the chosen class, and of every class, as rasters.

They are the softmax of the logits after these were blended where tiles overlap, so a pixel in an
overlap has one probability, that of its blended logits. The class of the mask is that with the
highest. A network is usually surer than it is right: they order pixels by doubt, but say nothing
of how often the model errs unless they are compared with labels.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from rasterio.windows import Window

from aerial_nni.data.dataset import VOID
from aerial_nni.inference.raster_files import raster_file
from aerial_nni.inference.resume import TAG
from aerial_nni.inference.scene import Scene

LEVELS = 254
"""The 8-bit value of certainty; 255 is void."""

DTYPES = ("uint8", "float32")

WriteShares = Callable[[int, int, np.ndarray, np.ndarray | None], None]
"""Writes probabilities (bands, h, w) from y, x on; the last says which pixels are not void."""


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of the classes, (classes, h, w) float32."""
    shares: np.ndarray = np.exp(logits - logits.max(axis=0))
    shares /= shares.sum(axis=0)
    return shares


def highest_share(logits: np.ndarray) -> np.ndarray:
    """The probability of the class with the highest logit, (classes, h, w) -> (1, h, w) float32."""
    top = logits.max(axis=0)
    total = np.zeros_like(top)
    for one in logits:
        total += np.exp(one - top)
    share: np.ndarray = (1 / total)[None]
    return share


@contextmanager
def shares_file(
    target: Path,
    scene: Scene,
    names: Sequence[str],
    *,
    dtype: Literal["uint8", "float32"] | str = "uint8",
    cog: bool = False,
    mark: str = "",
) -> Iterator[WriteShares]:
    """Writes a raster of probabilities, window by window, with a band for each name.

    In 8 bits a probability is the value by `LEVELS`, which the file says as its scale, and void is
    255; as float32 void is NaN. A `mark` says what made it.

    Raises:
        NotWritten: the disk is full, or the file cannot be written for another reason.
    """
    whole = dtype == "uint8"
    void = VOID if whole else np.nan
    overviews = "average" if cog else ""
    with raster_file(
        target,
        scene,
        dtype=dtype,
        nodata=void,
        count=len(names),
        overviews=overviews,
        tags={TAG: mark} if mark else {},
    ) as file:
        for band, name in enumerate(names, start=1):
            file.set_band_description(band, name)
        if whole:
            file.scales = [1 / LEVELS] * len(names)

        def write(y: int, x: int, shares: np.ndarray, valid: np.ndarray | None) -> None:
            values = np.round(shares * LEVELS).astype(np.uint8) if whole else shares
            if valid is not None:
                values[:, ~valid] = void
            height, width = values.shape[1:]
            file.write(values, window=Window(x, y, width, height))

        yield write
