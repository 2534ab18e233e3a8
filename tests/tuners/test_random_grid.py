"""Random and grid search."""

import nni
import pytest
from contract import SMALL, TINY, TunerContract

from aerial_nni.tuners.initial_design import latin_hypercube
from aerial_nni.tuners.random_grid import GridTuner, RandomTuner


class TestRandom(TunerContract):
    tuner_class = RandomTuner


class TestGrid(TunerContract):
    tuner_class = GridTuner

    def test_repeats_by_seed(self):
        """The grid is the same for every seed."""
        assert self.run(self.make(SMALL, seed=3), 14) == self.run(self.make(SMALL, seed=4), 14)

    def test_tries_every_point_in_order(self):
        tuner = self.make(TINY)
        points = [tuner.generate_parameters(number) for number in range(9)]
        assert points == [{"a": a, "k": k} for a in "pqr" for k in range(3)]
        with pytest.raises(nni.NoMoreTrialError):
            tuner.generate_parameters(9)


def test_without_arguments_a_tuner_maximises_by_the_first_seed():
    plain, told = RandomTuner(), RandomTuner("maximize", 0)
    assert plain.origin == ""
    for tuner in (plain, told):
        tuner.update_search_space(SMALL)
        tuner.receive_trial_result(0, {"x": 0.5, "k": 1}, 2.0)
    assert plain.generate_parameters(1) == told.generate_parameters(1)
    assert plain.observed()[1].tolist() == [-2.0]


def test_the_startup_hands_out_its_design_in_order():
    tuner = RandomTuner(seed=7, startup=5)
    tuner.update_search_space(SMALL)
    design = latin_hypercube(5, 2, seed=7)
    wanted = [tuner.space.decode(point) for point in design]
    assert [tuner.generate_parameters(number) for number in range(5)] == wanted
    assert tuner.origin == "start-up"
