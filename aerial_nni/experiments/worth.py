"""What the teacher of a distillation is worth: the student's score less that of its control."""

import statistics
from collections.abc import Sequence
from typing import Any

from aerial_nni.experiments.distill import STUDENT
from aerial_nni.experiments.records import Trial
from aerial_nni.tuners.trial import CONTROL, PHASE


def worth(trials: Sequence[Trial]) -> dict[str, Any] | None:
    """Mean scores of both and of their difference, over the seeds that both have a score for.

    `spread` is the standard deviation of the difference over seeds, None with one seed. None where
    there is no such seed at all.
    """
    scores: dict[str, dict[int, float]] = {STUDENT: {}, CONTROL: {}}
    for trial in trials:
        if trial.score is not None and (phase := trial.parameters.get(PHASE)) in scores:
            scores[phase][trial.parameters["seed"]] = trial.score
    seeds = sorted(scores[STUDENT].keys() & scores[CONTROL].keys())
    if not seeds:
        return None
    differences = [scores[STUDENT][seed] - scores[CONTROL][seed] for seed in seeds]
    return {
        "student": statistics.fmean(scores[STUDENT][seed] for seed in seeds),
        "control": statistics.fmean(scores[CONTROL][seed] for seed in seeds),
        "difference": statistics.fmean(differences),
        "spread": statistics.stdev(differences) if len(seeds) > 1 else None,
        "seeds": len(seeds),
    }
