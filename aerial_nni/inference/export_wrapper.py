"""Exported module: takes raw pixels and normalises them itself."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from aerial_nni.inference.model_card import Card, read_card
from aerial_nni.models.superpixels import NotOutsidePython
from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.training.checkpoint import load_checkpoint


class Deployed(nn.Module):
    """Raw pixels (b, bands, h, w) of any type in, logits (b, classes, h, w) float32 out."""

    def __init__(self, model: nn.Module, card: Card) -> None:
        super().__init__()
        self.model = model
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.tensor(card.mean).view(1, -1, 1, 1))
        self.register_buffer("scale", (1 / torch.tensor(card.std)).view(1, -1, 1, 1))
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalises as training does, then asks the model."""
        logits: Tensor = self.model((pixels.float() - self.mean) * self.scale)
        return logits


def deploy(checkpoint: Path) -> tuple[Deployed, dict[str, Any], Card]:
    """The module to export, the checkpoint's header, and the card in it.

    Raises:
        BadCheckpoint, BadModelFile: the file cannot be used.
        NotOutsidePython: the model needs what no exported file has.
    """
    model, header = load_checkpoint(checkpoint)
    if isinstance(model, ZoomOut) and model.superpixel:
        raise NotOutsidePython
    card = read_card(header, checkpoint)
    return Deployed(folded(model), card), {**header, "pixels": card.pixels}, card


def folded(model: nn.Module) -> nn.Module:
    """`model` with each batch normalisation merged into the convolution before it, in place.

    For a model in evaluation mode; what it computes stays the same up to rounding.
    """
    for child in model.children():
        folded(child)
    if isinstance(model, nn.Sequential):
        for i, (first, second) in enumerate(pairwise(list(model))):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                model[i] = fuse_conv_bn_eval(first, second)
                model[i + 1] = nn.Identity()
    return model
