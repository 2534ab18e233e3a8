"""On-disk cache of teacher outputs for training patches, where nothing is augmented.

Once for each teacher, set of patches, layer and precision, by whichever trial is first; trials that
start at the same moment wait for it: see `aerial_nni.data.pipeline.cache`.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aerial_nni.data.pipeline.batches import Batches
from aerial_nni.data.pipeline.cache import CacheDamaged, cache_dir, open_or_build, writing
from aerial_nni.data.pipeline.patch_store import UNREADABLE, Growing
from aerial_nni.recipes.distill.losses import ModelOutput
from aerial_nni.training.device import autocast

log = logging.getLogger(__name__)

FORMAT = 1
"""Counted up when what is kept changes."""

PARTS = ("logits.npy", "nodes.npy")

HALF = np.dtype(np.float16)
"""Half the space; holds a bf16 answer as it is and rounds an fp32 one to three digits."""


@dataclass(frozen=True)
class Kept:
    """Answers to the patches `indices`, memory-mapped, (n, …) each; called with patches."""

    indices: np.ndarray
    parts: tuple[np.ndarray, ...]

    def __call__(self, patches: np.ndarray) -> Sequence[np.ndarray]:
        """Logits of some patches, (b, c, h, w) float16, and nodes where they were kept."""
        rows = np.searchsorted(self.indices, patches)
        return [np.asarray(part[rows]) for part in self.parts]


def keep_views(
    ask: Callable[[Tensor, Tensor], ModelOutput],
    batches: Batches,
    *,
    teacher: str,
    layer: str,
    precision: str,
    cache: Path | None = None,
) -> Kept:
    """The answers of the teacher with the hash `teacher` to all patches of `batches`.

    `ask(images, masks)` is the teacher. Pictures are not augmented. They are kept in `cache`, by
    default `aerial_nni.data.pipeline.cache.cache_dir()`.

    Raises:
        CacheUnusable: the cache directory cannot be written.
    """
    normal = batches.normalisation
    told = [FORMAT, teacher, batches.prepared.folder.name, batches.indices, layer, precision,
            normal.mean, normal.std, batches.device.type]  # fmt: skip
    key = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24]
    folder = (cache or cache_dir()) / "teachers" / key
    names = PARTS if layer else PARTS[:1]
    indices = np.asarray(batches.indices)
    opening = partial(_open, names=names, count=len(indices))
    build = partial(_build, ask=ask, batches=batches, names=names, precision=precision)
    return Kept(indices, open_or_build(folder, opening, build=build))


def _open(folder: Path, *, names: Sequence[str], count: int) -> tuple[np.ndarray, ...]:
    try:
        parts = tuple(np.load(folder / name, mmap_mode="r") for name in names)
    except UNREADABLE as error:
        raise CacheDamaged(f"it cannot be read: {error}") from error
    if any(len(part) != count or part.dtype != HALF for part in parts):
        raise CacheDamaged("it has another size than when it was written")
    return parts


def _build(
    folder: Path,
    *,
    ask: Callable[[Tensor, Tensor], ModelOutput],
    batches: Batches,
    names: Sequence[str],
    precision: str,
) -> None:
    """Asks about all patches, in order, and writes a file for each of `names`."""
    log.info("asking the teacher about %d patches", len(batches.indices))
    files: list[Growing] = []
    with ExitStack() as stack:
        for images, masks in batches.in_order():
            with autocast(batches.device, precision):
                view = ask(images, masks)
            answers = [_half(part) for part in (view.logits, view.nodes)[: len(names)]]
            with writing(folder):
                for name, answer in zip(names[len(files) :], answers, strict=False):
                    file = Growing(folder / name, answer.shape[1:], HALF)
                    files.append(stack.enter_context(file))
                for file, answer in zip(files, answers, strict=True):
                    for patch in answer:
                        file.append(patch)


def _half(part: Tensor | None) -> np.ndarray:
    """An answer as float16; beyond its range, its largest number."""
    assert part is not None
    largest = torch.finfo(torch.float16).max
    return part.float().clamp(-largest, largest).half().cpu().numpy()
