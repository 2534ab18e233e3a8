"""Which trials are good, and the best of them."""

import math
from collections.abc import Sequence
from pathlib import Path

from aerial_nni.config import run_folder
from aerial_nni.config.run_folder_schema import Best, TrialRow
from aerial_nni.nni_backend.kind import PLAIN, Kind
from aerial_nni.nni_backend.records import Record
from aerial_nni.tuners.trial import CONTROL, PHASE

GOOD_FILES = (run_folder.OPTIONS, run_folder.HISTORY, run_folder.METRICS, run_folder.CHECKPOINT)
"""What the folder of a good trial holds."""


def is_good(folder: Path) -> bool:
    """Whether a result folder is complete, with a finite score."""
    return all((folder / name).is_file() for name in GOOD_FILES) and score_of(folder) is not None


def score_of(folder: Path) -> float | None:
    """The finite final score in a result folder, None where there is none or it is damaged."""
    try:
        score = run_folder.read_json(folder / run_folder.METRICS)["score"]
    except (OSError, LookupError, TypeError, ValueError):
        return None
    return float(score) if type(score) in (int, float) and math.isfinite(score) else None


def best_of(trials: Sequence[TrialRow], folder: Path, kind: Kind = PLAIN) -> Best | None:
    """Id, score and folder of the good trial with the highest score; None where none is good.

    A control is never the best: what an experiment is for is in the others. Nor is what the `kind`
    says never is; and while a trial of the phase that it puts above others is good, no other is.
    """
    never = (CONTROL, *kind.never_best)
    scored = [
        trial
        for trial in trials
        if not str(trial.parameters.get(PHASE)).startswith(never)
        and trial.score is not None
        and trial.folder
    ]
    # Best first: of a thousand folders only the first good one is looked into.
    rank = {
        trial.id: (trial.parameters.get(PHASE) == kind.best_phase, trial.score) for trial in scored
    }
    scored.sort(key=lambda trial: rank[trial.id], reverse=True)
    best = next((t for t in scored if is_good(folder / str(t.folder))), None)
    if best is None or best.score is None or best.folder is None:
        return None
    return Best(id=best.id, score=best.score, folder=best.folder)


def describe_best(record: Record, folder: Path) -> list[str]:
    """The best trial and its checkpoint in lines, none where there is none."""
    best = record.best
    if best is None:
        return []
    checkpoint = folder / best.folder / run_folder.CHECKPOINT
    return [f"best trial: {best.id}, mean IoU {best.score:.4f}", f"checkpoint: {checkpoint}"]
