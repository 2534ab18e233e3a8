"""The U-Net: an encoder that halves the picture, a decoder that doubles it back, and skips between.

Ronneberger, Fischer, Brox 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation".
*differs:* convolutions keep the size (the paper's shrink it), so the output covers the whole input.
"""

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from aerial_nni.config.families.unet import NORMS, UPSAMPLINGS
from aerial_nni.config.schema import Between, OneOf
from aerial_nni.models.initialisation import draw_weights
from aerial_nni.models.padding import padded


class Block(nn.Sequential):
    """Two 3x3 convolutions, each normalised and rectified, with dropout between them."""

    def __init__(self, inputs: int, outputs: int, *, norm: str, dropout: float) -> None:
        layers: list[nn.Module] = [*_convolution(inputs, outputs, norm)]
        if dropout > 0:
            layers.append(nn.Dropout(dropout))
        layers += _convolution(outputs, outputs, norm)
        super().__init__(*layers)


def _convolution(inputs: int, outputs: int, norm: str) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, padding=1, bias=norm == "none")]
    if norm == "batch":
        layers.append(nn.BatchNorm2d(outputs))
    elif norm == "group":
        layers.append(nn.GroupNorm(_groups(outputs), outputs))
    layers.append(nn.ReLU(inplace=True))
    return layers


def _groups(channels: int) -> int:
    """The largest number of groups up to 8 that divides `channels`."""
    return next(groups for groups in range(8, 0, -1) if channels % groups == 0)


class Encoder(nn.Module):
    """Features of every level, finest first: level i has `width * 2**i` channels at 1/2**i size."""

    def __init__(self, bands: int, width: int, depth: int, *, norm: str, dropout: float) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(depth + 1)]
        self.blocks = nn.ModuleList(
            Block(
                inputs,
                outputs,
                norm=norm,
                # The bottom drops half as much again, as the reference network does (0.2 and 0.3).
                dropout=min(0.95, 1.5 * dropout) if level == depth else dropout,
            )
            for level, (inputs, outputs) in enumerate(
                zip([bands, *channels[:-1]], channels, strict=True)
            )
        )
        self.pool = nn.MaxPool2d(2)
        self.channels = channels

    def forward(self, x: Tensor) -> list[Tensor]:
        """(b, bands, h, w) -> depth + 1 tensors (b, width * 2**i, h / 2**i, w / 2**i)."""
        features = [self.blocks[0](x)]
        for block in self.blocks[1:]:
            features.append(block(self.pool(features[-1])))
        return features


class Up(nn.Module):
    """Twice the size and half the channels: a transposed convolution, or bilinear and 1x1."""

    def __init__(self, inputs: int, outputs: int, *, upsampling: str) -> None:
        super().__init__()
        self.up: nn.Module
        if upsampling == "transposed":
            self.up = nn.ConvTranspose2d(inputs, outputs, 2, stride=2)
        else:
            self.up = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1),
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) -> (b, outputs, 2h, 2w)."""
        features: Tensor = self.up(x)
        return features


class Decoder(nn.Module):
    """From the features of all levels back to the finest one."""

    def __init__(
        self, channels: Sequence[int], *, norm: str, dropout: float, upsampling: str
    ) -> None:
        super().__init__()
        coarse_to_fine = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.ups = nn.ModuleList(
            Up(coarse, fine, upsampling=upsampling) for coarse, fine in coarse_to_fine
        )
        self.blocks = nn.ModuleList(
            Block(2 * fine, fine, norm=norm, dropout=dropout) for _, fine in coarse_to_fine
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Features of all levels, finest first -> (b, channels[0], h, w)."""
        x = features[-1]
        for up, block, skip in zip(self.ups, self.blocks, features[-2::-1], strict=True):
            x = block(torch.cat([up(x), skip], dim=1))
        return x


class UNet(nn.Module):
    """A U-Net for pictures of any size, (b, bands, h, w) in, logits (b, classes, h, w) out.

    With `width=16, depth=4, norm="none", dropout=0.2`, 3 bands and 6 classes it is the network of
    the reference course work: 1,941,190 parameters.

    `space_to_depth=2` folds each 2x2 pixels into channels before the first level and unfolds the
    logits after the last (Shi et al. 2016, "sub-pixel convolution"): a quarter of the work at the
    same width, every pixel still classified on its own.
    """

    def __init__(
        self,
        bands: int,
        classes: int,
        *,
        width: Annotated[int, Between(1, 1 << 16)] = 16,
        depth: Annotated[int, Between(1, 7)] = 4,
        norm: Annotated[str, OneOf(NORMS)] = "batch",
        dropout: Annotated[float, Between(0, 1)] = 0.0,
        upsampling: Annotated[str, OneOf(UPSAMPLINGS)] = "transposed",
        space_to_depth: Annotated[int, Between(1, 8)] = 1,
    ) -> None:
        super().__init__()
        fold = space_to_depth
        self.stride = fold * 2**depth
        self.fold = nn.PixelUnshuffle(fold) if fold > 1 else nn.Identity()
        self.unfold = nn.PixelShuffle(fold) if fold > 1 else nn.Identity()
        self.encoder = Encoder(bands * fold**2, width, depth, norm=norm, dropout=dropout)
        self.decoder = Decoder(
            self.encoder.channels, norm=norm, dropout=dropout, upsampling=upsampling
        )
        self.head = nn.Conv2d(width, classes * fold**2, 1)
        draw_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """(b, bands, h, w) -> (b, classes, h, w). Ragged sizes are padded and cropped back."""
        return padded(self._whole, x, stride=self.stride)

    def _whole(self, x: Tensor) -> Tensor:
        features = self.encoder(self.fold(x))
        decoded = self.decoder(features)
        logits: Tensor = self.unfold(self.head(decoded))
        return logits
