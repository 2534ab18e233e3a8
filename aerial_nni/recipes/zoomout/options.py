"""Options of a zoom-out trial: other defaults than those of any trial."""

from dataclasses import dataclass

from aerial_nni.config.options import TrialOptions, with_default


@dataclass(frozen=True, kw_only=True)
class ZoomOutOptions(TrialOptions):
    """Options of one trial: zoom-out with or without superpixels, or the network beside it."""

    data: str = with_default("data", "building-scenes")
    model: str = with_default("model", "zoomout")
    loss: str = with_default("loss", "ce")
    class_weights: str = with_default("class_weights", "root-frequency")
    epochs: int = with_default("epochs", 10)
    batch: int = with_default("batch", 8)
    optimizer: str = with_default("optimizer", "adam")
    lr: float = with_default("lr", 1e-3)
    weight_decay: float = with_default("weight_decay", 0.0)
