"""Methods that grant epochs, and TPE, under a real NNI server."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fast_experiments import fast, fast_search

from aerial_nni.config import run_folder
from aerial_nni.config.run_folder_schema import TrialRow
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.failures import by_hand
from aerial_nni.nni_backend.lifecycle import Outcome
from aerial_nni.tuners.trial import BEST, BUDGET, DEFAULT, key

pytestmark = pytest.mark.server

Run = Callable[..., Outcome]
SPACE = {
    "lr": {"_type": "uniform", "_value": [0.001, 0.1]},
    "seed": {"_type": "randint", "_value": [0, 9]},
}


def searched_by(name: str, *, trials: int, **arguments: Any) -> Definition:
    """An experiment of fast trials of up to nine epochs, searched by a tuner of ours."""
    given = {"optimize_mode": "maximize", "seed": 2, "trials": trials, **arguments}
    tuner = {"class_name": f"aerial_nni.tuners.{name}", "class_args": given}
    definition = dataclasses.replace(fast(1, epochs=9), space=SPACE, tuner=tuner)
    return dataclasses.replace(definition, trials=trials)


def config_of(trial: TrialRow) -> str:
    return key({name: trial.parameters[name] for name in SPACE})


def check_promotions(outcome: Outcome) -> None:
    """Whoever was promoted was among the best, and went on from what the shorter trial left."""
    by_budget: dict[int, dict[str, TrialRow]] = {}
    for trial in outcome.record.trials:
        by_budget.setdefault(trial.parameters[BUDGET], {})[config_of(trial)] = trial
    for config, trial in by_budget[9].items():
        metrics = run_folder.read_json(outcome.folder / trial.id / run_folder.METRICS)
        inherited = 3 if config in by_budget[3] else 0
        assert metrics["resumed_epochs"] == inherited
        history = run_folder.read_history(outcome.folder / trial.id / run_folder.HISTORY)
        assert len(history) == 9
        assert len({row["process"] for row in history}) == (2 if inherited else 1)
    assert any(config in by_budget[3] for config in by_budget[9])


@pytest.mark.parametrize(
    "concurrency", [pytest.param(1, marks=pytest.mark.slow), pytest.param(4, id="4")]
)
@pytest.mark.parametrize(
    "name", [pytest.param("hyperband.HyperbandTuner", marks=pytest.mark.slow), "bohb.BOHBTuner"]
)
def test_brackets_run_to_their_end(run_fast: Run, name: str, concurrency: int):
    definition = searched_by(name, trials=10, max_budget=9)
    outcome = run_fast(definition, concurrency=concurrency)
    assert outcome.good
    assert outcome.record.reason == "all trials ended: 10 of 10 are good"
    granted = Counter(trial.parameters[BUDGET] for trial in outcome.record.trials)
    assert granted == {3: 6, 9: 1 + 2 + 1}
    check_promotions(outcome)


@pytest.mark.slow
def test_failed_trials_do_not_break_a_bracket(run_fast: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FAST_FAIL", "1 2 5")
    definition = searched_by("hyperband.HyperbandTuner", trials=10, max_budget=9, seed=3)
    outcome = run_fast(definition, concurrency=2)
    assert outcome.good
    states = Counter(trial.state for trial in outcome.record.trials)
    assert states["FAILED"] and sum(states.values()) == 10
    assert not any(
        trial.parameters["seed"] in (1, 2, 5) and trial.parameters[BUDGET] == 9
        for trial in outcome.record.trials
        if trial.state == "SUCCEEDED"
    )


def test_a_search_by_hyperband_then_final_trials_of_full_length(run_fast: Run):
    outcome = run_fast(fast_search("hyperband", trials=4, seeds=(1,)), concurrency=4)
    assert outcome.good
    phases = Counter(trial.parameters["_phase"] for trial in outcome.record.trials)
    assert phases == {"search": 4, BEST: 1, DEFAULT: 1}
    searched, finals = outcome.record.trials[:4], outcome.record.trials[4:]
    assert sorted(trial.parameters[BUDGET] for trial in searched) == [1, 1, 1, 3]
    assert all(BUDGET not in trial.parameters for trial in finals)
    for trial in finals:
        assert len(run_folder.read_history(outcome.folder / trial.id / run_folder.HISTORY)) == 3


def test_tpe_under_a_server(run_fast: Run):
    outcome = run_fast(searched_by("tpe.TPETuner", trials=6, startup=3), concurrency=2)
    assert outcome.record.reason == "all trials ended: 6 of 6 are good"
    assert len({config_of(trial) for trial in outcome.record.trials}) == 6


def test_the_command_line_by_hand_has_the_budget_but_not_what_only_nni_knows(tmp_path: Path):
    parameters = {"lr": 0.1, BUDGET: 3, "_phase": "search"}
    trial = TrialRow(id="t", sequence=0, state="FAILED", parameters=parameters)
    words = by_hand(trial, "aerial_nni.trials.baseline", folder=tmp_path)
    assert words[5:] == ["--lr", "0.1", "--budget", "3", "--out", str(tmp_path / "t")]
