"""BOHB."""

import numpy as np
import pytest
from contract import SMALL, score
from multi_fidelity import MultiFidelityContract

from aerial_nni.tuners.bohb import BOHBTuner
from aerial_nni.tuners.trial import BUDGET
from aerial_nni.tuners.tuner import BadTuner


class TestBOHB(MultiFidelityContract):
    tuner_class = BOHBTuner

    def test_the_model_is_of_the_largest_budget_with_enough_trials(self):
        tuner = self.make(SMALL, trials=44, min_points=5)
        assert isinstance(tuner, BOHBTuner)
        assert tuner.model_budget() is None and tuner.ratio() is None
        budgets = []
        for number in range(40):
            parameters = tuner.generate_parameters(number)
            tuner.receive_trial_result(number, parameters, score(parameters))
            budgets.append(tuner.model_budget())
            at = {b: len(tuner.observed(b)[1]) for b in (1, 3, 9)}
            assert budgets[-1] == max((b for b in at if at[b] >= 5), default=None)
        assert budgets == sorted(budgets, key=lambda budget: budget or 0)
        assert {None, 1, 3, 9} == set(budgets)

    def test_new_configurations_follow_the_good_ones(self):
        tuner = self.make(SMALL, trials=60, random_fraction=0.0)
        started = self.search(tuner, 60)
        new = [p["x"] for p in started[30:] if p[BUDGET] == 1]
        assert np.median(np.abs(np.array(new) - 0.7)) < 0.2

    def test_candidates_are_drawn_from_kernels_that_are_as_much_wider(self):
        tuner = self.make(SMALL, max_budget=1, random_fraction=0.0, bandwidth_factor=7.0)
        self.search(tuner, 12)
        assert isinstance(tuner, BOHBTuner) and (ratio := tuner.ratio()) is not None
        assert (len(ratio.good.centres), len(ratio.bad.centres)) == (2, 10)  # 15 %
        draw = np.random.default_rng(0)
        draw.random()  # whether it is a random one
        wanted = ratio.best_of(64, draw, wider=7.0)
        assert tuner.propose(np.random.default_rng(0)).tolist() == wanted.tolist()

    @pytest.mark.parametrize(
        ("trials", "wanted"), [(None, 8), (44, 8), (34, 6), (30, 6), (10, 3)], ids=str
    )
    def test_a_model_needs_a_fifth_of_the_trials_at_most(self, trials: int | None, wanted: int):
        space = {name: {"_type": "uniform", "_value": [0, 1]} for name in "abcdefg"}
        tuner = self.make(space, trials=trials)
        assert isinstance(tuner, BOHBTuner)
        assert tuner.min_points == wanted == tuner.default_startup()
        assert self.make(space, trials=trials, min_points=2).min_points == 2

    @pytest.mark.parametrize("name", ["random_fraction", "bandwidth_factor", "min_points"])
    def test_arguments_out_of_range_are_refused(self, name: str):
        with pytest.raises(BadTuner, match=f"{name}=-1"):
            self.make(SMALL, **{name: -1})
