"""Building the prepared cache: read and check every sample, cut it, append its patches.

Samples are read by threads (decoders let go of the interpreter while they decode) and written by
one, in the order of the dataset. A few samples are in memory at a time.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.config.options import BadOption
from aerial_nni.data.dataset import VOID, BadSamples, Dataset, Sample
from aerial_nni.data.pipeline import patch_store
from aerial_nni.data.pipeline.cache import writing
from aerial_nni.data.pipeline.patches import cut

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to build. `lookup`, shape (256,), uint8, gives the class that a mask value becomes."""

    dataset: Dataset
    lookup: np.ndarray
    classes: int
    patch: int
    patch_width: int
    stride: int
    edge: str
    skip_bad: bool

    @property
    def patch_text(self) -> str:
        """The size of a patch in words."""
        square = self.patch_width == self.patch
        return str(self.patch) if square else f"{self.patch_width}×{self.patch}"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A sample that can be used: its arrays, (h, w, bands) and (h, w), and the image's digest."""

    sample: Sample
    image: np.ndarray
    mask: np.ndarray
    digest: str
    hidden: np.ndarray | None
    """Where the image shows nothing, (h, w); None where it shows something everywhere."""


def build(folder: Path, plan: Plan, *, progress: Progress | None = None) -> None:
    """Fills `folder` with the patches of `plan.dataset`.

    Raises:
        BadSamples: some samples cannot be used and `plan.skip_bad` is not set.
        BadOption: no patch is left.
        CacheUnusable: the folder cannot be written.
    """
    writer = _Writer(folder, plan)
    problems = dict(plan.dataset.problems)
    total = len(plan.dataset.samples)
    with writer:
        for done, (sample, future) in enumerate(_futures(plan), start=1):
            try:
                checked = future.result()
                writer.check_kind(checked.sample, checked.image)
            except (ValueError, OSError) as error:
                problems[sample.name] = str(error)
            else:
                if plan.skip_bad or not problems:
                    with writing(folder):
                        writer.add(checked)
            if progress is not None:
                progress(done, total)
    if problems and not plan.skip_bad:
        raise BadSamples(problems)
    if not writer.rows:
        raise BadOption(_nothing_left(plan, problems, writer.small))
    with writing(folder):
        writer.finish(
            {name: problems[name] for name in problems if name not in plan.dataset.problems}
        )


def _nothing_left(plan: Plan, problems: dict[str, str], small: dict[str, str]) -> str:
    """Why a dataset gave no patch at all."""
    if small:
        return (
            f"no image is as large as a patch of {plan.patch_text} pixels; "
            "give a smaller --patch, or --edge pad"
        )
    if problems:
        name, reason = next(iter(problems.items()))
        return f"no sample of {len(problems)} can be used; the first, {name}: {reason}"
    return f"the dataset {plan.dataset.facts.name} has no samples"


def _futures(plan: Plan) -> Iterator[tuple[Sample, "Future[Checked]"]]:
    """Each sample with what is being read of it, in order."""
    threads = max(1, min(8, os.cpu_count() or 1))
    waiting: deque[tuple[Sample, Future[Checked]]] = deque()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for sample in plan.dataset.samples:
            waiting.append((sample, pool.submit(_check, sample, plan)))
            if len(waiting) > threads:
                yield waiting.popleft()
        yield from waiting


def _check(sample: Sample, plan: Plan) -> Checked:
    """A sample read and checked; a `ValueError` or `OSError` says why it cannot be used."""
    image, mask = read_checked(sample, plan.dataset)
    digest = hashlib.sha256(f"{image.shape} {image.dtype}".encode())
    digest.update(np.ascontiguousarray(image).data)
    if sample.ground:  # there is much alike on the ground: what it is, is where it is
        digest.update(repr(sample.ground).encode())
    valid = plan.dataset.valid(sample) if plan.dataset.valid and (mask == VOID).any() else None
    return Checked(
        sample=sample,
        image=image,
        mask=plan.lookup[mask],
        digest=digest.hexdigest(),
        hidden=None if valid is None else ~valid,
    )


def read_checked(sample: Sample, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Image and mask of a sample; a `ValueError` or `OSError` says why it cannot be used."""
    image, mask = dataset.read(sample)
    bands = dataset.facts.bands
    if image.shape[2] != len(bands):
        raise ValueError(
            f"{sample.image} has {image.shape[2]} bands, but the dataset has {len(bands)}: "
            f"{', '.join(bands)}"
        )
    if image.shape[:2] != mask.shape:
        raise ValueError(
            f"the mask is {mask.shape[1]}×{mask.shape[0]} pixels, "
            f"the image {image.shape[1]}×{image.shape[0]}: {sample.mask}, {sample.image}"
        )
    highest = int(mask[mask != VOID].max(initial=0))
    if highest >= len(dataset.facts.classes):
        raise ValueError(f"{sample.mask} has the value {highest}, which is no class")
    return image, mask


class OneKind:
    """Knows the first image, and refuses those that cannot stand in one array with it."""

    def __init__(self) -> None:
        self.first: tuple[np.dtype, Path | None] | None = None

    def __call__(self, sample: Sample, image: np.ndarray) -> None:
        """Raises `ValueError` where this image has another depth than the first."""
        self.first = self.first or (image.dtype, sample.image)
        depth, path = self.first
        if image.dtype != depth:
            raise ValueError(
                f"{sample.image} is {image.dtype}, but {path} is {depth}; "
                "save all images with the same depth"
            )


Piece = tuple[int, int, np.ndarray, np.ndarray, np.ndarray | None]
"""y, x, image, mask of a patch, and where its image shows nothing."""


def _pieces(checked: Checked, plan: Plan) -> Iterator[Piece]:
    """The patches of a sample, row by row."""
    cut_up = partial(
        cut,
        mask=checked.mask,
        patch=plan.patch,
        patch_width=plan.patch_width,
        stride=plan.stride,
        edge=plan.edge,
    )
    if checked.hidden is None:
        for y, x, image, mask in cut_up(checked.image):
            yield y, x, image, mask, None
    else:
        hidden = cut_up(checked.hidden[..., None])  # (h, w) -> (h, w, 1)
        for (y, x, image, mask), (*_, gone, _) in zip(cut_up(checked.image), hidden, strict=True):
            yield y, x, image, mask, gone[..., 0]


class _Writer:
    """Appends the patches of one sample after the other to the files of a folder."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan
        self.check_kind = OneKind()
        self.images: list[dict[str, Any]] = []
        self.rows: list[list[int]] = []
        self.small: dict[str, str] = {}
        self.hidden_file: patch_store.Growing | None = None
        self.files = ExitStack()

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *error: object) -> None:
        with writing(self.folder):
            self.files.__exit__(*error)  # type: ignore[arg-type]

    def add(self, checked: Checked) -> None:
        """Appends every patch of a sample."""
        plan, sample = self.plan, checked.sample
        if not self.images and not self.small:
            self._open(checked)
        height, width = checked.mask.shape
        before = len(self.rows)
        for y, x, image, mask, hidden in _pieces(checked, plan):
            valid = (min(plan.patch, height - y), min(plan.patch_width, width - x))
            crcs = (self.image_file.append(image), self.mask_file.append(mask))
            counts = np.bincount(mask.ravel(), minlength=VOID + 1)
            per_class = [*counts[: plan.classes].tolist(), int(counts[VOID])]
            place = self._add_hidden(hidden)
            self.rows.append([len(self.images), y, x, *valid, place, *crcs, *per_class])
        if len(self.rows) == before:
            self.small[sample.name] = (
                f"{width}×{height} pixels, smaller than a patch of {plan.patch_text}"
            )
        else:
            lies = {"ground": sample.ground} if sample.ground else {}
            self.images.append(
                {"image": sample.name, "area": sample.area, "digest": checked.digest, **lies}
            )

    def _add_hidden(self, hidden: np.ndarray | None) -> int:
        """Keeps where a patch's image shows nothing; returns the place in the file, -1 for none."""
        if hidden is None or not hidden.any():
            return -1
        bits = np.packbits(hidden)
        if self.hidden_file is None:
            growing = patch_store.Growing(self.folder / patch_store.HIDDEN, bits.shape, bits.dtype)
            self.hidden_file = self.files.enter_context(growing)
        self.hidden_file.append(bits)
        return self.hidden_file.count - 1

    def _open(self, checked: Checked) -> None:
        """Starts the files, now that the images' type is known."""
        size, bands = (self.plan.patch, self.plan.patch_width), checked.image.shape[2]
        self.image_file = self.files.enter_context(
            patch_store.Growing(
                self.folder / patch_store.IMAGES, (*size, bands), checked.image.dtype
            )
        )
        self.mask_file = self.files.enter_context(
            patch_store.Growing(self.folder / patch_store.MASKS, size, np.dtype(np.uint8))
        )

    def finish(self, problems: dict[str, str]) -> None:
        """Writes the index and the seal, after the files of patches were closed."""
        np.save(self.folder / patch_store.PATCHES, np.array(self.rows, dtype=np.int64))
        patch_store.write_index(self.folder, self.images, problems=problems, small=self.small)
        patch_store.seal(self.folder)
