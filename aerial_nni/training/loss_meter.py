"""Means of the loss terms over the valid pixels of an epoch, as columns of its history."""

from collections.abc import Mapping

from torch import Tensor

from aerial_nni.data.pipeline.batches import valid_pixels

LABELS = "labels"
"""The part that is validated too: the loss from the labels, without what learning adds to it."""


class PartMeans:
    """The mean of each part since it was last asked for."""

    PREFIX = "train_loss/"

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._pixels: Tensor | None = None

    def note(self, parts: Mapping[str, Tensor], masks: Tensor) -> None:
        """Counts the parts of the loss of `masks`; nothing waits for the device."""
        pixels = valid_pixels(masks).double()
        for name, value in parts.items():
            self._sums[name] = self._sums.get(name, 0 * pixels) + value.detach() * pixels
        self._pixels = pixels if self._pixels is None else self._pixels + pixels

    def columns(self) -> dict[str, float]:
        """The mean of each part, and a new start; nothing where nothing was noted."""
        pixels = max(1.0, float(self._pixels or 0))
        means = {self.PREFIX + k: float(v) / pixels for k, v in self._sums.items()}
        self._sums, self._pixels = {}, None
        return means
