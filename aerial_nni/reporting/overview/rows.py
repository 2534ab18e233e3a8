"""What each experiment brings to the page over all milestones: rows, method, command."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean
from typing import Any

from aerial_nni.recipes.baseline import report as baseline_document
from aerial_nni.recipes.darts.report import document as darts_document
from aerial_nni.recipes.darts.report import provenance as darts_provenance
from aerial_nni.recipes.darts.report.reading import read_discovery
from aerial_nni.recipes.distill.report import document as distill_document
from aerial_nni.recipes.distill.report import provenance as distill_provenance
from aerial_nni.recipes.distill.report.costs import read_rows
from aerial_nni.recipes.distill.report.lesson_facts import way
from aerial_nni.recipes.distill.report.reading import read_distillation
from aerial_nni.recipes.hpo.report import document as hpo_document
from aerial_nni.recipes.hpo.report import provenance as hpo_provenance
from aerial_nni.reporting import provenance
from aerial_nni.reporting.folder import Experiment, ResultUnusable, Trial
from aerial_nni.reporting.format import pluralize
from aerial_nni.reporting.group_comparison import Group
from aerial_nni.reporting.search.search import read_search
from aerial_nni.reporting.search.search_trial import Tried
from aerial_nni.tuners.trial import BEST as BEST_AGAIN
from aerial_nni.tuners.trial import DEFAULT

BASELINE = "U-Net baseline"
BEST, DEFAULTS = "best of HPO", "default options beside it"
TEACHER, STUDENT, ALONE, INT8 = "teacher", "student", "student without teacher", "student, 8-bit"
DERIVED, RANDOMS, HAND_MADE = "derived network", "random architectures", "U-Net of its size"
CONTROLS = (DEFAULTS, ALONE, RANDOMS, HAND_MADE)
"""Rows that another row of the same experiment is measured against."""

OF_STUDENT = {"teacher": TEACHER, "student": STUDENT, "control": ALONE, "int8": INT8}
"""Keys of a distillation's models -> what they are called here."""


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

    @property
    def control(self) -> bool:
        """Whether it is there to be compared with."""
        return self.name in CONTROLS


@dataclass(frozen=True, kw_only=True)
class Made:
    """An experiment, its rows, and how it was made."""

    experiment: Experiment
    rows: Sequence[Row]
    method: str
    command: str
    document: str
    """Name of its own document."""
    shown: Trial
    """A run whose split and data are those of all."""
    teacher: str = ""
    """Digest of the teacher's checkpoint."""

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


def row_of(name: str, trials: Sequence[Trial]) -> Row:
    """The row of runs that were trained alike."""
    models = [trial.metrics["model"] for trial in trials]
    return Row(
        name=name,
        network=network(trials[0].options),
        scores=Group(name, trials).scores,
        epochs=_epochs(trials),
        parameters=[int(model["parameters"]) for model in models],
        multiply_adds=[int(model["multiply_adds"]) for model in models],
    )


def network(options: Mapping[str, Any]) -> str:
    """A network as the table names it, by the options that it was built with."""
    model = options.get("model", "unet")
    name = "U-Net" if model == "unet" else model
    return f"{name}, width {options['width']}, depth {options['depth']}"


def _epochs(trials: Sequence[Trial]) -> list[int]:
    return sorted({int(trial.metrics["epochs_run"]) for trial in trials})


def _mean(seconds: Sequence[float]) -> float | None:
    return mean(seconds) if seconds else None


def _rows(named: Sequence[tuple[str, Sequence[Trial]]]) -> list[Row]:
    return [row_of(name, trials) for name, trials in named if trials]


def _baseline(experiment: Experiment) -> Made:
    return Made(
        experiment=experiment,
        rows=_rows([(BASELINE, experiment.trials)]),
        method="options as given",
        command=provenance.command(experiment),
        document=baseline_document.NAME,
        shown=experiment.best,
    )


def _hpo(experiment: Experiment) -> Made:
    search = read_search(experiment)
    again = "" if search.retrained[BEST_AGAIN] else ", not trained again"
    return Made(
        experiment=experiment,
        rows=_rows([(BEST, search.shown), (DEFAULTS, search.retrained[DEFAULT])]),
        method=f"{search.title}{again}",
        command=hpo_provenance.command(search),
        document=hpo_document.NAME,
        shown=search.shown[0],
    )


def _distill(experiment: Experiment) -> Made:
    found = read_distillation(experiment)
    spec, options = found.teacher["spec"], found.student.options
    runs = {"student": found.students, "control": found.controls}
    rows = [
        Row(
            name=OF_STUDENT[row.key],
            network=network(spec if row.key == "teacher" else options),
            scores=list(row.scores) or [float(row.score or 0.0)],
            epochs=_epochs(runs.get(row.key, ())),
            parameters=[row.parameters],
            multiply_adds=[row.multiply_adds],
            seconds=row.patch_seconds,
        )
        for row in read_rows(found)
        if row.score is not None or row.scores
    ]
    searched = f", after a search ({found.search.title})" if found.search else ""
    return Made(
        experiment=experiment,
        rows=rows,
        method=f"{way(found)}{searched}",
        command=distill_provenance.command(found),
        document=distill_document.NAME,
        shown=found.student,
        teacher=found.teacher["sha256"],
    )


def _darts(experiment: Experiment) -> Made:
    found = read_discovery(experiment)
    if not found.main.runs:
        raise ResultUnusable(f"no derived network of {experiment.folder} was trained to its end")
    order = found.main.searched.options["order"]
    named = [(DERIVED, found.main.runs), (RANDOMS, found.randoms), (HAND_MADE, found.hand_made)]
    scores = {RANDOMS: found.random_scores}  # of each architecture; of the others of each run
    return Made(
        experiment=experiment,
        rows=[
            dataclasses.replace(
                row := row_of(name, runs),
                scores=scores.get(name, row.scores),
                seconds=_mean(found.seconds(runs)),
            )
            for name, runs in named
            if runs
        ],
        method=f"DARTS, {order} order, {pluralize(len(found.search.tried), 'search trial')}",
        command=darts_provenance.command(found),
        document=darts_document.NAME,
        shown=found.shown[0],
    )


READERS: dict[str, Callable[[Experiment], Made]] = {
    "baseline": _baseline,
    "hpo": _hpo,
    "distill": _distill,
    "darts": _darts,
}
"""Kind of an experiment -> what it brings."""
