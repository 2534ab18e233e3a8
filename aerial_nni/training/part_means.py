"""Means of the parts of a loss over an epoch, as columns of its history."""

from collections.abc import Mapping

import torch
from torch import Tensor

LABELS = "labels"
"""The part that is validated too: the loss from the labels, without what learning adds to it."""


class PartMeans:
    """The mean of each part since it was last asked for."""

    PREFIX = "train_loss/"

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._calls = 0

    def note(self, parts: Mapping[str, Tensor]) -> None:
        """Counts the parts of a batch's loss; nothing waits for the device."""
        for name, value in parts.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value.detach()
        self._calls += 1

    def columns(self) -> dict[str, float]:
        """The mean of each part, and a new start; nothing where nothing was noted."""
        means = {self.PREFIX + k: float(v) / self._calls for k, v in self._sums.items()}
        self._sums, self._calls = {}, 0
        return means
