"""The table of operations: what each does, how far it sees, and its parameters, by the modules."""

from collections.abc import Callable, Mapping

import torch
from torch import nn

from aerial_nni.models import parameter_count
from aerial_nni.models.operations import DOWN, EDGES, NONE, SKIPS, UP
from aerial_nni.reporting.format import table

MEANINGS = {
    "none": "no connection; stands in the search alone, never in what is derived",
    "skip": "the input as it is",
    "conv3": "convolution",
    "conv5": "convolution",
    "sep3": "separable: a convolution in each channel, then one across channels",
    "sep5": "separable",
    "dil3": "separable, dilated: every second pixel",
    "dil5": "separable, dilated: every second pixel",
    "mb3": "inverted bottleneck: wider, a convolution in each channel, narrower",
    "pool": "maximum of 2×2 pixels, then a 1×1 convolution",
    "strided": "convolution that moves two pixels at a time",
    "transposed": "transposed convolution",
    "bilinear": "1×1 convolution, then bilinear interpolation",
    "shuffle": "1×1 convolution to four times the channels, then sorted into pixels",
    "concat": "both stacked, then a 1×1 convolution to the channels of one",
    "sum": "both added up",
    "drop": "the way up alone",
}
"""Operation -> what it does."""

WHERE: tuple[tuple[str, Mapping[str, Callable[..., nn.Module]], bool], ...] = (
    ("edge", EDGES, False),
    ("way down", DOWN, True),
    ("way up", UP, True),
    ("skip connection", SKIPS, False),
)
"""Kind of place, what is chosen from there, and whether it changes the number of channels."""


def operation_table(*, width: int, depth: int, parts: int = 1) -> str:
    """An operation a row, its parameters at the finest and at the coarsest level it stands at."""
    rows = []
    for where, operations, between in WHERE:
        coarsest = depth if where == "edge" else depth - 1
        for name, make in operations.items():
            counts = []
            for level in (0, coarsest):
                channels = width * 2**level
                sizes = [channels // parts] if where == "edge" else [channels]
                if between:
                    sizes = [channels, 2 * channels]
                    sizes = sizes[::-1] if where == "way up" else sizes
                counts.append(_built(make, *sizes))
            reach = _reach(counts[0]) if where == "edge" and name != NONE else 0
            rows.append(
                [
                    f"`{name}`",
                    where,
                    MEANINGS[name],
                    f"{reach}×{reach}" if reach else "–",
                    *(f"{parameter_count(module):,}" for module in counts),
                ]
            )
    header = ["operation", "stands on", "what it does", "pixels it sees",
              "parameters, finest level", "parameters, coarsest level"]  # fmt: skip
    return table(header, rows, text_columns=3)


def _built(make: Callable[..., nn.Module], *channels: int) -> nn.Module:
    """The operation without memory for its weights."""
    with torch.device("meta"):
        return make(*channels)


def _reach(module: nn.Module) -> int:
    """Pixels that an edge's operation sees in a row: 1 without a convolution."""
    found = 1
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            found += int(part.dilation[0]) * (int(part.kernel_size[0]) - 1)
    return found


def reach_of(name: str) -> int:
    """Pixels that the edge's operation of this name sees in a row."""
    return _reach(_built(EDGES[name], 1))
