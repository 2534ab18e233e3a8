"""Annealing: its neighbourhood, its centres, and that it is ahead of random search."""

import numpy as np
import pytest
from ahead import share_won
from contract import SMALL, TunerContract, score

from aerial_nni.tuners.anneal import AnnealTuner, neighbourhood_width
from aerial_nni.tuners.tuner import BadTuner

FLAT = {name: {"_type": "uniform", "_value": [0.0, 1.0]} for name in "ab"}


class TestAnneal(TunerContract):
    tuner_class = AnnealTuner

    def test_draws_around_the_best_trial(self):
        tuner = self.make(SMALL, average_rank=1)
        self.run(tuner, 12)
        units, losses = tuner.observed()
        best, width = units[losses.argmin()], neighbourhood_width(12)
        middle = np.clip(best[0], width / 2, 1 - width / 2)
        drawn = [tuner.propose(np.random.default_rng(seed)) for seed in range(200)]
        xs = np.array(drawn)[:, 0]
        assert np.abs(xs - middle).max() <= width / 2
        assert np.ptp(xs) > 0.9 * width

    def test_reaches_the_bounds(self):
        tuner = self.make(FLAT, average_rank=1)
        tuner.import_data([{"parameter": {"a": 1.0, "b": 0.0}, "value": 1.0}])
        tuner.import_data([{"parameter": {"a": 0.5, "b": 0.5}, "value": 0.0}] * 30)
        drawn = [tuner.propose(np.random.default_rng(seed)) for seed in range(100)]
        low, high = np.min(drawn, axis=0), np.max(drawn, axis=0)
        assert low[0] > 0.7 and high[0] > 0.99
        assert low[1] < 0.01 and high[1] < 0.3

    def test_the_centres_have_the_mean_rank_that_was_asked_for(self):
        tuner = self.make(FLAT, average_rank=3, shrink=1e9)  # a neighbourhood of no width
        places = np.linspace(0.1, 0.9, 60)
        tuner.import_data(
            [{"parameter": {"a": place, "b": 0.5}, "value": -place} for place in places]
        )
        drawn = [tuner.propose(np.random.default_rng(seed))[0] for seed in range(2000)]
        ranks = [1 + np.abs(places - place).argmin() for place in drawn]
        assert np.mean(ranks) == pytest.approx(3, abs=0.2)

    def test_steps_and_categories_are_left_now_and_then(self):
        space = {
            "k": {"_type": "randint", "_value": [0, 3]},
            "loss": {"_type": "choice", "_value": ["ce", "dice", "ce+dice"]},
        }
        tuner = self.make(space, average_rank=1)
        tuner.import_data([{"parameter": {"k": 1, "loss": "ce"}, "value": 1.0}] * 90)  # width 0.1
        drawn = [
            tuner.space.decode(tuner.propose(np.random.default_rng(seed))) for seed in range(1000)
        ]
        for name, best in (("k", 1), ("loss", "ce")):
            left = np.mean([config[name] != best for config in drawn])
            assert left == pytest.approx(0.1 * 2 / 3, abs=0.025), name

    def test_the_same_trial_is_the_centre_of_all_parameters(self):
        tuner = self.make(FLAT, average_rank=2, shrink=10)
        tuner.import_data([{"parameter": {"a": 0.1, "b": 0.1}, "value": 1.0}])
        tuner.import_data([{"parameter": {"a": 0.9, "b": 0.9}, "value": 0.9}])
        drawn = [tuner.propose(np.random.default_rng(seed)) for seed in range(50)]
        assert all(abs(a - b) < 0.1 for a, b in drawn)
        assert np.ptp(drawn) > 0.7


def test_the_neighbourhood_shrinks():
    assert neighbourhood_width(0) == 1
    assert neighbourhood_width(10) == pytest.approx(0.5)
    assert neighbourhood_width(40) == pytest.approx(0.2)
    assert neighbourhood_width(40, shrink=0) == 1


@pytest.mark.parametrize(("name", "value"), [("average_rank", 0.5), ("shrink", -0.1)])
def test_an_argument_that_makes_no_sense_is_refused(name: str, value: float):
    with pytest.raises(BadTuner, match=name):
        AnnealTuner(**{name: value})


@pytest.mark.parametrize("problem", ["branin", "mixed"])
def test_it_is_ahead_of_random_search(problem: str):
    assert share_won(AnnealTuner, problem, seeds=12) > 0.65


def test_scores_enter_by_their_rank_alone():
    def after(factor: float) -> np.ndarray:
        tuner = AnnealTuner(trials=20)
        tuner.update_search_space(SMALL)
        for number in range(12):
            config = tuner.generate_parameters(number)
            tuner.receive_trial_result(number, config, factor * score(config))
        return tuner.propose(np.random.default_rng(0))

    assert np.array_equal(after(1.0), after(1000.0))
