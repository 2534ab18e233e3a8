"""Zoom-out: a shallow classifier on features of a frozen network at every distance of a pixel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aerial_nni.config.families.family import ModelFamily, NetworkOptions, Shape
from aerial_nni.config.families.unet import shape as shape_of_encoder
from aerial_nni.config.fields import BadOption, option

ENCODER = "encoder"
BACKBONES = ("vgg16", "vgg11", ENCODER)
CONVOLUTIONS = ("all", "before-pool")
IMAGENET, RANDOM = "imagenet", "random"


@dataclass(frozen=True, kw_only=True)
class ZoomOutNetOptions(NetworkOptions):
    """Options of a zoom-out network and of its first stage."""

    dropout: float = option(0.5, "dropout after each hidden layer", low=0.0, high=0.95)

    # The frozen network.
    backbone: str = option("vgg16", "whose features: VGG, or the encoder of a U-Net's checkpoint",
                           choices=BACKBONES)  # fmt: skip
    backbone_weights: str = option(
        IMAGENET,
        f"{IMAGENET}, {RANDOM} (never trained), a file of VGG's weights, or for --backbone "
        "encoder a checkpoint",
        builds=False,
    )
    convolutions: str = option(
        "all", "features of all convolutions, or of the last one before each pooling",
        choices=CONVOLUTIONS,
    )  # fmt: skip

    # The classifier.
    hidden: int = option(1024, "width of the classifier's two hidden layers", low=1)
    spacing: int = option(4, "pixels between two that are classified; scores between them are "
                          "interpolated", low=1, high=64)  # fmt: skip
    superpixel: int = option(
        0, "average features over superpixels of about this side in pixels; 0: no superpixels",
        low=0,
    )  # fmt: skip
    samples: int = option(
        3, "pixels drawn in a patch of each class in it, for the first stage", low=1, builds=False
    )
    sample_epochs: int = option(
        40, "passes over these samples (superpixels: over all of them); 0: no first stage", low=0,
        builds=False,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.backbone == ENCODER and self.backbone_weights in ("", IMAGENET, RANDOM):
            raise BadOption(
                f"backbone={ENCODER} is that of a trained U-Net; give its checkpoint, or its "
                "experiment's ID, with --backbone-weights"
            )


def shape(architecture: Mapping[str, Any]) -> Shape:
    """Of the frozen network; pixels are classified each on its own."""
    encoder = architecture.get("encoder")
    return Shape(stride=shape_of_encoder(encoder).stride if encoder else 16)


ZOOMOUT = ModelFamily(
    name="zoomout",
    title="zoom-out",
    options=ZoomOutNetOptions,
    network="aerial_nni.models.zoomout:ZoomOut",
    shape=shape,
    setup="aerial_nni.trials.zoomout_setup:setup",
    looks_first=True,
    weights="aerial_nni.training.zoomout_weights:checks",
)

HEAD = ModelFamily(
    name="zoomout-head",
    title="the classifier of zoom-out",
    options=NetworkOptions,
    network="aerial_nni.models.zoomout:head",
    shape=lambda architecture: Shape(stride=1),
    trained_alone=False,
)
