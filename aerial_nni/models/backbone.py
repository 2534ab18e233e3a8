"""Frozen networks whose features others use: VGG, or the encoder of a U-Net of this package.

Both are stages of convolutions with pooling between them. What is taken is the value that goes into
a ReLU: the convolution's output, after its normalisation where it has one.

Simonyan & Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition":
VGG11 is their table 1, A, and VGG16 is D. Without the fully connected part and the last pooling.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from aerial_nni.config.families.unet import NORMS
from aerial_nni.config.options import BadOption
from aerial_nni.config.schema import Between, OneOf
from aerial_nni.models.initialisation import draw_weights
from aerial_nni.models.unet import Encoder

VGGS = {"vgg11": (1, 1, 2, 2, 2), "vgg16": (2, 2, 3, 3, 3)}
"""Name -> convolutions in each of its five stages."""

WIDTHS = (64, 128, 256, 512, 512)
"""Channels of VGG's stages."""


@dataclass(frozen=True, kw_only=True)
class EncoderSpec:
    """All that is needed to build the encoder of a U-Net again."""

    width: Annotated[int, Between(1, 1 << 16)]
    depth: Annotated[int, Between(1, 7)]
    norm: Annotated[str, OneOf(NORMS)]
    space_to_depth: Annotated[int, Between(1, 8)]


class Backbone(nn.Module):
    """Features of every stage of a frozen network: (b, bands, h, w) in, a tensor for each size out.

    The picture itself comes first, beside the features of its size if there are any. `strides` are
    the pixels of the picture between two values of each tensor, `channels` their channels, and
    `stride` is what height and width must be multiples of.
    """

    def __init__(
        self, stages: Sequence[nn.Sequential], *, bands: int, fold: int, convolutions: str
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.fold = nn.PixelUnshuffle(fold) if fold > 1 else nn.Identity()
        self.every = convolutions == "all"
        taken = [list(_taken(stage)) for stage in stages]
        channels = [sum(found if self.every else found[-1:]) for found in taken]
        strides = [fold * 2**level for level in range(len(stages))]
        self.stride = strides[-1]
        self.with_picture = fold == 1
        if self.with_picture:
            self.channels, self.strides = [bands + channels[0], *channels[1:]], strides
        else:
            self.channels, self.strides = [bands, *channels], [1, *strides]
        draw_weights(self)
        self.requires_grad_(requires_grad=False).eval()

    def train(self, mode: bool = True) -> "Backbone":
        """Nothing: it is frozen, and so are the statistics of its normalisations."""
        return super().train(mode=False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """(b, bands, h, w) -> for each size (b, channels[i], h / strides[i], w / strides[i])."""
        x = self.fold(picture)
        maps = [] if self.with_picture else [picture]
        for level, stage in enumerate(self.stages):
            x = functional.max_pool2d(x, 2) if level else x
            taken = [picture] if self.with_picture and not level else []
            found = []
            for layer in stage.children():
                if isinstance(layer, nn.ReLU):
                    found.append(x)
                    x = functional.relu(x)  # not in place: what was taken stays as it is
                else:
                    x = layer(x)
            maps.append(_joined([*taken, *(found if self.every else found[-1:])]))
        return maps


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """Tensors of one size beside each other, in the type of the last."""
    return torch.cat([part.to(parts[-1].dtype) for part in parts], dim=1)


def _taken(stage: nn.Sequential) -> Iterator[int]:
    """Channels that go into each ReLU of a stage."""
    channels = 0
    for layer in stage:
        if isinstance(layer, nn.Conv2d):
            channels = layer.out_channels
        elif isinstance(layer, nn.ReLU):
            yield channels


def build_backbone(
    name: str, *, bands: int, convolutions: str, encoder: EncoderSpec | None = None
) -> Backbone:
    """The backbone of this name with freshly drawn weights: one of `VGGS`, or `encoder`.

    `convolutions` is one of `CONVOLUTIONS`; `before-pool`: only the last one of each stage.

    Raises:
        BadOption: VGG has three bands, and `encoder` needs to be described.
    """
    if name in VGGS:
        if bands != 3:
            raise BadOption(f"{name} takes three bands, red, green and blue; this has {bands}")
        return Backbone(_vgg_stages(name), bands=3, fold=1, convolutions=convolutions)
    if encoder is None:
        raise BadOption(f"backbone={name!r} is one of {', '.join(VGGS)}, or needs an encoder")
    fold = encoder.space_to_depth
    built = Encoder(bands * fold**2, encoder.width, encoder.depth, norm=encoder.norm, dropout=0.0)
    stages = [nn.Sequential(*block.children()) for block in built.blocks]
    return Backbone(stages, bands=bands, fold=fold, convolutions=convolutions)


def _vgg_stages(name: str) -> list[nn.Sequential]:
    stages, inputs = [], 3
    for count, width in zip(VGGS[name], WIDTHS, strict=True):
        layers: list[nn.Module] = []
        for _ in range(count):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
            inputs = width
        stages.append(nn.Sequential(*layers))
    return stages
