"""Whether a tuner is ahead of random search, with floats alone and with kinds mixed."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from branin import BRANIN, branin

from aerial_nni.tuners.random_grid import RandomTuner
from aerial_nni.tuners.tuner import SpaceTuner

MIXED = {
    "rate": {"_type": "loguniform", "_value": [1e-4, 1.0]},
    "width": {"_type": "randint", "_value": [4, 33]},
    "batch": {"_type": "choice", "_value": [4, 8, 16, 32]},
    "loss": {"_type": "choice", "_value": ["ce", "dice", "ce+dice"]},
}


def mixed(config: dict[str, Any]) -> float:
    """Least, 0, at rate 0.01, width 16, batch 8 and ce+dice."""
    rate = (math.log10(config["rate"]) + 2) ** 2
    width = (config["width"] - 16) ** 2 / 64
    batch = (math.log2(config["batch"]) - 3) ** 2 / 4
    return rate + width + batch + {"ce": 1.0, "dice": 0.6, "ce+dice": 0.0}[config["loss"]]


PROBLEMS: dict[str, tuple[Mapping[str, Any], Callable[[dict[str, Any]], float]]] = {
    "branin": (BRANIN, branin),
    "mixed": (MIXED, mixed),
}


def regret(tuner: SpaceTuner, problem: str, trials: int) -> float:
    """The least loss after so many trials, one after the other."""
    space, loss = PROBLEMS[problem]
    tuner.update_search_space(space)
    losses = []
    for number in range(trials):
        config = tuner.generate_parameters(number)
        losses.append(loss(config))
        tuner.receive_trial_result(number, config, losses[-1])
    return min(losses)


def share_won(make: type[SpaceTuner], problem: str, *, seeds: int, trials: int = 40) -> float:
    """Of all pairs of a run of a tuner and one of random search, the share that is better."""
    own = [regret(make("minimize", seed, trials=trials), problem, trials) for seed in range(seeds)]
    random = [regret(RandomTuner("minimize", seed), problem, trials) for seed in range(100, 120)]
    return float(np.mean([a < b for a in own for b in random]))
