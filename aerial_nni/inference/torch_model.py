"""A checkpoint as a function from pixels to logits."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from aerial_nni.data.pipeline.batches import Normalisation, known_type
from aerial_nni.inference.export_wrapper import folded
from aerial_nni.inference.model_card import Card, read_card
from aerial_nni.training.checkpoint import load_checkpoint
from aerial_nni.training.device import autocast, choose_device, choose_precision


class TorchModel:
    """A model of this package on a device, normalising its pixels as in training."""

    def __init__(self, model: nn.Module, card: Card, *, device: torch.device, precision: str):
        self.card = card
        self.device, self.precision = device, precision
        self.model = folded(model.eval()).to(device).to(memory_format=torch.channels_last)
        self.normalisation = Normalisation(mean=card.mean, std=card.std)

    @classmethod
    def load(cls, path: Path, *, device: str = "auto", precision: str = "auto") -> "TorchModel":
        """The model in a checkpoint.

        Raises:
            BadCheckpoint, BadModelFile: the file cannot be used.
            BadOption: the device is not there.
        """
        model, header = load_checkpoint(path)
        place = choose_device(device)
        precision = choose_precision(precision, place)
        return cls(model, read_card(header, path), device=place, precision=precision)

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Raw pixels (h, w, bands) -> logits (classes, h, w) float32."""
        raw = torch.from_numpy(known_type(pixels)).to(self.device)
        with torch.inference_mode(), autocast(self.device, self.precision):
            # (h, w, bands) -> (1, bands, h, w): channels_last without a copy
            images = self.normalisation(raw.permute(2, 0, 1).unsqueeze(0))
            logits = self.model(images)[0]
        # Type and layout in one pass over memory.
        array: np.ndarray = (
            logits.to(torch.float32, memory_format=torch.contiguous_format).cpu().numpy()
        )
        return array
