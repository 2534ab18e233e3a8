"""Cutting an image and its mask into patches of one size.

Three ways to treat the ragged edge, where the image is no multiple of the patch:

- `cut`: patches from the top left as long as they fit; the rest is left out.
- `pad`: patches go on over the edge. Beyond it the image is mirrored and the mask is void.
- `shift`: the last row and column move inward to end at the edge, overlapping their neighbours.

With `pad` and `shift` an image that is smaller than a patch is padded; with `cut` it gives none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aerial_nni.data.dataset import VOID


@dataclass(frozen=True, kw_only=True)
class Patch:
    """Where a patch was cut: its image, and the rectangle of that image that it shows, in pixels.

    The rectangle is the valid part: what `pad` added lies below and to the right of it. `digest`
    is that of the whole image's content, so that one picture under two names is recognised.
    """

    image: str
    area: str
    y: int
    x: int
    height: int
    width: int
    digest: str
    ground: tuple[float, ...] | None = None
    """Of the whole image, as in `Sample`."""

    @property
    def place(self) -> str:
        """Where it lies in its image, as split files say it: "y,x"."""
        return f"{self.y},{self.x}"


def starts(length: int, *, patch: int, stride: int, edge: str) -> list[int]:
    """The first pixel of each patch along a side of `length` pixels, ascending.

    `edge` is `cut`, `pad` or `shift`; see the module's description.
    """
    inside = list(range(0, length - patch + 1, stride))
    if edge == "cut" or (inside and inside[-1] + patch == length):
        return inside
    if length <= patch:
        return [0]
    last = inside[-1] + stride if edge == "pad" else length - patch
    return [*inside, last] if last < length else inside


def cut(
    image: np.ndarray, mask: np.ndarray, *, patch: int, stride: int, edge: str, patch_width: int = 0
) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """Yields y, x, the image patch (patch, patch_width, bands) and the mask patch of that size.

    Without `patch_width` patches are square. Neighbours share as many columns as rows.

    `image` has shape (h, w, bands), `mask` (h, w). Patches come row by row. They are views where
    nothing had to be padded.
    """
    height, width = mask.shape
    across = patch_width or patch
    step = stride + across - patch
    for y in starts(height, patch=patch, stride=stride, edge=edge):
        for x in starts(width, patch=across, stride=step, edge=edge):
            window = (slice(y, y + patch), slice(x, x + across))
            yield y, x, *_padded(image[window], mask[window], size=(patch, across))


def _padded(
    image: np.ndarray, mask: np.ndarray, *, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Both grown to a full patch below and to the right: the image mirrored, the mask void."""
    below, right = size[0] - mask.shape[0], size[1] - mask.shape[1]
    if not below and not right:
        return image, mask
    grown = np.pad(image, ((0, below), (0, right), (0, 0)), mode="symmetric")
    return grown, np.pad(mask, ((0, below), (0, right)), constant_values=VOID)
