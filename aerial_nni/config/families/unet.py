"""The U-Net: an encoder, a decoder and skips between them, trained from drawn weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aerial_nni.config.families.family import ModelFamily, NetworkOptions, Shape
from aerial_nni.config.fields import option

NORMS = ("batch", "group", "none")
UPSAMPLINGS = ("transposed", "bilinear")

BY_PICTURE = ("group",)
"""Normalisations that take mean and deviation from the picture, in use as in training."""


@dataclass(frozen=True, kw_only=True)
class UNetOptions(NetworkOptions):
    """Options of a U-Net."""

    width: int = option(16, "channels of the first U-Net level", low=1)
    depth: int = option(4, "times the U-Net halves the size", low=1, high=7)
    norm: str = option("batch", "normalisation after each convolution", choices=NORMS)
    dropout: float = option(0.0, "dropout in each block; one and a half times this at the bottom",
                            low=0.0, high=0.95)  # fmt: skip
    upsampling: str = option("transposed", "way up", choices=UPSAMPLINGS)
    space_to_depth: int = option(
        1,
        "side of the pixel squares folded into channels; 2 is a quarter of the work",
        low=1,
        high=8,
    )


def shape(architecture: Mapping[str, Any]) -> Shape:
    """Of a network of levels, each of half the size of the one before."""
    fold = architecture.get("space_to_depth", 1)
    return Shape(
        stride=fold * 2 ** architecture.get("depth", 4),
        fold=fold,
        sees_all=architecture.get("norm") in BY_PICTURE,
    )


UNET = ModelFamily(
    name="unet",
    title="the U-Net",
    options=UNetOptions,
    network="aerial_nni.models.unet:UNet",
    shape=shape,
    feature_layers=("decoder", "encoder"),
    foldable=True,
)
