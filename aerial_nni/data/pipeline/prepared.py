"""The prepared cache: every patch of a dataset, decoded, cut and memory-mapped.

    from aerial_nni.data import open_dataset
    from aerial_nni.data.prepared import prepare

    dataset = open_dataset("dubai", "downloads/dubai")
    prepared = prepare(dataset, patch=256, stride=256, edge="cut")
    prepared.images.shape  # (1305, 256, 256, 3)

It is built once for each content of the dataset and each set of options, by whichever process is
first, and opened by all others: see `cache` for where, `cache_builder` for how. All samples are
checked while it is built, so every fault of every file is known before training starts.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.config.options import EDGES, BadOption
from aerial_nni.data.dataset import VOID, BadSamples, Dataset, Facts
from aerial_nni.data.pipeline import cache_builder, patch_store
from aerial_nni.data.pipeline.cache import cache_dir, open_or_build
from aerial_nni.data.pipeline.patches import Patch

FORMAT = 2
"""Counted up when what is cached changes, so that older caches are not opened."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A dataset as patches; n is their number, h and w their height and width in pixels.

    `images` is (n, h, w, bands), uint8 or uint16, and `masks` (n, h, w), uint8,
    class indices or `VOID`; both are memory-mapped and read-only. `counts` is (n, classes + 1),
    int64: pixels per class, the last column void.
    """

    facts: Facts
    """Facts of the dataset, without the classes that were made void."""
    images: np.ndarray
    masks: np.ndarray
    patches: tuple[Patch, ...]
    counts: np.ndarray
    patch: int
    """Height of a patch, and its width but for those with a `patch_width`."""
    stride: int
    edge: str
    fingerprint: str
    """Digest of the content of every file of the dataset."""
    hidden: Callable[[int], np.ndarray | None] = lambda number: None
    """The pixels at which a patch's image shows nothing, (h, w) bool; None if there are none. They
    are void in its mask, and a model is shown the mean of each band there."""
    skipped: dict[str, str]
    """Samples that gave no patches, and why: unusable, or smaller than a patch with `cut`."""
    folder: Path = Path()
    """Where in the cache directory it lies."""
    patch_width: int = 0
    """Width of a patch where that is not its height."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a patch."""
        return self.patch, self.patch_width or self.patch


def prepare(
    dataset: Dataset,
    *,
    patch: int = 0,
    patch_width: int = 0,
    stride: int = 0,
    edge: str = "cut",
    skip_bad: bool = False,
    void_classes: Sequence[str] = (),
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """The patches of `dataset`, from the cache, which is built if need be.

    Args:
        dataset: what to cut.
        patch: height and width in pixels; 0 for the dataset's own.
        patch_width: width in pixels where that is another; 0 for `patch`, or the dataset's own.
        stride: pixels from one patch to the next; 0 for `patch`, that is no overlap.
        edge: `cut`, `pad` or `shift`: see `aerial_nni.data.pipeline.patches`.
        skip_bad: leave out samples that cannot be used instead of raising `BadSamples`.
        void_classes: names of classes that become void and leave the list of classes.
        cache: the cache directory; None for `aerial_nni.data.pipeline.cache.cache_dir()`.
        progress: called with the samples done and the number of samples while building.

    Raises:
        BadSamples: some samples cannot be used; all of them are named.
        BadOption: a value cannot be used, or nothing is left with these options.
        CacheUnusable: the cache directory cannot be written.
    """
    if not patch and not patch_width:
        patch_width = dataset.facts.patch_width
    patch = patch or dataset.facts.patch
    patch_width = 0 if patch_width == patch else patch_width
    stride = stride or patch
    if edge not in EDGES or min(patch, patch_width, stride) < 0:
        raise BadOption(
            f"patch={patch}, stride={stride}, edge={edge!r} cannot be cut; give numbers of pixels "
            f"and one of {', '.join(EDGES)}"
        )
    facts, lookup = without_classes(dataset.facts, void_classes)
    plan = cache_builder.Plan(
        dataset=dataset,
        lookup=lookup,
        classes=len(facts.classes),
        patch=patch,
        patch_width=patch_width or patch,
        stride=stride,
        edge=edge,
        skip_bad=skip_bad,
    )
    fingerprint = dataset.fingerprint()
    sizes = [patch, patch_width] if patch_width else [patch]
    key = _key(dataset.facts, fingerprint, [facts.classes, *sizes, stride, edge])
    folder = (cache or cache_dir()) / "prepared" / key
    build = partial(cache_builder.build, plan=plan, progress=progress)
    contents = open_or_build(folder, patch_store.open_contents, build=build)
    problems = {**dataset.problems, **contents.problems}
    if problems and not skip_bad:  # the cache was built with skip_bad
        raise BadSamples(problems)
    if not contents.counts[:, :-1].any():
        raise BadOption(
            f"every pixel of {facts.name} is void, so there is nothing to learn; mend the masks or "
            "the list of classes"
        )
    return Prepared(
        facts=facts,
        images=contents.images,
        masks=contents.masks,
        patches=contents.patches,
        counts=contents.counts,
        patch=patch,
        patch_width=patch_width,
        stride=stride,
        edge=edge,
        fingerprint=fingerprint,
        hidden=contents.hidden,
        skipped={**problems, **contents.small},
        folder=folder,
    )


def _key(facts: Facts, fingerprint: str, options: list[Any]) -> str:
    """Name of the cache folder: the dataset's name and a digest of all that decides its content."""
    text = json.dumps([FORMAT, fingerprint, facts.classes, facts.bands, *options])
    name = re.sub(r"[^\w-]+", "-", facts.name)[:40]
    return f"{name}-{hashlib.sha256(text.encode('utf-8')).hexdigest()[:24]}"


def without_classes(facts: Facts, names: Sequence[str]) -> tuple[Facts, np.ndarray]:
    """The facts without the classes of these names, and the new value of each mask value.

    The second is an array of shape (256,), uint8: `lookup[mask]` has the named classes as void.

    Raises:
        BadOption: a name is not a class, or fewer than two classes would be left.
    """
    for name in names:
        if name not in facts.classes:
            raise BadOption(
                f"void_classes has {name!r}, which is no class of {facts.name}; "
                f"its classes are {', '.join(facts.classes)}"
            )
    kept = [index for index, name in enumerate(facts.classes) if name not in names]
    if len(kept) < 2:
        raise BadOption(f"void_classes={list(names)} leaves {len(kept)} class; keep two or more")
    lookup = np.full(256, VOID, dtype=np.uint8)
    lookup[kept] = np.arange(len(kept))
    left = dataclasses.replace(
        facts,
        classes=tuple(facts.classes[index] for index in kept),
        palette=tuple(facts.palette[index] for index in kept),
        written=facts.written and facts.written.only(kept),
    )
    return left, lookup


def verify(prepared: Prepared) -> tuple[int, ...]:
    """Numbers of the patches that are not as they were written, normally none. Reads all of them.

    `prepare` itself does this only where the files were touched since they were written.
    """
    return patch_store.damaged_patches(patch_store.contents(prepared.folder))
