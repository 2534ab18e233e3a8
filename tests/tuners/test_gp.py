"""Bayesian optimisation with a Gaussian process."""

import math

import numpy as np
from branin import BRANIN, branin, regret
from contract import SMALL, TunerContract, score

from aerial_nni.tuners.gp import GPTuner


class TestGP(TunerContract):
    tuner_class = GPTuner

    def test_finds_the_minimum_of_branin(self):
        for seed in range(2):
            assert regret(GPTuner("minimize", seed, trials=30), 30) < 0.02

    def test_concurrent_trials_are_not_in_one_place(self):
        tuner = self.make(BRANIN, optimize_mode="minimize", trials=40)
        for number in range(15):
            config = tuner.generate_parameters(number)
            tuner.receive_trial_result(number, config, branin(config))
        waiting = [
            tuner.space.encode(config)
            for config in tuner.generate_multiple_parameters(list(range(15, 21)))
        ]
        apart = [math.dist(a, b) for i, a in enumerate(waiting) for b in waiting[:i]]
        assert min(apart) > 0.02

    def test_keeps_away_from_failures(self):
        """Trials fail in the left half, and the score says nothing else."""
        tuner = self.make({"x": SMALL["x"]}, trials=30)
        xs = []
        for number in range(30):
            xs.append(tuner.generate_parameters(number)["x"])
            if xs[-1] < 0.5:
                tuner.trial_end(number, False)
            else:
                tuner.receive_trial_result(number, {"x": xs[-1]}, xs[-1])
        assert np.mean(np.array(xs[10:]) >= 0.5) > 0.85

    def test_the_model_predicts_the_score(self):
        tuner = self.make(SMALL, trials=40)
        configs = self.run(tuner, 20)
        mean, _ = tuner.model().predict(np.array([tuner.space.encode(c) for c in configs]))
        assert np.abs(mean + [score(c) for c in configs]).max() < 0.02
