"""Operations that a searched U-Net chooses from: on an edge, on the way down and up, at a skip.

Convolutions follow Liu, Simonyan, Yang 2019, "DARTS": ReLU, convolution, batch norm, so that what
edges bring to a node can be added. *differs:* a separable convolution is applied once, not twice;
plain convolutions and an inverted bottleneck (Sandler et al. 2018) stand beside it, pooling on
edges does not. *differs:* batch norm learns its scale and shift in the search too, where that
of the paper has none, so that no operation can make up for its weight by its scale.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

EXPANSION = 2
"""Times an inverted bottleneck widens."""


class Zero(nn.Module):
    """No connection: zeros like the input."""

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        return torch.zeros_like(x)


class Convolved(nn.Sequential):
    """ReLU, a convolution and batch norm: (b, inputs, h, w) -> (b, outputs, h, w)."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        )


class Depthwise(nn.Conv2d):
    """A convolution in each channel; keeps the shape.

    On a processor it runs in fp32 under AMP where it is dilated: in bf16 and channels last the
    gradient of such weights is memory that nobody wrote (oneDNN in torch 2.15; nearly 0, 1e36 or
    NaN). That is no slower there. `tests/models/test_operations.py` fails without it where it is
    needed.
    """

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        reach = dilation * (kernel // 2)
        super().__init__(
            channels, channels, kernel, 1, reach, dilation, groups=channels, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        if self.dilation == (1, 1) or not (x.is_cpu and torch.is_autocast_enabled("cpu")):
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float())


class Separable(nn.Sequential):
    """ReLU, a convolution in each channel, one across channels, batch norm; keeps the shape."""

    def __init__(self, channels: int, kernel: int, dilation: int = 1) -> None:
        super().__init__(
            nn.ReLU(),
            Depthwise(channels, kernel, dilation),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )


class InvertedBottleneck(nn.Sequential):
    """Wider by 1x1, a 3x3 convolution in each channel, narrower by 1x1; keeps the shape."""

    def __init__(self, channels: int) -> None:
        wide = EXPANSION * channels
        super().__init__(
            Convolved(channels, wide),
            nn.ReLU(),
            nn.Conv2d(wide, wide, 3, 1, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            Convolved(wide, channels),
        )


class Joined(nn.Module):
    """The way up beside the skip connection, brought back to as many channels as either has."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.join = Convolved(2 * channels, channels)

    def forward(self, up: Tensor, skip: Tensor) -> Tensor:
        """Two of (b, c, h, w) -> (b, c, h, w)."""
        joined: Tensor = self.join(torch.cat([up, skip], dim=1))
        return joined


class Added(nn.Module):
    """The sum of the way up and the skip connection."""

    def forward(self, up: Tensor, skip: Tensor) -> Tensor:
        """Two of (b, c, h, w) -> (b, c, h, w)."""
        return up + skip


class Dropped(nn.Module):
    """The way up alone."""

    def forward(self, up: Tensor, skip: Tensor) -> Tensor:
        """Two of (b, c, h, w) -> (b, c, h, w)."""
        return up


NONE, SKIP = "none", "skip"

EDGES: Mapping[str, Callable[[int], nn.Module]] = {
    NONE: lambda c: Zero(),
    SKIP: lambda c: nn.Identity(),
    "conv3": lambda c: Convolved(c, c, 3),
    "conv5": lambda c: Convolved(c, c, 5),
    "sep3": lambda c: Separable(c, 3),
    "sep5": lambda c: Separable(c, 5),
    "dil3": lambda c: Separable(c, 3, dilation=2),
    "dil5": lambda c: Separable(c, 5, dilation=2),
    "mb3": InvertedBottleneck,
}
"""Of c channels, on an edge between two nodes of a block: (b, c, h, w) -> (b, c, h, w)."""

DOWN: Mapping[str, Callable[[int, int], nn.Module]] = {
    "pool": lambda i, o: nn.Sequential(nn.MaxPool2d(2), Convolved(i, o)),
    "strided": lambda i, o: Convolved(i, o, 3, stride=2),
}
"""From i to o channels, down a level: (b, i, h, w) -> (b, o, h / 2, w / 2)."""

UP: Mapping[str, Callable[[int, int], nn.Module]] = {
    "transposed": lambda i, o: nn.Sequential(
        nn.ReLU(), nn.ConvTranspose2d(i, o, 2, stride=2, bias=False), nn.BatchNorm2d(o)
    ),
    "bilinear": lambda i, o: nn.Sequential(
        Convolved(i, o), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    ),
    "shuffle": lambda i, o: nn.Sequential(Convolved(i, 4 * o), nn.PixelShuffle(2)),
}
"""From i to o channels, up a level: (b, i, h, w) -> (b, o, 2h, 2w)."""

SKIPS: Mapping[str, Callable[[int], nn.Module]] = {
    "concat": Joined,
    "sum": lambda c: Added(),
    "drop": lambda c: Dropped(),
}
"""What becomes of a U-Net's skip connection of c channels where the way up meets it."""
