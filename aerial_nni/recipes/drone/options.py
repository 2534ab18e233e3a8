"""Options of a trial of DeepLabV3, on top of those of any trial."""

from dataclasses import dataclass

from aerial_nni.config.options import TrialOptions, option, with_default

BACKBONES = ("resnet101", "resnet50", "mobilenet_v3_large")
STAGES = ("layer1", "layer2", "layer3", "layer4")
"""As `models.deeplab` has them, which is slow to import."""

MODELS = ("deeplab", "unet")
COCO, IMAGENET, RANDOM = "coco", "imagenet", "random"


@dataclass(frozen=True, kw_only=True)
class DroneOptions(TrialOptions):
    """Options of one trial of DeepLabV3, or of the U-Net."""

    data: str = with_default("data", "drone-scenes")
    split: str = with_default("split", "tile")
    turn: bool = with_default("turn", False)  # the sky is above
    model: str = option("deeplab", "deeplab, or unet", choices=MODELS)
    loss: str = with_default("loss", "log-dice+focal")
    batch: int = with_default("batch", 8)
    lr: float = with_default("lr", 1e-3)
    weight_decay: float = with_default("weight_decay", 1e-4)

    # The network.
    backbone: str = option("resnet101", "what finds the features", choices=BACKBONES)
    backbone_weights: str = option(
        COCO,
        f"{COCO} (torchvision's, of the whole network), {IMAGENET} (of the backbone), {RANDOM} "
        "(never trained), or a file of such weights or of a DeepLabV3 checkpoint",
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
    thaw: int = option(0, "epochs in which the heads learn alone, before the stages join", low=0)
    recompute: bool = option(
        False, "compute each block twice instead of keeping what is in it: less memory, more time",
    )  # fmt: skip
    find_lr: int = option(
        0, "steps of the learning-rate finder before training, for its plot; 0: none", low=0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model == "deeplab":
            self.refuse_what_unets_have("DeepLabV3", "backbone and head")
