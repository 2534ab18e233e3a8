"""Pure modules: (b, bands, h, w) in, logits (b, classes, h, w) out. Quick to import."""

from typing import TYPE_CHECKING

from aerial_nni.config.families import FAMILIES
from aerial_nni.config.options import TrialOptions
from aerial_nni.models.spec import ModelSpec

if TYPE_CHECKING:  # torch is slow to import
    from torch import nn

__all__ = ["FAMILIES", "ModelSpec", "build_model", "model_spec", "parameter_count"]


def model_spec(options: TrialOptions, *, bands: int, classes: int) -> ModelSpec:
    """The model that `options` ask for, for pictures of `bands` bands and `classes` classes."""
    architecture = options.network.architecture()
    return ModelSpec(model=options.model, bands=bands, classes=classes, options=architecture)


def build_model(options: TrialOptions, *, bands: int, classes: int) -> "nn.Module":
    """A new model with freshly drawn weights, on the processor."""
    return model_spec(options, bands=bands, classes=classes).build()


def parameter_count(model: "nn.Module") -> int:
    """The number of trainable scalars."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
