"""What an experiment brings to the page over all kinds: rows and method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aerial_nni.reporting.folder import Experiment, Trial
from aerial_nni.reporting.group_comparison import Group
from aerial_nni.reporting.search.search_trial import Tried
from aerial_nni.reporting.style import INK


@dataclass(frozen=True, kw_only=True)
class Row:
    """Runs that were trained alike; of a teacher and of a model in 8 bits one score."""

    name: str
    network: str
    scores: Sequence[float]
    epochs: Sequence[int]
    """Epochs that runs had, each number once; empty where the experiment did not train it."""
    parameters: Sequence[int]
    multiply_adds: Sequence[int]
    """For one patch. Of random architectures, each has its own."""
    seconds: float | None = None
    """Of a patch, where it was measured; of random architectures their mean."""
    control: bool = False
    """Whether it is there to be compared with."""
    colour: str = INK
    marker: str = "o"


@dataclass(frozen=True, kw_only=True)
class Made:
    """An experiment, its rows, and how it was made."""

    experiment: Experiment
    rows: Sequence[Row]
    method: str
    shown: Trial
    """A run whose split and data are those of all."""
    teacher: str = ""
    """Digest of the teacher's checkpoint."""
    note: str = ""
    """What is to be known of its rows, in a sentence."""
    document: str = ""
    """Name of its own document."""

    @cached_property
    def seconds(self) -> float:
        """Time of all epochs that its trials trained, those of failed trials too."""
        folder = self.experiment.folder
        tried = [
            Tried(number, row, folder / row["folder"] if row["folder"] else None)
            for number, row in enumerate(self.experiment.record["trials"], start=1)
        ]
        return sum(trial.seconds for trial in tried)

    @property
    def trials(self) -> str:
        """How many trials it had, and how many have a score if not all."""
        rows = self.experiment.record["trials"]
        good = sum(row["score"] is not None for row in rows)
        return f"{good}" if good == len(rows) else f"{good} of {len(rows)}"


def rows_of(
    runs: Mapping[str, Sequence[Trial]], *, colour: str, marker: str = "o", control: bool = False
) -> list[Row]:
    """A row for each group of runs that were trained alike, of those that have any."""
    return [
        row_of(name, trials, colour=colour, marker=marker, control=control)
        for name, trials in runs.items()
        if trials
    ]


def row_of(name: str, trials: Sequence[Trial], **look: Any) -> Row:
    """The row of runs that were trained alike; `look` are colour, marker, and `control`."""
    models = [trial.metrics["model"] for trial in trials]
    return Row(
        name=name,
        network=network(trials[0].options),
        scores=Group(name, trials).scores,
        epochs=epochs_of(trials),
        parameters=[int(model["parameters"]) for model in models],
        multiply_adds=[int(model["multiply_adds"]) for model in models],
        **look,
    )


def network(options: Mapping[str, Any]) -> str:
    """A network as the table names it, by the options that it was built with."""
    model = options.get("model", "unet")
    name = "U-Net" if model == "unet" else model
    return f"{name}, width {options['width']}, depth {options['depth']}"


def epochs_of(trials: Sequence[Trial]) -> list[int]:
    """Epochs that runs had, each number once."""
    return sorted({int(trial.metrics["epochs_run"]) for trial in trials})
