"""Batches on the device, ready for the model.

A thread of its own gathers patches from the cache (and copies them to a GPU) ahead of the model.
What is computed on them, augmentation and normalisation, runs on the device in the caller's thread:
on a processor a second thread with tensor operations would fight the model for the cores.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aerial_nni.data.dataset import VOID
from aerial_nni.data.pipeline.augment import Augmentation
from aerial_nni.data.pipeline.prepared import Prepared

AHEAD = 3
"""Batches that wait, at most, for the model."""

Batch = tuple[Tensor, ...]
"""Images (b, bands, h, w) float32 channels_last, normalised, masks (b, h, w) uint8, and in training
whatever else comes with these patches, see `Batches.attached`."""


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
    """Mean and deviation of each band over the pixels of the patches `indices` that are not void.

    Where all are, they are 0 and 1.
    """
    bands = prepared.images.shape[-1]
    total, squares, pixels = torch.zeros(bands).double(), torch.zeros(bands).double(), 0
    for i in indices:
        patch = prepared.patches[i]
        inside = (i, slice(patch.height), slice(patch.width))
        part = prepared.images[inside][
            prepared.masks[inside] != VOID
        ]  # (h, w, bands) -> (pixels, bands)
        flat = torch.from_numpy(known_type(part)).double()
        total += flat.sum(0)
        squares += flat.square().sum(0)
        pixels += len(flat)
    mean = total / max(pixels, 1)
    std = (squares / max(pixels, 1) - mean.square()).clamp_min(0).sqrt()
    std[std == 0] = 1.0  # a constant band carries nothing; leave it at 0
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
    neutral: tuple[float, ...] | None = None
    """What each band has where an image shows nothing; None for the mean of `normalisation`."""
    attached: Callable[[np.ndarray], Sequence[np.ndarray]] | None = None
    """Patches -> arrays (b, …) that each training batch ends in. Augmentation does not move them:
    for batches without any."""

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
        for images, masks, *attached in ahead(map(self._gather_all, groups)):
            images, masks = self.augmentation.move(images, masks, augmentation)
            normal = self._normal(images)
            normal, masks = self.augmentation.zoom(normal, masks, augmentation)
            yield self.augmentation.recolour(normal, augmentation), masks, *attached

    def in_order(self) -> Iterator[Batch]:
        """All patches once, unchanged, in the order of `indices`."""
        groups = [
            self.indices[start : start + self.batch]
            for start in range(0, len(self.indices), self.batch)
        ]
        for images, masks in ahead(map(self._gather, groups)):
            yield self._normal(images), masks

    def _gather(self, group: Sequence[int]) -> Batch:
        """Raw images (b, h, w, bands) and masks (b, h, w) of some patches, on the device."""
        rows, neutral = np.asarray(group), self.neutral or self.normalisation.mean
        return (
            self._moved(known_type(shown(self.prepared, rows, neutral))),
            self._moved(self.prepared.masks[rows]),
        )

    def _gather_all(self, group: Sequence[int]) -> Batch:
        """The same, and what is attached."""
        attached = self.attached(np.asarray(group)) if self.attached else ()
        return (*self._gather(group), *map(self._moved, attached))

    def _moved(self, array: np.ndarray) -> Tensor:
        """An array on the device."""
        tensor = torch.from_numpy(array)
        if self.device.type == "cuda":
            tensor = tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor

    def _normal(self, images: Tensor) -> Tensor:
        # (b, h, w, bands) -> (b, bands, h, w): channels_last without a copy
        return self.normalisation(images.permute(0, 3, 1, 2))


def shown(prepared: Prepared, rows: np.ndarray, neutral: Sequence[float]) -> np.ndarray:
    """The raw images (b, h, w, bands) of some patches, as a model is shown them.

    Where they show nothing they have the `neutral` value of each band, in use its mean, which is 0
    to the model: that is what `predict` does, whatever value nodata has.
    """
    images: np.ndarray = prepared.images[rows]
    for image, number in zip(images, rows, strict=True):
        if (hidden := prepared.hidden(int(number))) is not None:
            image[hidden] = np.round(neutral)
    return images


def valid_pixels(masks: Tensor) -> Tensor:
    """How many pixels of `masks` count, a scalar on their device."""
    return (masks != VOID).sum()


def known_type(images: np.ndarray) -> np.ndarray:
    """`images` in a type whose operations torch has everywhere: 16 bits become int32."""
    return images.astype(np.int32) if images.dtype == np.uint16 else images


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
