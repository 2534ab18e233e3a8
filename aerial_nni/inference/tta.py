"""Test-time augmentation: average over all eight flips and quarter turns of a tile."""

import numpy as np

from aerial_nni.inference import Segmenter


class Turned:
    """The mean logits of a model over the eight positions a square can be laid in."""

    def __init__(self, model: Segmenter) -> None:
        self.model, self.card = model, model.card

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Raw pixels (h, w, bands) -> logits (classes, h, w) float32."""
        total = np.zeros((len(self.card.classes), *pixels.shape[:2]), np.float32)
        for mirrored in (False, True):
            seen = pixels[:, ::-1] if mirrored else pixels
            for turns in range(4):
                logits = self.model(np.ascontiguousarray(np.rot90(seen, turns)))
                upright = np.rot90(logits, -turns, axes=(1, 2))
                total += upright[:, :, ::-1] if mirrored else upright
        return total / 8
