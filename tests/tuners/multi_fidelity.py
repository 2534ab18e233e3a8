"""The contract of tuners that grant epochs; a subclass names its class and is done."""

from collections import Counter
from typing import Any

import nni
import numpy as np
import pytest
from contract import SMALL, TINY, TunerContract, score

from aerial_nni.tuners.dispatcher_patches import NotYet
from aerial_nni.tuners.space import Space
from aerial_nni.tuners.trial import BUDGET, key
from aerial_nni.tuners.tuner import BadTuner, SpaceTuner


def config_of(parameters: dict[str, Any]) -> str:
    return key({name: value for name, value in parameters.items() if name != BUDGET})


class MultiFidelityContract(TunerContract):
    """All that every tuner keeps, and the epochs."""

    arguments = {"trials": None, "max_budget": 9}

    def search(
        self, tuner: SpaceTuner, count: int, *, workers: int = 1, fail: int = 0
    ) -> list[dict[str, Any]]:
        """Parameters of `count` trials, the oldest of `workers` ending first."""
        started: list[dict[str, Any]] = []
        running: list[int] = []
        while len(started) < count or running:
            try:
                while len(running) < workers and len(started) < count:
                    started.append(tuner.generate_parameters(len(started)))
                    running.append(len(started) - 1)
            except NotYet:
                assert running, "it waits for nothing"
            number = running.pop(0)
            if fail and number % fail == 1:
                tuner.trial_end(number, False)
            else:
                reached = score(started[number]) * 9 / started[number][BUDGET]
                tuner.receive_trial_result(number, started[number], reached)
                tuner.trial_end(number, True)
        return started

    def test_every_trial_is_told_its_whole_epochs(self):
        started = self.search(self.make(SMALL, trials=22), 22)
        granted = Counter(parameters[BUDGET] for parameters in started)
        assert granted == {1: 9, 3: 3 + 5, 9: 1 + 1 + 3}
        assert all(type(parameters[BUDGET]) is int for parameters in started)

    @pytest.mark.parametrize("workers", [1, 2, 4])
    @pytest.mark.parametrize("fail", [0, 3])
    def test_a_promoted_configuration_was_among_the_best(self, workers: int, fail: int):
        tuner = self.make(SMALL, trials=40)
        started = self.search(tuner, 40, workers=workers, fail=fail)
        assert len(started) == 40
        grants: dict[str, list[int]] = {}
        for parameters in started:
            grants.setdefault(config_of(parameters), []).append(parameters[BUDGET])
        assert max(map(max, grants.values())) == 9
        for epochs in grants.values():
            assert epochs in ([1], [3], [9], [1, 3], [3, 9], [1, 3, 9])
        lowest = [p for p in started[:9] if p[BUDGET] == 1]
        again = {config_of(p) for p in started if p[BUDGET] == 3}
        promoted = [score(p) for p in lowest if config_of(p) in again]
        left = [score(p) for p in lowest if config_of(p) not in again]
        if not fail:
            assert min(promoted) >= max(left)

    def test_few_trials_reach_the_full_budget(self):
        started = self.search(self.make(SMALL, trials=12), 12, workers=4)
        assert sum(parameters[BUDGET] == 9 for parameters in started) >= 2

    def test_it_waits_where_the_rest_depends_on_trials_that_run(self):
        tuner = self.make(SMALL, trials=4)
        started = [tuner.generate_parameters(number) for number in range(3)]
        with pytest.raises(NotYet):
            tuner.generate_parameters(3)
        for number, parameters in enumerate(started):
            tuner.receive_trial_result(number, parameters, -float(number))
        assert tuner.generate_parameters(3) == {**started[0], BUDGET: 9}

    def test_a_failed_trial_does_not_hold_a_rung_up(self):
        tuner = self.make(SMALL, trials=4)
        started = [tuner.generate_parameters(number) for number in range(3)]
        tuner.trial_end(0, False)
        tuner.receive_trial_result(1, started[1], float("nan"))
        tuner.receive_trial_result(2, started[2], 0.1)
        assert tuner.generate_parameters(3) == {**started[2], BUDGET: 9}

    def test_a_trial_that_was_stopped_early_is_not_promoted(self):
        tuner = self.make(SMALL, trials=4)
        started = [tuner.generate_parameters(number) for number in range(3)]
        for number, parameters in enumerate(started):
            tuner.receive_trial_result(number, parameters, -float(number))
            event = "SUCCEEDED" if number else "EARLY_STOPPED"
            tuner.trial_end(number, bool(number), parameters=parameters, event=event)
        assert tuner.generate_parameters(3) == {**started[1], BUDGET: 9}
        assert tuner.observed()[1].tolist() == [0.0, 1.0, 2.0]

    def test_a_trial_that_was_stopped_early_is_not_promoted_after_a_resume(self):
        before = self.make(SMALL, trials=4)
        started = [before.generate_parameters(number) for number in range(3)]
        tuner = self.make(SMALL, trials=4)
        for number, parameters in enumerate(started):
            entry = {"parameter": parameters, "value": -float(number)}
            status = "SUCCEEDED" if number else "EARLY_STOPPED"
            tuner.import_data([{**entry, "status": status}])
        assert tuner.generate_parameters(3) == {**started[1], BUDGET: 9}
        assert tuner.observed()[1].tolist() == [0.0, 1.0, 2.0]

    def test_ends_when_a_finite_space_is_exhausted(self):
        """What was tried is still promoted."""
        tuner = self.make(TINY)
        started = []
        with pytest.raises(nni.NoMoreTrialError):
            for number in range(100):
                started.append(tuner.generate_parameters(number))
                tuner.receive_trial_result(number, started[-1], float(number))
        assert len({config_of(parameters) for parameters in started}) == 9
        assert {parameters[BUDGET] for parameters in started} == {1, 3, 9}

    @pytest.mark.parametrize("cut", [3, 10, 14, 20])
    def test_a_resumed_search_goes_on_in_its_brackets(self, cut: int):
        whole = self.search(self.make(SMALL, trials=24), 24)
        tuner = self.make(SMALL, trials=24)

        def reached(parameters: dict[str, Any]) -> float:
            return score(parameters) * 9 / parameters[BUDGET]

        old = [{"parameter": p, "value": reached(p)} for p in whole[: cut - 1]]
        tuner.import_data(old)
        tuner.resumed(whole[cut - 1])
        tuner.import_data([{"parameter": whole[cut - 1], "value": reached(whole[cut - 1])}])
        rest = []
        for number in range(cut, 24):
            rest.append(tuner.generate_parameters(number))
            tuner.receive_trial_result(number, rest[-1], reached(rest[-1]))
        assert [p[BUDGET] for p in rest] == [p[BUDGET] for p in whole[cut:]]
        assert rest == whole[cut:]

    def test_a_trial_that_failed_before_a_resume_is_made_up_for(self):
        tuner = self.make(SMALL, trials=4)
        failed = tuner.generate_parameters(0)
        tuner = self.make(SMALL, trials=4)
        tuner.failed(failed)
        more = self.search(tuner, 4)
        assert [parameters[BUDGET] for parameters in more] == [3, 3, 3, 9]
        assert config_of(failed) not in [config_of(parameters) for parameters in more]

    def test_a_trial_that_a_person_added_takes_no_place(self):
        """It comes on top of the experiment's trials: the server raises their number."""
        tuner = self.make(SMALL, trials=4)
        tuner.added({"x": 0.7, "k": 3})
        alone = self.search(self.make(SMALL, trials=4), 4)
        budgets = [parameters[BUDGET] for parameters in self.search(tuner, 4)]
        assert budgets == [parameters[BUDGET] for parameters in alone]

    def test_trials_from_elsewhere_take_no_place(self):
        """Results without a budget, of another experiment, are learnt and no more."""
        tuner = self.make(SMALL)
        space = Space.parse(SMALL)
        draws = [space.sample(np.random.default_rng(seed)) for seed in range(30)]
        tuner.import_data([{"parameter": draw, "value": score(draw)} for draw in draws])
        assert len(tuner.observed()[1]) == 30
        started = self.search(tuner, 22)
        granted = Counter(parameters[BUDGET] for parameters in started)
        assert granted == {1: 9, 3: 3 + 5, 9: 1 + 1 + 3}

    @pytest.mark.parametrize(
        "arguments", [{"eta": 1}, {"min_budget": 0}, {"min_budget": 10}, {"eta": 2.5}]
    )
    def test_arguments_that_make_no_brackets_are_refused(self, arguments: dict[str, Any]):
        with pytest.raises(BadTuner, match="give"):
            self.make(SMALL, **arguments)
