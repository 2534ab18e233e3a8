"""Trial states as NNI reports them, merged with the trials' result folders."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aerial_nni.config import run_folder
from aerial_nni.config.run_folder_schema import TrialRow
from aerial_nni.config.safe_reading import SMALL
from aerial_nni.nni_backend.ranking import score_of
from aerial_nni.nni_backend.records import moment

UNFINISHED = ("UNKNOWN", "WAITING", "RUNNING")
WAITING = ("ADD_RESUMED", "ADD_CUSTOMIZED")
"""States in NNI's database of trials that it has taken up but not started."""

FAILURES = ("FAILED", "SYS_CANCELED")


def trials_of(
    jobs: Iterable[Mapping[str, Any]], folder: Path, *, known: Sequence[TrialRow] = ()
) -> list[TrialRow]:
    """The trials of an experiment, in the order they were made.

    `jobs` is what NNI answers to /trial-jobs; `folder` is the experiment's. The score is the one
    in the result folder, which is written before NNI hears of it. What is `known` of a trial that
    ended before is taken over: nothing of it changes any more.
    """
    ended = {(trial.id, trial.state): trial for trial in known if trial.state not in UNFINISHED}
    trials = [
        ended.get((str(job["trialJobId"]), str(job["status"]))) or _trial(job, folder)
        for job in jobs
    ]
    return sorted(trials, key=lambda trial: (trial.sequence is None, trial.sequence, trial.id))


def _trial(job: Mapping[str, Any], folder: Path) -> TrialRow:
    identity = str(job["trialJobId"])
    own = folder / identity
    state = "WAITING" if job["status"] in WAITING else str(job["status"])
    return TrialRow(
        id=identity,
        sequence=job.get("sequenceId"),
        state=state,
        parameters=parameters_of(job),
        score=score_of(own),
        folder=identity if own.is_dir() else None,
        start=moment(job.get("startTime")),
        end=moment(job.get("endTime")) if state not in UNFINISHED else None,
        added=_packed(job).get("parameter_id", 0) is None,
    )


def parameters_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """The hyper-parameters NNI has on record for a trial."""
    return dict(_packed(job).get("parameters") or {})


def _packed(job: Mapping[str, Any]) -> dict[str, Any]:
    """The hyper-parameters as NNI packs them: with an id where its tuner chose them."""
    packed = job.get("hyperParameters") or []
    return dict(json.loads(packed[0])) if packed else {}


def parameter_mismatches(trial: TrialRow, folder: Path) -> dict[str, tuple[Any, Any]]:
    """Parameters whose recorded value is not the one the trial ran with: name -> (NNI, trial).

    This is what NNI 3.0 does without our repair, see preload.cjs, `attribution`.
    """
    try:
        ran = run_folder.read_json(folder / trial.id / run_folder.OPTIONS, largest=SMALL)
    except (OSError, ValueError):
        return {}
    return {
        key: (value, ran[key])
        for key, value in trial.parameters.items()
        if key in ran and not _same(value, ran[key])
    }


def _same(recorded: Any, ran: Any) -> bool:
    if isinstance(recorded, (int, float)) and isinstance(ran, (int, float)):
        return math.isclose(recorded, ran, rel_tol=1e-9)
    return bool(recorded == ran)


def written(folder: Path) -> float | None:
    """When a trial finished its last epoch, in seconds since 1970; None before the first."""
    try:
        return (folder / run_folder.HISTORY).stat().st_mtime
    except OSError:
        return None


def history_of(folder: Path) -> Sequence[Mapping[str, float]]:
    """The epochs a trial has finished so far, empty before the first."""
    try:
        return run_folder.read_history(folder / run_folder.HISTORY)
    except (OSError, ValueError):
        return ()
