"""With many trials a look costs what it does with few: what has ended is read once."""

from pathlib import Path
from typing import Any

import pytest
from made_records import good_folder

from aerial_nni.config.run_folder_schema import Best, TrialRow
from aerial_nni.nni_backend import ranking, trial_states
from aerial_nni.nni_backend.ranking import best_of
from aerial_nni.nni_backend.trial_states import trials_of


def job(number: int, state: str) -> dict[str, Any]:
    return {"trialJobId": f"t{number}", "sequenceId": number, "status": state}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the folders whose scores are read."""
    names: list[str] = []
    score_of = ranking.score_of

    def noted(folder: Path) -> float | None:
        names.append(folder.name)
        return score_of(folder)

    monkeypatch.setattr(trial_states, "score_of", noted)
    monkeypatch.setattr(ranking, "score_of", noted)
    return names


def test_a_trial_that_has_ended_is_read_once(tmp_path: Path, read: list[str]):
    good_folder(tmp_path / "t0", 0.5)
    jobs = [job(0, "SUCCEEDED"), job(1, "RUNNING")]
    first = trials_of(jobs, tmp_path)
    read.clear()
    good_folder(tmp_path / "t1", 0.6)
    again = trials_of([jobs[0], job(1, "SUCCEEDED")], tmp_path, known=first)
    assert read == ["t1"]
    assert [trial.score for trial in again] == [0.5, 0.6]


def test_only_the_best_folder_is_looked_into(tmp_path: Path, read: list[str]):
    for number in range(4):
        good_folder(tmp_path / f"t{number}", number / 10)
    (tmp_path / "t3" / ranking.GOOD_FILES[0]).unlink()
    trials = [
        TrialRow(id=name, sequence=None, state="SUCCEEDED", parameters={}, score=score, folder=name)
        for name, score in (("t0", 0.0), ("t1", 0.1), ("t2", 0.2), ("t3", 0.3))
    ]
    assert best_of(trials, tmp_path) == Best(id="t2", score=0.2, folder="t2")
    assert read == ["t2"]
