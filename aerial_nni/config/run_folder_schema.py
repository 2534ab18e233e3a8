"""What experiment.json and costs.json of an experiment hold, as dataclasses."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import aerial_nni
from aerial_nni.config.parts import Part, Score, Sparse, Word
from aerial_nni.config.recipe_facts import TeacherFacts
from aerial_nni.config.schema import Between, Name

FORMAT = 1
"""Version of these files. Those written before it was noted have none, and count as 0."""


@dataclass(kw_only=True)
class Limits(Part):
    """When an experiment ends at the latest."""

    trials: int
    concurrency: int
    max_minutes: float
    max_failures: int | None = None


@dataclass(kw_only=True)
class TrialRow(Part):
    """One trial as NNI and its result folder tell it. Times are ISO 8601."""

    id: Word
    sequence: int | None
    state: Word
    parameters: dict[str, Any]
    score: float | None = None
    folder: Word | None = None
    """Name of the result folder inside the experiment's, None before there is one."""
    start: str | None = None
    end: str | None = None
    added: bool = False
    """Whether a person added it in the web UI."""


@dataclass(frozen=True, kw_only=True)
class Best(Part):
    """The best trial."""

    id: Word
    score: float
    folder: Word


@dataclass(frozen=True, kw_only=True)
class Command(Part):
    """A command as it would be typed again, and when it was typed."""

    line: str
    time: str


@dataclass(frozen=True, kw_only=True)
class Method(Sparse):
    """How configurations are chosen; what a kind of experiment does not say is None."""

    name: str | None = None
    title: str | None = None
    index: int | None = None
    class_name: str | None = None
    class_args: dict[str, Any] | None = None
    search_trials: int | None = None
    own_space: bool | None = None
    """Whether the search space is not the package's own."""
    missing: tuple[str, ...] | None = None
    """What the package's own space searches and this one does not."""
    reason: str | None = None
    given: dict[str, Any] | None = None
    """Options that were given, so that they are not searched."""
    assessor: str | None = None
    seeds: tuple[int, ...] | None = None
    final_epochs: int | None = None
    losses: tuple[str, ...] | None = None
    find_lr: int | None = None
    student: dict[str, Any] | None = None
    teacher: TeacherFacts | None = None
    unet: dict[str, Any] | None = None
    unet_epochs: int | None = None
    superpixel: int | None = None
    search_seeds: tuple[int, ...] | None = None
    randoms: int | None = None
    random_seeds: int | None = None
    architectures: str | None = None


@dataclass(kw_only=True)
class Record(Part):
    """The content of `experiment.json`, as far as documents need it."""

    id: Word
    kind: Word
    name: Annotated[str, Name()] = "unnamed"
    options: dict[str, Any] = field(default_factory=dict)
    space: dict[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=lambda: Limits(trials=0, concurrency=1, max_minutes=0))
    port: Annotated[int, Between(0, 65535)] = 0
    url: str = ""
    nni_directory: str = ""
    module: str = ""
    """The trial's module, run with `python -m`."""
    method: Method = field(default_factory=Method)
    """Of a search: its method, start-up, budget and reason."""
    state: str = "RUNNING"
    """RUNNING, DONE, FAILED or STOPPED."""
    reason: str = ""
    created: str = ""
    ended: str | None = None
    launcher_pid: Annotated[int, Between(0, 2**31 - 1)] = 0
    launcher_started: float = 0.0
    """Its start: a process id is used again, together with this it is not."""
    version: str = aerial_nni.__version__
    trials: list[TrialRow]
    best: Best | None = None
    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the files that all trials share, as they were at launch, by name."""
    command_line: str | None = None
    """The command that launched it, None where it was launched from Python or by 0.1.0."""
    resumes: list[Command] = field(default_factory=list)
    """The commands that went on with it, the oldest first."""
    origins: dict[str, str] = field(default_factory=dict)
    """Where the value of each option comes from, by its name; empty where that was not noted."""
    format: int = FORMAT


@dataclass(frozen=True, kw_only=True)
class ModelCost(Sparse):
    """What a network costs on the processor, in seconds and bytes."""

    patch_seconds: float
    file_bytes: int | None = None
    scene_seconds: float | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Int8(Sparse):
    """A student in 8-bit integers: what it scores, or why there is none."""

    mean_iou: Score = None
    floating: Score = None
    """That of the same file before."""
    patches: int | None = None
    missing: str | None = None


@dataclass(frozen=True, kw_only=True)
class Costs(Sparse):
    """The content of costs.json: what was measured once the trials were over."""

    checkpoints: dict[str, str]
    """SHA-256 of those that it is about, by name."""
    costs: dict[str, ModelCost]
    patch: int
    machine: str
    versions: dict[str, str]
    scene: tuple[int, int] | None = None
    int8: Int8 | None = None
