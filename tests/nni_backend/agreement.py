"""UI, REST interface, tuner, record and trials agree on who ran with what."""

import json
from collections.abc import Sequence
from typing import Any

from fast_trial import score_of

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions
from aerial_nni.nni_backend.lifecycle import Outcome
from aerial_nni.nni_backend.trial_states import parameter_mismatches, parameters_of


def agree(
    outcome: Outcome, answers: dict[str, Any], heard: Sequence[Any], rates: Sequence[float]
) -> None:
    """Checks an experiment with one trial for each learning rate.

    `answers` are NNI's, `heard` is what the recording tuner wrote down.
    """
    by_id = {trial.id: trial.parameters["lr"] for trial in outcome.record.trials}
    assert sorted(by_id.values()) == list(rates)
    assert not any(parameter_mismatches(trial, outcome.folder) for trial in outcome.record.trials)
    scores = {trial.id: trial.score for trial in outcome.record.trials}
    assert scores == {name: score_of(TrialOptions.of(lr=lr)) for name, lr in by_id.items()}
    jobs = answers["trial-jobs"]
    assert {job["trialJobId"]: parameters_of(job)["lr"] for job in jobs} == by_id
    assert len(answers["export-data"]) == len(rates)
    for entry in answers["export-data"]:
        assert entry["parameter"] == {"lr": by_id[entry["trialJobId"]]}
        assert json.loads(entry["value"])["default"] == scores[entry["trialJobId"]]
    told = [line[1:3] for line in heard if line[0] == "result"]
    ran = [run_folder.read_json(outcome.folder / name / run_folder.OPTIONS)["lr"] for name in by_id]
    assert sorted((parameters["lr"], value["default"]) for parameters, value in told) == sorted(
        (lr, score_of(TrialOptions.of(lr=lr))) for lr in ran
    )
