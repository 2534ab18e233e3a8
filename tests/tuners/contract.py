"""The contract every tuner keeps; a subclass names its class and is done."""

import json
import math
from typing import Any

import nni
import numpy as np
import pytest

from aerial_nni.tuners.space import Space
from aerial_nni.tuners.tuner import SpaceTuner

SPACE: dict[str, Any] = {
    "lr": {"_type": "loguniform", "_value": [1e-4, 1e-1]},
    "decay": {"_type": "qloguniform", "_value": [0.001, 1.0, 0.001]},
    "width": {"_type": "randint", "_value": [4, 33]},
    "dropout": {"_type": "uniform", "_value": [0.0, 0.5]},
    "scale": {"_type": "quniform", "_value": [0.0, 1.0, 0.05]},
    "noise": {"_type": "normal", "_value": [0.0, 1.0]},
    "spread": {"_type": "qnormal", "_value": [0.0, 2.0, 0.5]},
    "gain": {"_type": "lognormal", "_value": [0.0, 1.0]},
    "gains": {"_type": "qlognormal", "_value": [0.0, 1.0, 0.5]},
    "loss": {"_type": "choice", "_value": ["ce", "dice", "ce+dice"]},
    "batch": {"_type": "choice", "_value": [4, 8, 16]},
    "flags": {"_type": "choice", "_value": [True, False, None, [1, 2], {"a": 1}]},
}
"""Every kind of parameter that NNI has."""

SMALL = {
    "x": {"_type": "uniform", "_value": [0.0, 1.0]},
    "k": {"_type": "randint", "_value": [0, 5]},
}
TINY = {
    "a": {"_type": "choice", "_value": ["p", "q", "r"]},
    "k": {"_type": "randint", "_value": [0, 3]},
}


def score(config: dict[str, Any]) -> float:
    """A smooth score over SMALL, best at x = 0.7, k = 3."""
    return -((config["x"] - 0.7) ** 2) - 0.05 * (config["k"] - 3) ** 2


class TunerContract:
    """Subclass with `tuner_class`; `arguments` are passed to every tuner made."""

    tuner_class: type[SpaceTuner]
    arguments: dict[str, Any] = {}

    def make(self, space: dict[str, Any], **arguments: Any) -> SpaceTuner:
        tuner = self.tuner_class(**{"trials": 20, **self.arguments, **arguments})
        tuner.update_search_space(json.loads(json.dumps(space)))
        return tuner

    def run(self, tuner: SpaceTuner, count: int, first: int = 0) -> list[dict[str, Any]]:
        configs = []
        for number in range(first, first + count):
            config = tuner.generate_parameters(number)
            tuner.receive_trial_result(number, config, {"default": score(config)})
            tuner.trial_end(number, True)
            configs.append(config)
        return configs

    def test_every_kind_of_parameter_stays_inside(self):
        tuner = self.make(SPACE)
        space = Space.parse(SPACE)
        draw = np.random.default_rng(0)
        for number in range(16):
            config = tuner.generate_parameters(number)
            space.encode(config)  # raises where a value is not in the space
            assert json.loads(json.dumps(config)) == config
            assert isinstance(config["width"], int) and 4 <= config["width"] < 33
            assert config["scale"] == pytest.approx(round(config["scale"] / 0.05) * 0.05)
            tuner.receive_trial_result(number, config, draw.random())

    def test_repeats_by_seed(self):
        first, second = (self.run(self.make(SMALL, seed=3), 14) for _ in range(2))
        assert first == second
        assert self.run(self.make(SMALL, seed=4), 14) != first

    def test_maximises_and_minimises(self):
        up = self.make(SMALL)
        down = self.make(SMALL, optimize_mode="minimize")
        for number in range(14):
            a, b = up.generate_parameters(number), down.generate_parameters(number)
            assert a == b
            up.receive_trial_result(number, a, score(a))
            down.receive_trial_result(number, b, -score(b))

    def test_failed_and_nan_trials_count_as_failed(self):
        tuner, space = self.make(SMALL), Space.parse(SMALL)
        for number in range(18):
            config = tuner.generate_parameters(number)
            space.encode(config)  # raises where a value is not in the space
            if number % 3 == 0:
                tuner.trial_end(number, False)
            elif number % 3 == 1:
                tuner.receive_trial_result(number, config, {"default": math.nan})
            else:
                tuner.receive_trial_result(number, config, score(config))
        assert [trial.failed for trial in tuner.trials] == [True, True, False] * 6
        losses = tuner.observed()[1].reshape(6, 3)  # failed, NaN, good
        assert np.isfinite(losses).all()
        assert (losses[:, :2] == losses[:, 2].max()).all()

    def test_goes_on_when_every_trial_fails(self):
        tuner, space = self.make(SMALL), Space.parse(SMALL)
        for number in range(12):
            space.encode(tuner.generate_parameters(number))
            tuner.trial_end(number, False)
        assert [trial.failed for trial in tuner.trials] == [True] * 12
        assert not len(tuner.pending())

    def test_no_duplicates_while_results_are_pending(self):
        tuner = self.make(SMALL)
        self.run(tuner, 8)
        configs = tuner.generate_multiple_parameters(list(range(8, 16)))
        assert len(configs) == 8
        assert len({json.dumps(config, sort_keys=True) for config in configs}) == 8

    def test_ends_when_a_finite_space_is_exhausted(self):
        tuner = self.make(TINY)
        seen = set()
        for number in range(9):
            config = tuner.generate_parameters(number)
            seen.add((config["a"], config["k"]))
            tuner.receive_trial_result(number, config, float(config["k"]))
        assert len(seen) == 9
        with pytest.raises(nni.NoMoreTrialError):
            tuner.generate_parameters(9)

    def test_goes_on_from_a_resumed_history(self):
        before = self.make(SMALL)
        configs = self.run(before, 8)
        after = self.make(SMALL)
        after.import_data([{"parameter": c, "value": score(c)} for c in configs[:7]])
        after.resumed(configs[7])
        after.import_data([{"parameter": configs[7], "value": {"default": score(configs[7])}}])
        units, losses = after.observed()
        assert len(units) == 8
        assert losses == pytest.approx([-score(config) for config in configs])
        failed = after.generate_parameters(100)
        assert failed not in configs
        after = self.make(SMALL)
        after.import_data([{"parameter": c, "value": score(c)} for c in configs])
        after.failed(failed)
        assert len(after.observed()[1]) == 9 and not len(after.pending())
        assert after.generate_parameters(101) not in [*configs, failed]

    def test_learns_a_customised_trial(self):
        tuner = self.make(SMALL)
        self.run(tuner, 8)
        best = {"x": 0.7, "k": 3}
        tuner.receive_trial_result(77, best, 5.0, customized=True)
        units, losses = tuner.observed()
        assert len(units) == 9 and losses.min() == -5.0
        outside = {"x": 7.0, "k": 300, "z": 1}
        tuner.receive_trial_result(78, outside, 9.0, customized=True)  # does not end the search
        assert tuner.generate_parameters(9) != best

    def test_learns_a_trial_that_was_stopped_early(self):
        tuner = self.make(SMALL)
        config = tuner.generate_parameters(0)
        tuner.receive_trial_result(0, config, {"default": 0.25, "loss": 1.0})
        tuner.trial_end(0, False)
        _, losses = tuner.observed()
        assert losses.tolist() == [-0.25]

    def test_takes_a_changed_search_space(self):
        tuner = self.make(SMALL)
        self.run(tuner, 8)
        tuner.update_search_space({**SMALL, "x": {"_type": "uniform", "_value": [0.5, 0.9]}})
        assert 0.5 <= tuner.generate_parameters(8)["x"] <= 0.9
