"""What metrics.json and examples.json of a trial hold, as dataclasses.

metrics = read_metrics(folder / METRICS)
metrics.split.rule, metrics.final.mean_iou, metrics.cost.training_seconds
"""

from dataclasses import dataclass, field
from typing import Annotated, Any

from aerial_nni.config.parts import Counts, Number, Score, Sparse
from aerial_nni.config.recipe_facts import RecipeFacts
from aerial_nni.config.run_folder_schema import FORMAT
from aerial_nni.config.schema import Between


@dataclass(frozen=True, kw_only=True)
class Scores(Sparse):
    """Scores of the whole validation set; means are over the classes that are there."""

    loss: Score
    mean_iou: Score
    soft_jaccard: Score
    precision: Score
    recall: Score
    f1: Score
    pixel_accuracy: Score
    image_dice: Score = None
    """A mean over images, then over classes."""


@dataclass(frozen=True, kw_only=True)
class ClassScores(Sparse):
    """Scores of one class."""

    iou: Score
    precision: Score
    recall: Score
    f1: Score
    average_precision: Score
    pixels: int
    """Pixels that are of the class by the masks."""


@dataclass(frozen=True, kw_only=True)
class Sides(Sparse):
    """Of each class, and of void, a count on either side of a split."""

    train: Counts
    val: Counts


@dataclass(frozen=True, kw_only=True)
class SplitFacts(Sparse):
    """Which patches trained and which were validated on."""

    rule: str
    leaky: bool
    seed: int
    val_fraction: float
    file: str
    train_patches: int
    val_patches: int
    train_images: int
    val_images: int
    pixels: Sides
    shown: Sides | None = None
    """Images that show each class."""


@dataclass(frozen=True, kw_only=True)
class DataFacts(Sparse):
    """The dataset, and how its images were cut into patches."""

    name: str
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    bands: tuple[str, ...]
    fingerprint: str
    patch: int
    stride: int
    edge: str
    skipped: dict[str, str]
    resolution: str = "unknown"
    licence: str = "unknown"
    source: str = ""
    description: str = ""
    patch_width: int | None = None
    written: dict[str, Any] | None = None
    nested: bool | None = None
    untold: bool | None = None
    held_out: str | None = None


@dataclass(frozen=True, kw_only=True)
class Kept(Sparse):
    """The checkpoint of the epoch that was kept."""

    sha256: str
    file: str


@dataclass(frozen=True, kw_only=True)
class ModelFacts(Sparse):
    """A network's size, and its work for one patch."""

    parameters: int
    multiply_adds: int
    input: tuple[int, ...]
    """Bands, height and width."""


@dataclass(frozen=True, kw_only=True)
class Cost(Sparse):
    """What the training took; seconds are of the wall clock."""

    training_seconds: float
    seconds_per_epoch: float
    patches_per_second: Number
    device: str
    precision: str
    threads: int
    machine: str
    resumed_seconds: float | None = None
    """Of epochs that another trial had done."""
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Versions(Sparse):
    """Of the programs that did it."""

    aerial_nni: str
    torch: str
    python: str | None = None


@dataclass(frozen=True, kw_only=True)
class Metrics(RecipeFacts):
    """The content of metrics.json: what a trial reached, on what, and what it took."""

    score: Score
    epoch: Annotated[int, Between(0)]
    epochs_run: Annotated[int, Between(1)]
    stopped: str
    final: Scores
    per_class: dict[str, ClassScores]
    confusion: tuple[tuple[int, ...], ...]
    """Pixel counts: [true][predicted]."""
    split: SplitFacts
    data: DataFacts
    checkpoint: Kept
    model: ModelFacts
    cost: Cost
    versions: Versions
    budget: int | None = None
    """Epochs after which a trial under Hyperband or BOHB stops."""
    resumed_epochs: int | None = None
    """Epochs that it took over from another."""
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the files beside it that documents read."""
    format: int = FORMAT


@dataclass(frozen=True, kw_only=True)
class ExampleFacts(Sparse):
    """A validation patch that is kept as pictures: an entry of examples.json."""

    number: int
    image: str
    y: int
    x: int
    mean_iou: Score
    pixel_accuracy: Score
    classes: tuple[str, ...]
    """Those that it shows."""
