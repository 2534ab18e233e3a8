"""UI, REST interface, tuner, record and trials agree on who ran with what."""

import json
from collections.abc import Sequence
from typing import Any

from fast_trial import score_of

from aerial_nni.experiments.conduct import Outcome
from aerial_nni.experiments.snapshot import booked_wrongly, parameters_of
from aerial_nni.options import TrialOptions


def agree(outcome: Outcome, answers: dict[str, Any], rates: Sequence[float]) -> None:
    """Checks an experiment with one trial for each learning rate; `answers` are NNI's."""
    by_id = {trial.id: trial.parameters["lr"] for trial in outcome.record.trials}
    assert sorted(by_id.values()) == list(rates)
    assert not any(booked_wrongly(trial, outcome.folder) for trial in outcome.record.trials)
    scores = {trial.id: trial.score for trial in outcome.record.trials}
    assert scores == {name: score_of(TrialOptions(lr=lr)) for name, lr in by_id.items()}
    jobs = answers["trial-jobs"]
    assert {job["trialJobId"]: parameters_of(job)["lr"] for job in jobs} == by_id
    assert len(answers["export-data"]) == len(rates)
    for entry in answers["export-data"]:
        assert entry["parameter"] == {"lr": by_id[entry["trialJobId"]]}
        assert json.loads(entry["value"])["default"] == scores[entry["trialJobId"]]
    numbers = {job["trialJobId"]: json.loads(job["hyperParameters"][0]) for job in jobs}
    for metric in answers["metric-data"]:
        # What the tuner is told of: the parameters that the trial says it was given.
        assert numbers[metric["trialJobId"]]["parameter_id"] == int(metric["parameterId"])
