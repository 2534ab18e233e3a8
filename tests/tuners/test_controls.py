"""Random and grid search."""

import nni
import pytest
from contract import SMALL, TINY, TunerContract

from aerial_nni.tuners.controls import GridTuner, RandomTuner


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
