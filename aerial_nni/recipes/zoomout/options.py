"""Options of a zoom-out trial, on top of those of any trial."""

from dataclasses import dataclass

from aerial_nni.config.options import BadOption, TrialOptions, option, with_default

MODELS = ("zoomout", "unet")
ENCODER = "encoder"
BACKBONES = ("vgg16", "vgg11", ENCODER)
CONVOLUTIONS = ("all", "before-pool")
IMAGENET, RANDOM = "imagenet", "random"


@dataclass(frozen=True, kw_only=True)
class ZoomOutOptions(TrialOptions):
    """Options of one trial: zoom-out with or without superpixels, or the U-Net beside it."""

    data: str = with_default("data", "building-scenes")
    model: str = option("zoomout", "zoomout, or unet, the control", choices=MODELS)
    dropout: float = option(0.5, "dropout after each hidden layer", low=0.0, high=0.95)
    loss: str = with_default("loss", "ce")
    class_weights: str = with_default("class_weights", "root-frequency")
    epochs: int = with_default("epochs", 10)
    batch: int = with_default("batch", 8)
    optimizer: str = with_default("optimizer", "adam")
    lr: float = with_default("lr", 1e-3)
    weight_decay: float = with_default("weight_decay", 0.0)

    # The frozen network.
    backbone: str = option("vgg16", "whose features: VGG, or the encoder of a U-Net's checkpoint",
                           choices=BACKBONES)  # fmt: skip
    backbone_weights: str = option(
        IMAGENET,
        f"{IMAGENET}, {RANDOM} (never trained), a file of VGG's weights, or for --backbone "
        "encoder a checkpoint",
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
        3, "pixels drawn in a patch of each class in it, for the first stage", low=1
    )
    sample_epochs: int = option(
        40, "passes over these samples (superpixels: over all of them); 0: no first stage", low=0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model != "unet":
            self.refuse_what_unets_have("zoom-out", "backbone and hidden", but=["dropout"])
        if self.backbone == ENCODER and self.backbone_weights in ("", IMAGENET, RANDOM):
            raise BadOption(
                f"backbone={ENCODER} is that of a trained U-Net; give its checkpoint, or its "
                "experiment's ID, with --backbone-weights"
            )
