"""Zoom-out: each pixel is classified by features of a frozen network at every distance around it.

Mostajabi, Yadollahpour, Shakhnarovich 2015, "Feedforward semantic segmentation with zoom-out
features". All features of a pixel together go through a shallow classifier.

What makes it affordable: the classifier's first layer is linear and acts on each pixel alone, and
so is bilinear upsampling linear, with weights whose sum is 1. The two commute. So the layer is
applied to each map at the map's own size and the results, not the features, are brought to the
points that are classified, and added. The stack of all features, 1.1 GB for a picture of 256×256
under VGG16, is never made.
"""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from aerial_nni.config.schema import Between, fitted
from aerial_nni.models.backbone import EncoderSpec, build_backbone
from aerial_nni.models.bilinear_sampling import between, on_grid, over_regions
from aerial_nni.models.padding import padded
from aerial_nni.models.superpixels import superpixels

Size = Annotated[int, Between(1, 1 << 16)]
Share = Annotated[float, Between(0, 1)]

ROWS = 1024
"""Samples that are measured at a time."""


class Standard(nn.Module):
    """Features brought to mean 0 and deviation 1 with figures measured once."""

    mean: Tensor
    scale: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("scale", torch.ones(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(b, channels, h, w) -> the same."""
        return (x - self.mean).mul_(self.scale)  # in place: features are what fills memory


class Head(nn.Module):
    """The shallow classifier as 1×1 convolutions: two hidden layers, each rectified, with dropout.

    *differs:* the reference drops out in its first stage alone, here it goes on in the second.
    `channels` are those of the maps whose features it takes, together or one map at a time.
    """

    def __init__(
        self, channels: Sequence[Size], classes: int, *, hidden: Size, dropout: Share
    ) -> None:
        super().__init__()
        self.channels = list(channels)
        self.standards = nn.ModuleList(Standard(count) for count in channels)
        self.first = nn.ModuleList(
            nn.Conv2d(count, hidden, 1, bias=place == 0) for place, count in enumerate(channels)
        )
        self.rest = nn.Sequential(
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Conv2d(hidden, hidden, 1),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Conv2d(hidden, classes, 1),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                inputs = sum(channels) if module in list(self.first) else module.in_channels
                nn.init.normal_(module.weight, std=math.sqrt(2 / inputs))  # He et al. 2015, eq. 10
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, features: Tensor) -> Tensor:
        """All features of some pixels, (b, channels of all maps, h, w) -> logits (b, c, h, w)."""
        parts = features.split(self.channels, dim=1)
        logits: Tensor = self.rest(
            reduce(Tensor.add_, (self.part(i, x) for i, x in enumerate(parts)))
        )
        return logits

    def part(self, place: int, x: Tensor) -> Tensor:
        """What one map adds to the first hidden layer, (b, channels[place], h, w) -> hidden."""
        part: Tensor = self.first[place](self.standards[place](x))
        return part

    def standardise(self, features: Tensor) -> None:
        """Measures mean and deviation of every feature over samples (n, channels of all maps).

        A part of the samples at a time: they are many, in half precision. A feature whose values
        that precision does not tell apart carries nothing and stays near 0.
        """
        parts = features.split(ROWS)
        sums = torch.stack([part.float().sum(dim=0) for part in parts])
        mean = sums.sum(dim=0) / len(features)
        squares = torch.stack([(part.float() - mean).square().sum(dim=0) for part in parts])
        deviation = (squares.sum(dim=0) / len(features)).sqrt()
        deviation[deviation <= torch.finfo(torch.float16).eps * mean.abs()] = 1.0
        for standard, part, spread in zip(
            self.standards, mean.split(self.channels), deviation.split(self.channels), strict=True
        ):
            assert isinstance(standard, Standard)
            standard.mean.copy_(part.view(1, -1, 1, 1))
            standard.scale.copy_(1 / spread.view(1, -1, 1, 1))


def head(
    bands: int, classes: int, *, channels: tuple[Size, ...], hidden: Size, dropout: Share
) -> Head:
    """The classifier alone; its `channels` together are the bands that it is shown."""
    return Head(channels, classes, hidden=hidden, dropout=dropout)


class ZoomOut(nn.Module):
    """Pictures of any size, (b, bands, h, w) in, logits (b, classes, h, w) out.

    Every `spacing`-th pixel of every `spacing`-th row is classified; scores between them are
    interpolated. With `superpixel` above 0 features are averaged over superpixels of about that
    side instead, and all pixels of one get its scores.

    `gain` and `shift` turn the bands as they come into those that the backbone was trained on.
    """

    gain: Tensor
    shift: Tensor

    def __init__(
        self,
        bands: int,
        classes: int,
        *,
        backbone: str = "vgg16",
        convolutions: str = "all",
        hidden: Size = 1024,
        dropout: Share = 0.5,
        spacing: Annotated[int, Between(1, 64)] = 4,
        superpixel: Annotated[int, Between(0, 1 << 16)] = 0,
        encoder: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        sizes = fitted(EncoderSpec, encoder, "the encoder") if encoder else None
        self.encoder = build_backbone(
            backbone, bands=bands, convolutions=convolutions, encoder=sizes
        )
        self.head = Head(self.encoder.channels, classes, hidden=hidden, dropout=dropout)
        self.spacing, self.superpixel = spacing, superpixel
        self.register_buffer("gain", torch.ones(1, bands, 1, 1))
        self.register_buffer("shift", torch.zeros(1, bands, 1, 1))

    @property
    def dimension(self) -> int:
        """Features of a pixel."""
        return sum(self.encoder.channels)

    def forward(self, x: Tensor) -> Tensor:
        """(b, bands, h, w) -> (b, classes, h, w)."""
        if self.superpixel:
            return self._over_superpixels(x)
        return padded(self._over_points, x, stride=self.encoder.stride)

    def features(self, x: Tensor) -> list[Tensor]:
        """The backbone's maps for pictures whose sides are multiples of its stride."""
        with torch.no_grad():
            features: list[Tensor] = self.encoder(x * self.gain + self.shift)
            return features

    def _over_points(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        first = min(self.spacing // 2, self.encoder.stride - 1)  # inside the smallest picture
        rows, columns = (
            torch.arange(first, side, self.spacing, device=x.device) for side in (height, width)
        )

        def part(place: int, found: Tensor) -> Tensor:
            stride = self.encoder.strides[place]
            if stride <= self.spacing:  # fewer points than places: the points first
                return self.head.part(place, on_grid(found, rows, columns, stride=stride))
            return on_grid(self.head.part(place, found), rows, columns, stride=stride)

        maps = self.features(x)[::-1]
        # A map is dropped as soon as it is used.
        parts = (part(place, maps.pop()) for place in range(len(maps)))
        logits: Tensor = self.head.rest(reduce(Tensor.add_, parts))
        if self.spacing == 1:
            return logits
        down, right = (
            (torch.arange(side, device=x.device) - first) / self.spacing for side in (height, width)
        )
        return between(logits, down, right)

    def _over_superpixels(self, x: Tensor) -> Tensor:
        maps = self.maps(x)
        out = []
        for number, picture in enumerate(x):
            labels = superpixels(picture, side=self.superpixel)
            means = over_regions([m[number] for m in maps], self.encoder.strides, labels)
            logits = self.head(means[..., None, None])  # (regions, channels, 1, 1)
            out.append(logits.flatten(1)[labels].permute(2, 0, 1))  # (h, w, c) -> (c, h, w)
        return torch.stack(out)

    def maps(self, x: Tensor) -> list[Tensor]:
        """The backbone's maps for pictures of any size, which end beyond a ragged edge."""
        height, width = x.shape[-2:]
        stride = self.encoder.stride
        room = (0, -width % stride, 0, -height % stride)
        return self.features(nn.functional.pad(x, room, mode="replicate"))
