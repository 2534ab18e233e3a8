"""Features between the places of a map, read bilinearly where they are wanted and nowhere else.

A map of stride t has a value for every t×t pixels, at their centre: pixel p lies at (p + 1/2) / t -
1/2 between its places. Beyond the outer places their values go on. So a map that was upsampled to
the size of the picture (`align_corners=False`) has at a pixel what is read here for it.
*differs:* the reference aligns corners, which shifts coarse maps by up to half a place.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def places(pixels: Tensor, stride: float) -> Tensor:
    """Where pixels lie between the places of a map of this stride."""
    return (pixels + 0.5) / stride - 0.5


def between(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """A map (b, c, h, w) at fractional rows and columns, (b, c, rows, columns): bilinear.

    Beyond the outer places their values go on. Two products of matrices, channels last: on a
    processor many times as fast as gathering the neighbours.
    """
    b, c, h, w = x.shape
    last = x.permute(0, 2, 3, 1)  # (b, c, h, w) -> (b, h, w, c)
    down = _shares(rows, h).to(x.dtype) @ last.reshape(b, h, w * c)  # (b, rows, w*c)
    across = _shares(columns, w).to(x.dtype) @ down.view(b, -1, w, c)  # (b, rows, columns, c)
    return across.permute(0, 3, 1, 2)


def _shares(positions: Tensor, size: int) -> Tensor:
    """How much each of `size` places counts at each position, (positions, size)."""
    inside = positions.clamp(0, size - 1).unsqueeze(1)
    return (1 - (inside - torch.arange(size, device=positions.device)).abs()).clamp_min(0)


def on_grid(x: Tensor, rows: Tensor, columns: Tensor, *, stride: float) -> Tensor:
    """A map (b, c, h, w) at the pixels of some rows and columns, (b, c, rows, columns)."""
    if stride == 1:
        last = x.permute(0, 2, 3, 1)  # (b, c, h, w) -> (b, h, w, c)
        return last.index_select(1, rows).index_select(2, columns).permute(0, 3, 1, 2)
    return between(x, places(rows, stride), places(columns, stride))


def at_pixels(
    maps: Sequence[Tensor], strides: Sequence[int], rows: Tensor, columns: Tensor
) -> Tensor:
    """Features of single pixels of a picture, (pixels, channels of all maps together).

    `maps` are of one picture, (c, h, w) each; `rows` and `columns` (pixels,) say which.
    """
    found = []
    for x, stride in zip(maps, strides, strict=True):
        index, weight = _corners(rows, columns, stride, x.shape[-2:])
        values = x.flatten(1)[:, index].float()  # (c, 4, pixels)
        found.append((values * weight).sum(dim=1).T)  # (pixels, c)
    return torch.cat(found, dim=1)


def over_regions(maps: Sequence[Tensor], strides: Sequence[int], labels: Tensor) -> Tensor:
    """Mean features of the regions of a picture, (regions, channels of all maps together).

    `labels` (h, w) gives each pixel its region, from 0 without gaps. A mean of bilinear features is
    a weighted sum of the places of a map, so nothing of the picture's size is made.
    """
    height, width = labels.shape
    rows = torch.arange(height, device=labels.device).repeat_interleave(width)
    columns = torch.arange(width, device=labels.device).repeat(height)
    regions = labels.flatten().expand(4, -1)
    count = int(labels.max()) + 1
    sizes = torch.bincount(labels.flatten(), minlength=count).unsqueeze(1)
    found = []
    for x, stride in zip(maps, strides, strict=True):
        index, weight = _corners(rows, columns, stride, x.shape[-2:])
        where = torch.stack([regions, index]).flatten(1)
        shape = (count, x.shape[-2] * x.shape[-1])
        weights = torch.sparse_coo_tensor(where, weight.flatten(), shape, check_invariants=False)
        with torch.autocast(x.device.type, enabled=False):
            found.append(torch.sparse.mm(weights.coalesce(), x.flatten(1).T.float()) / sizes)
    return torch.cat(found, dim=1)


def _corners(
    rows: Tensor, columns: Tensor, stride: int, size: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """The four places around each pixel, as numbers in a flat map, and their weights: (4, n)."""
    near = []
    for pixels, length in ((rows, size[0]), (columns, size[1])):
        inside = places(pixels, stride).clamp(0, length - 1)
        lower = inside.floor().long()
        share = inside - lower
        near.append(((lower, 1 - share), ((lower + 1).clamp(max=length - 1), share)))
    index, weight = [], []
    for row, of_row in near[0]:
        for column, of_column in near[1]:
            index.append(row * size[1] + column)
            weight.append(of_row * of_column)
    return torch.stack(index), torch.stack(weight)
