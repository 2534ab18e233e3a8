"""What a distillation says at its end: what the teacher is worth."""

import dataclasses
from pathlib import Path

from aerial_nni.nni_backend.records import Record
from aerial_nni.recipes.distill.gain import STUDENT, worth
from aerial_nni.recipes.engine.recipe import Conclusion
from aerial_nni.reporting.format import pluralize
from aerial_nni.tuners.trial import CONTROL, PHASE


def conclude(record: Record, folder: Path) -> Conclusion:
    """The fields of `Worth`, None where no seed has both scores."""
    scores: dict[str, dict[int, float]] = {STUDENT: {}, CONTROL: {}}
    for trial in record.trials:
        if trial.score is not None and (phase := trial.parameters.get(PHASE)) in scores:
            scores[phase][trial.parameters["seed"]] = trial.score
    found = worth(scores[STUDENT], scores[CONTROL])
    if found is None:
        return {"worth": None}, ""
    spread = f" ± {found.spread:.4f}" if found.spread is not None else ""
    text = f"student {found.student:.4f}, control {found.control:.4f}"
    text += f": {found.difference:+.4f}{spread} over {pluralize(found.seeds, 'seed')}"
    return {"worth": dataclasses.asdict(found)}, text
