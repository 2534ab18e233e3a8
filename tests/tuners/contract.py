"""The contract every tuner keeps; a subclass names its class and is done."""

import json
import math
from typing import Any

import nni
import numpy as np
import pytest
from nni.runtime.tuner_command_channel import CommandType
from talk import Talk

from aerial_nni.tuners.space import Space
from aerial_nni.tuners.trial import key, visible
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

    @pytest.mark.parametrize("startup", [0, 3])
    def test_the_startup_is_as_long_as_it_is_said(self, startup: int):
        tuner = self.make(SMALL, startup=startup)
        assert tuner.startup == startup
        self.run(tuner, 5)

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

    def test_learns_trials_that_a_person_copied_edited_or_not(self):
        """Through NNI's dispatcher, told what the server tells it."""
        tuner = self.make(SMALL)
        talk = Talk(tuner)
        talk.run(6, score)
        talk.ask()
        (running,) = talk.running
        copies = {"ended": talk.started[0], "running": talk.started[running]}
        added = {**copies, "edited": {**talk.started[0], "x": 0.7, "k": 3, "_phase": "search"}}
        for parameters in added.values():
            talk.add(parameters)
        assert len(tuner.pending()) == 4
        talk.ask()
        for name, parameters in added.items():
            talk.metric(name, None, {"default": 5.0 if name == "edited" else 0.5})
            talk.end(name, None, parameters)
        assert len(tuner.pending()) == 2  # the two that it suggested
        units, losses = tuner.observed()
        assert len(units) == 9 and sorted(losses)[:3] == [-5.0, -0.5, -0.5]
        assert units[losses.argmin()] == pytest.approx(tuner.space.encode(added["edited"]))
        talk.run(5, score)
        later = [point for id, point in talk.started.items() if id > running]
        assert (0.7, 3) not in [(point["x"], point["k"]) for point in later]
        assert all(Space.parse(SMALL).encode(point).shape == (2,) for point in later)

    def test_a_customised_trial_outside_of_the_space_does_not_end_the_search(self):
        talk = Talk(self.make(SMALL))
        for number, outside in enumerate(({"x": 7.0, "k": 300, "z": 1}, {"x": "left", "k": 1})):
            talk.add(outside)
            talk.metric(f"c{number}", None, 9.0)
            talk.end(f"c{number}", None, outside)
        talk.run(6, score)
        assert len(talk.started) == 6

    def test_trials_that_a_person_killed_hold_nothing_up(self):
        tuner = self.make(SMALL)
        talk = Talk(tuner)
        talk.run(5, score)
        talk.ask(2)
        killed, other = talk.running
        added = {**talk.started[0], "x": 0.123}
        talk.add(added)
        talk.metric("c", None, {"default": 0.9}, kind="PERIODICAL")
        talk.end("c", None, added, "USER_CANCELED")
        talk.metric(f"t{killed}", killed, {"default": 0.9}, kind="PERIODICAL")
        talk.end(f"t{killed}", killed, talk.started[killed], "USER_CANCELED")
        assert [trial.id for trial in tuner.trials if trial.pending] == [other]
        assert sum(trial.failed for trial in tuner.trials) == 2
        assert (tuner.observed()[1] > 0).all()  # nobody's last score was taken for a result
        talk.run(5, score)
        config = visible(talk.started[killed])
        again = [id for id, point in talk.started.items() if visible(point) == config]
        assert again == [killed]

    def test_follows_a_concurrency_that_is_edited(self):
        tuner = self.make(SMALL)
        talk = Talk(tuner)
        for concurrency in (1, 4, 2):
            talk.run(3, score, concurrency=concurrency)
        assert len(tuner.observed()[1]) == len(talk.over) == 9
        assert len({key(point) for point in talk.started.values()}) == len(talk.started)

    def test_goes_on_where_the_number_of_trials_is_raised(self):
        talk = Talk(self.make(SMALL, trials=6))
        talk.run(9, score)
        assert len(talk.over) == 9
        assert not talk.answers(CommandType.NoMoreTrialJobs)

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
        tuner.added({"x": 0.625, "k": 2})
        tuner.trial_end(8, False, parameters=tuner.generate_parameters(8))
        before = [vars(trial) | {"unit": trial.unit.tolist()} for trial in tuner.trials]
        tuner.update_search_space(SMALL)
        after = [vars(trial) | {"unit": trial.unit.tolist()} for trial in tuner.trials]
        assert after == before and [trial.failed for trial in tuner.trials].count(True) == 1
        tuner.update_search_space({**SMALL, "x": {"_type": "uniform", "_value": [0.5, 0.9]}})
        assert 0.5 <= tuner.generate_parameters(9)["x"] <= 0.9
