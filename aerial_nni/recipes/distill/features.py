"""Forward pass that returns logits and the features which `pair` compares."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from aerial_nni.config.options import BadOption
from aerial_nni.data.dataset import VOID
from aerial_nni.recipes.distill.losses import ModelOutput, pooled
from aerial_nni.recipes.distill.options import DistillOptions, parse_kind


def layer_of(options: DistillOptions) -> str:
    """The layer whose features the options' kinds compare; empty where none does."""
    names = {name for _, name in parse_kind(options.kind)}
    return options.layers if "pair" in names else ""


def look(model: nn.Module, images: Tensor, masks: Tensor, *, layer: str) -> ModelOutput:
    """What `model` says of `images`, with the features of `layer` pooled where it is not empty.

    Raises:
        BadOption: the model has no such layer.
    """
    if layer in ("", "logits"):
        logits = model(images)
        features = logits
    else:
        with _kept(model, layer) as outputs:
            logits = model(images)
        features = outputs[-1]
    if not layer:
        return ModelOutput(logits)
    return ModelOutput(logits, pooled(features.float(), masks != VOID))


@contextmanager
def _kept(model: nn.Module, layer: str) -> Iterator[list[Tensor]]:
    """The outputs of a layer during the block; of several levels the coarsest, the last.

    Of a layer that is a list of modules the one that runs last counts.
    """
    module = getattr(model, layer, None)
    if not isinstance(module, nn.Module):
        raise BadOption(f"a {type(model).__name__} has no {layer}; give --layers logits")
    outputs: list[Tensor] = []

    def keep(_: nn.Module, __: Any, output: Any) -> None:
        outputs.append(output[-1] if isinstance(output, (list, tuple)) else output)

    parts = module if isinstance(module, nn.ModuleList) else [module]
    hooks = [part.register_forward_hook(keep) for part in parts]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()
