"""Samples of the first stage: features of single pixels, or of superpixels, each with its class."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from aerial_nni.data.dataset import VOID
from aerial_nni.data.pipeline.batches import Batch, Batches
from aerial_nni.models.bilinear_sampling import at_pixels, over_regions
from aerial_nni.models.superpixels import superpixels
from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.training.device import autocast

log = logging.getLogger(__name__)

LARGEST = 1 << 30
"""Bytes of features that are kept at most: of more patches, as many as fit, drawn at random."""

BATCH = 64
"""Samples of a step."""

Pick = Callable[[list[Tensor], Tensor, Tensor], tuple[Tensor, Tensor]]
"""(maps of a picture, the picture, its mask) -> features (n, dimension), classes (n,)."""


@dataclass(frozen=True)
class Samples:
    """Features (n, dimension) float16 on the device, and classes (n,) uint8."""

    features: Tensor
    classes: Tensor
    patches: int = 0
    """From how many patches they are."""
    left_out: int = 0
    """Patches that gave none, since no more samples fit."""

    def counts(self, classes: int) -> list[int]:
        """Samples of each class."""
        return torch.bincount(self.classes.long(), minlength=classes).tolist()

    def steps(self) -> int:
        """Batches in an epoch; a remainder sits out."""
        return max(1, len(self.classes) // BATCH)

    def shuffled(self, order: torch.Generator) -> Iterator[Batch]:
        """An epoch of batches: features (b, dimension, 1, 1), classes (b, 1, 1)."""
        drawn = torch.randperm(len(self.classes), generator=order).to(self.classes.device)
        for step in range(self.steps()):
            yield self._batch(drawn[step * BATCH : (step + 1) * BATCH])

    def in_order(self) -> Iterator[Batch]:
        """All of them once."""
        for rows in torch.arange(len(self.classes), device=self.classes.device).split(1024):
            yield self._batch(rows)

    def _batch(self, rows: Tensor) -> Batch:
        return self.features[rows].float()[..., None, None], self.classes[rows][..., None, None]


def gather(model: ZoomOut, batches: Batches, pick: Pick, *, precision: str) -> Samples:
    """What `pick` takes of the patches of `batches`, as many as fit into `LARGEST`."""
    features: list[Tensor] = []
    classes: list[Tensor] = []
    room = LARGEST // (2 * model.dimension)
    half = torch.finfo(torch.float16).max
    patches = 0
    for images, masks in batches.in_order():
        if not room:
            break
        with torch.inference_mode(), autocast(batches.device, precision):
            maps = model.maps(images)
            for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
                taken, labels = pick([m[number] for m in maps], image, mask)
                features.append(taken[:room].float().clamp(-half, half).half())
                classes.append(labels[:room])
                room -= len(classes[-1])
                patches += 1
                if not room:
                    break
    left_out = len(batches.indices) - patches
    if left_out:
        log.warning(
            "samples are from %d patches, drawn at random: those of %d more would take more than "
            "%d MiB", patches, left_out, LARGEST >> 20,
        )  # fmt: skip
    return Samples(_moved(features), torch.cat(classes), patches=patches, left_out=left_out)


def _moved(parts: list[Tensor]) -> Tensor:
    """All parts as one, (n, dimension). They are emptied on the way: both do not fit at once."""
    whole = parts[0].new_empty(sum(map(len, parts)), parts[0].shape[1])
    end = len(whole)
    while parts:
        part = parts.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    return whole


def pixels_of_each_class(count: int, strides: list[int], generator: torch.Generator) -> Pick:
    """Draws `count` pixels of every class in a mask, each pixel as likely, with replacement."""

    def pick(maps: list[Tensor], _: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        flat, places = mask.flatten(), []
        for label in flat.unique().tolist():
            if label != VOID:
                own = (flat == label).nonzero().squeeze(1)
                drawn = torch.randint(len(own), (count,), generator=generator)
                places.append(own[drawn.to(own.device)])
        where = torch.cat(places) if places else flat.new_zeros(0, dtype=torch.long)
        rows, columns = where // mask.shape[1], where % mask.shape[1]
        return at_pixels(maps, strides, rows, columns), flat[where]

    return pick


def every_superpixel(side: int, strides: list[int]) -> Pick:
    """Takes all superpixels of a picture, each with the class that most of its pixels have."""

    def pick(maps: list[Tensor], image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        labels = superpixels(image, side=side)
        classes = majority(labels, mask)
        kept = classes != VOID
        return over_regions(maps, strides, labels)[kept], classes[kept]

    return pick


def majority(labels: Tensor, mask: Tensor) -> Tensor:
    """The class of most pixels of each region, (regions,) uint8; `VOID` where all are void.

    Void pixels are not counted. Of classes with as many pixels the first is taken.
    """
    valid = mask != VOID
    regions, highest = int(labels.max()) + 1, int(mask[valid].max()) + 1 if valid.any() else 1
    pairs = labels[valid] * highest + mask[valid].long()
    counts = torch.bincount(pairs, minlength=regions * highest).view(regions, highest)
    classes = counts.argmax(dim=1).to(torch.uint8)
    classes[counts.sum(dim=1) == 0] = VOID
    return classes
