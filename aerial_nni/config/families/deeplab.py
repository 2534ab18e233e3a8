"""DeepLabV3: a pretrained backbone, atrous convolutions on its last map, and an auxiliary head."""

from dataclasses import dataclass
from typing import Any

from aerial_nni.config.families.family import ModelFamily, NetworkOptions, Shape
from aerial_nni.config.fields import option

BACKBONES = ("resnet101", "resnet50", "mobilenet_v3_large")
STAGES = ("layer1", "layer2", "layer3", "layer4")
"""Stages of a backbone, behind its stem."""

COCO, IMAGENET, RANDOM = "coco", "imagenet", "random"


@dataclass(frozen=True, kw_only=True)
class DeepLabOptions(NetworkOptions):
    """Options of a DeepLabV3."""

    backbone: str = option("resnet101", "what finds the features", choices=BACKBONES)
    backbone_weights: str = option(
        COCO,
        f"{COCO} (torchvision's, of the whole network), {IMAGENET} (of the backbone), {RANDOM} "
        "(never trained), or a file of such weights or of a DeepLabV3 checkpoint",
        builds=False,
    )
    head: int = option(256, "channels of the atrous pyramid; other weights than 256 are drawn",
                       low=8)  # fmt: skip
    auxiliary: float = option(
        0.4, "factor of the loss of the auxiliary head; 0: without that head", low=0.0
    )
    trained: str = option(
        "all", "the first stage of the backbone that learns, with all behind it; heads: no stage",
        choices=("all", *STAGES, "heads"),
    )  # fmt: skip
    thaw: int = option(0, "epochs in which the heads learn alone, before the stages join", low=0,
                       builds=False)  # fmt: skip
    recompute: bool = option(
        False, "compute each block twice instead of keeping what is in it: less memory, more time",
    )  # fmt: skip

    def architecture(self) -> dict[str, Any]:
        """What the network is built from: it has the auxiliary head, or it has not."""
        return {**super().architecture(), "auxiliary": self.auxiliary > 0}


DEEPLAB = ModelFamily(
    name="deeplab",
    title="DeepLabV3",
    options=DeepLabOptions,
    network="aerial_nni.models.deeplab:DeepLab",
    shape=lambda architecture: Shape(stride=16, sees_all=True),  # it pools over the whole picture
    setup="aerial_nni.trials.deeplab_setup:setup",
    weights="aerial_nni.training.deeplab_weights:checks",
)
