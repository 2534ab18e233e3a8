"""Gain by distillation: the student's score minus its control's, seed by seed."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

STUDENT = "student"
"""Phase of an experiment's final trials that have the teacher, beside `tuners.trial.CONTROL`."""


@dataclass(frozen=True, kw_only=True)
class Worth:
    """Means over the seeds that both have a score for."""

    student: float
    control: float
    difference: float
    spread: float | None
    """Standard deviation of the difference over seeds, None with one seed."""
    seeds: int


def worth(student: Mapping[int, float], control: Mapping[int, float]) -> Worth | None:
    """What the teacher is worth, from the scores of both by seed; None without a common seed."""
    seeds = sorted(student.keys() & control.keys())
    if not seeds:
        return None
    differences = [student[seed] - control[seed] for seed in seeds]
    return Worth(
        student=statistics.fmean(student[seed] for seed in seeds),
        control=statistics.fmean(control[seed] for seed in seeds),
        difference=statistics.fmean(differences),
        spread=statistics.stdev(differences) if len(seeds) > 1 else None,
        seeds=len(seeds),
    )
