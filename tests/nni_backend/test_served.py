"""Every method under a real NNI server: twelve trials, two at a time, each as it was told."""

import json
from collections.abc import Callable

import pytest
from fast_experiments import fast_search
from fast_trial import score_of

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions, as_dict, changed
from aerial_nni.nni_backend.lifecycle import Outcome
from aerial_nni.nni_backend.trial_states import parameter_mismatches
from aerial_nni.tuners.methods import METHODS
from aerial_nni.tuners.space import Space
from aerial_nni.tuners.trial import BUDGET

pytestmark = pytest.mark.server

ALWAYS = {"bohb"}
"""One with budgets; the others are run with `-m slow`."""


@pytest.mark.parametrize(
    "name",
    [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.slow) for name in METHODS],
)
def test_twelve_trials(name: str, run_fast: Callable[..., Outcome]):
    outcome = run_fast(fast_search(name, trials=12, seeds=()), concurrency=2)
    record = outcome.record
    assert outcome.good, record.reason
    assert [trial.state for trial in record.trials] == ["SUCCEEDED"] * 12
    space = Space.parse(record.space)
    configs = []
    for trial in record.trials:
        folder = outcome.folder / trial.id
        assert not parameter_mismatches(trial, outcome.folder)
        ran = run_folder.read_json(folder / run_folder.OPTIONS)
        configs.append({name: trial.parameters[name] for name in space.names})
        assert {name: ran[name] for name in space.names} == configs[-1]
        options = {name: ran[name] for name in as_dict(TrialOptions())}  # without its budget
        share = ran.get(BUDGET, 3) / 3
        assert trial.score == pytest.approx(score_of(changed(TrialOptions(), options)) * share)
        space.encode(configs[-1])  # raises where a value is not in the space
    if not METHODS[name].multi_fidelity:  # promotes configurations
        assert len({json.dumps(config, sort_keys=True) for config in configs}) == 12
