"""Data and a teacher that nobody trained, small, without a file where none is needed."""

from pathlib import Path

import numpy as np
import torch

from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.data.dataset import VOID, Facts
from aerial_nni.data.pipeline.batches import Batches, Normalisation, measure_normalisation
from aerial_nni.data.pipeline.patches import Patch
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.split_making import make_split
from aerial_nni.data.pipeline.splits import Split, split_digest
from aerial_nni.models import model_spec
from aerial_nni.training.checkpoint import save_checkpoint

CLASSES = ("low", "high", "wet")


def prepared_of(*, images: int = 6, size: int = 16, seed: int = 0) -> Prepared:
    """A patch of each of some pictures in one area, with a row of void."""
    draw = np.random.default_rng(seed)
    masks = draw.integers(0, len(CLASSES), (images, size, size)).astype(np.uint8)
    masks[:, 0] = VOID
    counts = np.stack([np.bincount(mask.ravel(), minlength=256) for mask in masks])
    return Prepared(
        facts=Facts(name="made", classes=CLASSES, palette=((0, 0, 0),) * len(CLASSES)),
        images=draw.integers(0, 255, (images, size, size, 3)).astype(np.uint8),
        masks=masks,
        patches=tuple(
            Patch(image=f"i{n}", area="a", y=0, x=0, height=size, width=size, digest=f"{seed}-{n}")
            for n in range(images)
        ),
        counts=np.column_stack([counts[:, : len(CLASSES)], counts[:, VOID]]),
        patch=size,
        stride=size,
        edge="cut",
        fingerprint="none",
        skipped={},
        folder=Path(f"made-{seed}"),
    )


def split_of(prepared: Prepared, *, seed: int = 0) -> Split:
    return make_split(prepared, "image", val_fraction=0.3, seed=seed)


def batches_of(prepared: Prepared, split: Split) -> Batches:
    return Batches(
        prepared=prepared,
        indices=split.train,
        batch=2,
        device=torch.device("cpu"),
        normalisation=measure_normalisation(prepared, split.train),
    )


def write_teacher(
    path: Path, prepared: Prepared, split: Split, *, digest: bool = True, **header: object
) -> Path:
    """A checkpoint with fresh weights, as `prepared` and `split` would have given."""
    options = changed(TrialOptions(), {"width": 4, "depth": 2})
    spec = model_spec(options, bands=3, classes=len(prepared.facts.classes))
    normal: Normalisation = measure_normalisation(prepared, split.train)
    found = {
        "classes": prepared.facts.classes,
        "bands": prepared.facts.bands,
        "mean": normal.mean,
        "std": normal.std,
        "data": prepared.facts.name,
        "split": split.rule,
        "score": 0.5,
        "epoch": 3,
    }
    if digest:
        found["split_digest"] = split_digest(prepared, split)
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_checkpoint(path, spec.build(), spec, header={**found, **header})
    return path
