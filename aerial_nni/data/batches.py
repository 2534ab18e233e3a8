"""Batches on the device, ready for the model, made ahead of it by a thread of their own."""

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aerial_nni.data.augment import Augmentation
from aerial_nni.data.prepared import Prepared

AHEAD = 3
"""Batches that wait, at most, for the model."""

Batch = tuple[Tensor, Tensor]
"""Images (b, bands, h, w) float32 channels_last, normalised, and masks (b, h, w) uint8."""


@dataclass(frozen=True, kw_only=True)
class Normalisation:
    """Mean and standard deviation of each band in raw digital numbers, shape (bands,)."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, images: Tensor) -> Tensor:
        """Raw images (b, bands, h, w) of any type -> float32 with mean 0 and deviation 1."""
        mean = torch.tensor(self.mean, device=images.device).view(1, -1, 1, 1)
        scale = 1 / torch.tensor(self.std, device=images.device).view(1, -1, 1, 1)
        return (images.float() - mean).mul_(scale)


def measure_normalisation(prepared: Prepared, indices: Sequence[int]) -> Normalisation:
    """Mean and deviation of each band over the valid parts of the patches `indices`."""
    total = squares = np.zeros(prepared.images.shape[-1])
    pixels = 0
    for i in indices:
        patch = prepared.patches[i]
        image = prepared.images[i, : patch.height, : patch.width]
        flat = image.reshape(-1, image.shape[-1]).astype(np.float64)
        total = total + flat.sum(axis=0)
        squares = squares + (flat**2).sum(axis=0)
        pixels += len(flat)
    mean = total / pixels
    std = np.sqrt(np.maximum(squares / pixels - mean**2, 0))
    std = np.where(std > 0, std, 1.0)  # a constant band carries nothing; leave it at 0
    return Normalisation(mean=tuple(mean.tolist()), std=tuple(std.tolist()))


@dataclass(frozen=True, kw_only=True)
class Batches:
    """The patches `indices` of `prepared` as batches on `device`.

    Training batches are shuffled and augmented and of equal size (the remainder sits out, another
    one each epoch); validation batches are in order and complete.
    """

    prepared: Prepared
    indices: tuple[int, ...]
    batch: int
    device: torch.device
    normalisation: Normalisation
    augmentation: Augmentation = Augmentation()

    def steps(self) -> int:
        """Training batches in an epoch."""
        return max(1, len(self.indices) // self.batch)

    def shuffled(self, order: torch.Generator, augmentation: torch.Generator) -> Iterator[Batch]:
        """One epoch of training batches."""
        drawn = torch.randperm(len(self.indices), generator=order).tolist()
        groups = [
            [self.indices[i] for i in drawn[step * self.batch : (step + 1) * self.batch]]
            for step in range(self.steps())
        ]
        return ahead(self._make(group, augmentation) for group in groups)

    def in_order(self) -> Iterator[Batch]:
        """All patches once, unchanged, in the order of `indices`."""
        groups = [
            self.indices[start : start + self.batch]
            for start in range(0, len(self.indices), self.batch)
        ]
        return ahead(self._make(group, None) for group in groups)

    def _make(self, group: Sequence[int], generator: torch.Generator | None) -> Batch:
        rows = np.asarray(group)
        images = torch.from_numpy(self.prepared.images[rows])  # (b, h, w, bands)
        masks = torch.from_numpy(self.prepared.masks[rows])
        if self.device.type == "cuda":
            images = images.pin_memory().to(self.device, non_blocking=True)
            masks = masks.pin_memory().to(self.device, non_blocking=True)
        if generator is not None:
            images, masks = self.augmentation.move(images, masks, generator)
        # (b, h, w, bands) -> (b, bands, h, w): channels_last without a copy
        normal = self.normalisation(images.permute(0, 3, 1, 2))
        if generator is not None:
            normal, masks = self.augmentation.zoom(normal, masks, generator)
            normal = self.augmentation.recolour(normal, generator)
        return normal, masks


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """`batches`, up to `AHEAD` of them made in advance by a thread.

    An error in the thread is raised here. When the consumer stops early, the thread ends too.
    """
    waiting: queue.Queue[Batch | Exception | None] = queue.Queue(maxsize=AHEAD)
    stopped = threading.Event()

    def offer(item: Batch | Exception | None) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        try:
            for item in batches:
                if not offer(item):
                    return
            offer(None)
        except Exception as error:  # handed to the consumer, which raises it
            offer(error)

    thread = threading.Thread(target=produce, name="batches", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
