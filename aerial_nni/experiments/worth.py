"""What the teacher of a distillation is worth, from the experiment's trials."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from aerial_nni.distillation import worth as by_seed
from aerial_nni.distillation.worth import STUDENT
from aerial_nni.experiments.records import Trial
from aerial_nni.tuners.trial import CONTROL, PHASE


def worth(trials: Sequence[Trial]) -> dict[str, Any] | None:
    """The fields of `Worth`, over the final trials; None where no seed has both scores."""
    scores: dict[str, dict[int, float]] = {STUDENT: {}, CONTROL: {}}
    for trial in trials:
        if trial.score is not None and (phase := trial.parameters.get(PHASE)) in scores:
            scores[phase][trial.parameters["seed"]] = trial.score
    found = by_seed.worth(scores[STUDENT], scores[CONTROL])
    return dataclasses.asdict(found) if found else None
