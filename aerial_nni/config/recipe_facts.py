"""What each kind of trial leaves of its own in metrics.json and in its checkpoint's header."""

from dataclasses import dataclass
from typing import Any

from aerial_nni.config.parts import Counts, Score, Sparse


@dataclass(frozen=True, kw_only=True)
class TeacherFacts(Sparse):
    """A checkpoint that teaches."""

    file: str
    sha256: str
    spec: dict[str, Any]
    parameters: int
    score: Score = None
    epoch: int | None = None
    data: str | None = None
    multiply_adds: int | None = None
    input: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class DistillationFacts(Sparse):
    """What a student learnt from, beside the masks."""

    kind: str
    temperature: float
    teacher_weight: float
    layers: str
    teacher: TeacherFacts


@dataclass(frozen=True, kw_only=True)
class SpaceFacts(Sparse):
    """The architectures of a search by gradient."""

    depth: int
    nodes: int
    size: str
    """How many there are: more digits than a float has."""


@dataclass(frozen=True, kw_only=True)
class SearchFacts(Sparse):
    """A search by gradient."""

    weights_patches: int
    architecture_patches: int
    space: SpaceFacts | None = None


@dataclass(frozen=True, kw_only=True)
class WeightsFacts(Sparse):
    """The weights that a network began with."""

    kind: str
    file: str | None = None
    sha256: str | None = None
    score: Score = None
    epoch: int | None = None
    data: str | None = None
    split: str | None = None
    heads: tuple[str, ...] | None = None
    """Heads that were taken over as well."""


@dataclass(frozen=True, kw_only=True)
class SampleFacts(Sparse):
    """The first stage of zoom-out; its scores are missing where it had no epoch."""

    training: Counts | None = None
    validation: Counts | None = None
    epochs: int | None = None
    patches: int | None = None
    left_out: int | None = None
    epoch: int | None = None
    train_loss: Score = None
    val_loss: Score = None
    mean_iou: Score = None
    pixel_accuracy: Score = None


@dataclass(frozen=True, kw_only=True)
class ZoomOutFacts(Sparse):
    """A zoom-out classifier and the frozen network below it."""

    backbone: str
    weights: WeightsFacts
    convolutions: str
    dimension: int
    frozen_parameters: int
    superpixel: int
    spacing: int
    samples: SampleFacts


@dataclass(frozen=True, kw_only=True)
class DeepLabFacts(Sparse):
    """How a DeepLabV3 began."""

    backbone: str
    weights: WeightsFacts
    frozen: tuple[str, ...]
    thaw: int


@dataclass(frozen=True, kw_only=True)
class FinderFacts(Sparse):
    """What the learning-rate finder suggests."""

    steps: int
    suggested: Score


@dataclass(frozen=True, kw_only=True)
class RecipeFacts(Sparse):
    """What a kind of trial leaves beside the rest, in metrics.json and in its checkpoint."""

    distillation: DistillationFacts | None = None
    search: SearchFacts | None = None
    zoomout: ZoomOutFacts | None = None
    deeplab: DeepLabFacts | None = None
    lr_finder: FinderFacts | None = None
