"""What the document of a distillation reads: teacher, students, controls, and what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from aerial_nni.config import run_folder
from aerial_nni.config.safe_reading import read_arrays
from aerial_nni.recipes.distill.gain import STUDENT, Worth, worth
from aerial_nni.recipes.distill.options import parse_kind
from aerial_nni.reporting.folder import Example, Experiment, ResultUnusable, Trial
from aerial_nni.reporting.search.search import Search, finished, read_search
from aerial_nni.tuners.trial import CONTROL

WITH_TEMPERATURE = ("soft", "channel")
"""Kinds that divide logits by the temperature."""


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """A distillation with at least one student that reached its end."""

    experiment: Experiment
    search: Search | None
    """None where nothing was searched."""
    students: tuple[Trial, ...]
    """The final runs with the teacher, in the order of their seeds; never empty."""
    controls: tuple[Trial, ...]
    """The final runs without it."""

    @property
    def method(self) -> Mapping[str, Any]:
        """What the record says: teacher, student, seeds, and of a search its method."""
        method: Mapping[str, Any] = self.experiment.record["method"]
        return method

    @cached_property
    def teacher(self) -> Mapping[str, Any]:
        """Facts of the teacher: file, hash, size, score and model."""
        teacher: Mapping[str, Any] = self.student.metrics["distillation"]["teacher"]
        return teacher

    @property
    def lesson(self) -> Mapping[str, Any]:
        """How the shown student learnt: kind, temperature, teacher_weight, layers."""
        lesson: Mapping[str, Any] = self.student.metrics["distillation"]
        return lesson

    @property
    def kinds(self) -> list[tuple[float, str]]:
        """Factors and names of the kinds that the shown student learnt by."""
        return parse_kind(self.lesson["kind"])

    @property
    def softened(self) -> bool:
        """Whether the temperature plays a part in them."""
        return any(name in WITH_TEMPERATURE for _, name in self.kinds)

    @cached_property
    def student(self) -> Trial:
        """The student that is shown: the one with the highest score."""
        return max(self.students, key=lambda trial: trial.metrics["score"])

    @cached_property
    def control(self) -> Trial | None:
        """The control of the shown student's seed, None where it has none."""
        seed = self.student.options["seed"]
        return next((trial for trial in self.controls if trial.options["seed"] == seed), None)

    @property
    def shown(self) -> list[Trial]:
        """The students, the one that is shown in front."""
        return [self.student, *(trial for trial in self.students if trial is not self.student)]

    @cached_property
    def worth(self) -> Worth | None:
        """The student's score less that of its control; None where no seed has both."""
        student, control = (
            {trial.options["seed"]: float(trial.metrics["score"]) for trial in trials}
            for trials in (self.students, self.controls)
        )
        return worth(student, control)

    @cached_property
    def costs(self) -> Mapping[str, Any] | None:
        """What was measured of the shown models, see `results.COSTS`; None if nothing or others."""
        path = self.experiment.folder / run_folder.COSTS
        if not path.is_file():
            return None
        costs = run_folder.read_json(path)
        return costs if costs["checkpoints"] == self.checkpoints else None

    @property
    def checkpoints(self) -> dict[str, str]:
        """Hashes of the checkpoints that are shown."""
        found = {"teacher": self.teacher["sha256"], "student": _hash(self.student)}
        return found if self.control is None else {**found, "control": _hash(self.control)}

    @cached_property
    def answers(self) -> Mapping[str, np.ndarray]:
        """Logits of teacher, student and control, (n, classes, h, w), for `student.examples`.

        Empty where they were not kept for these checkpoints.
        """
        path = self.experiment.folder / run_folder.ANSWERS
        if self.costs is None or not path.is_file():
            return {}
        kept = {name: part.astype(np.float32) for name, part in read_arrays(path).items()}
        numbers = [example.number for example in self.student.examples]
        return kept if kept.pop("numbers").tolist() == numbers else {}

    @cached_property
    def richest(self) -> int:
        """Place of the example whose truth has the most classes."""
        counts = [len(example.facts["classes"]) for example in self.student.examples]
        return int(np.argmax(counts))

    def logits(self, model: str, place: int) -> np.ndarray:
        """What a model said of an example, (classes, h, w), without what was padded."""
        height, width = self.example(place).truth.shape
        return self.answers[model][place, :, :height, :width]

    def example(self, place: int) -> Example:
        """One of the shown validation patches."""
        return self.student.examples[place]


def read_distillation(experiment: Experiment) -> Distillation:
    """The distillation of an experiment.

    Raises:
        ResultUnusable: no student reached its end, or the search is damaged.
    """
    searched = experiment.record["method"].get("search_trials")
    search = read_search(experiment, best=STUDENT) if searched else None
    students = finished(experiment, STUDENT)
    if not students and search is not None:  # ended before the final trials
        students = search.shown
    if not students:
        raise ResultUnusable(
            f"no student of {experiment.folder} reached its end; go on with: "
            f"python -m aerial_nni.run resume {experiment.id}"
        )
    return Distillation(
        experiment=experiment,
        search=search,
        students=students,
        controls=finished(experiment, CONTROL),
    )


def _hash(trial: Trial) -> str:
    return str(trial.metrics["checkpoint"]["sha256"])
