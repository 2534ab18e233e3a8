"""Options of a drone trial, on top of those of any trial."""

from dataclasses import dataclass

from aerial_nni.config.options import TrialOptions, option, with_default


@dataclass(frozen=True, kw_only=True)
class DroneOptions(TrialOptions):
    """Options of one trial of DeepLabV3, or of another network, on drone scenes."""

    data: str = with_default("data", "drone-scenes")
    split: str = with_default("split", "tile")
    turn: bool = with_default("turn", False)  # the sky is above
    model: str = with_default("model", "deeplab")
    loss: str = with_default("loss", "log-dice+focal")
    batch: int = with_default("batch", 8)
    lr: float = with_default("lr", 1e-3)
    weight_decay: float = with_default("weight_decay", 1e-4)
    find_lr: int = option(
        0, "steps of the learning-rate finder before training, for its plot; 0: none", low=0
    )
