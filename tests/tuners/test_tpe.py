"""The tree-structured Parzen estimator."""

import numpy as np
import pytest
from contract import SMALL, TunerContract, score

from aerial_nni.tuners.random_grid import RandomTuner
from aerial_nni.tuners.tpe import TPETuner
from aerial_nni.tuners.tuner import SpaceTuner


class TestTPE(TunerContract):
    tuner_class = TPETuner

    def test_keeps_away_from_failures(self):
        """Trials fail in the left half, and the score says nothing else."""
        tuner = self.make({"x": SMALL["x"]}, trials=40)
        xs = []
        for number in range(40):
            xs.append(tuner.generate_parameters(number)["x"])
            if xs[-1] < 0.5:
                tuner.trial_end(number, False)
            else:
                tuner.receive_trial_result(number, {"x": xs[-1]}, xs[-1])
        assert np.mean(np.array(xs[10:]) >= 0.5) > 0.85

    def test_the_ratio_is_highest_where_the_good_trials_are(self):
        tuner = self.make(SMALL, trials=40)
        random = RandomTuner(trials=40)
        random.update_search_space(SMALL)
        configs = self.run(random, 40)
        tuner.import_data([{"parameter": config, "value": score(config)} for config in configs])
        grid = np.array([[x, 0.7] for x in np.linspace(0, 1, 101)])
        assert abs(grid[tuner.ratio().log(grid).argmax(), 0] - 0.7) < 0.15
        ratio = tuner.ratio()
        assert (len(ratio.good.centres), len(ratio.bad.centres)) == (6, 34)  # 15 %
        drawn = ratio.best_of(24, np.random.default_rng(3))
        assert tuner.propose(np.random.default_rng(3)).tolist() == drawn.tolist()


def bowl(config: dict[str, float]) -> float:
    return sum((value - 0.3) ** 2 for value in config.values())


def best(tuner: SpaceTuner, *, workers: int = 1) -> float:
    """The least loss of 40 trials, `workers` of which run at a time."""
    tuner.update_search_space({name: {"_type": "uniform", "_value": [0, 1]} for name in "abcd"})
    losses = []
    for first in range(0, 40, workers):
        configs = tuner.generate_multiple_parameters(list(range(first, first + workers)))
        for number, config in enumerate(configs, start=first):
            losses.append(bowl(config))
            tuner.receive_trial_result(number, config, losses[-1])
    return min(losses)


@pytest.mark.parametrize("workers", [1, 4])
def test_it_is_well_ahead_of_random_search(workers: int):
    guided = [best(TPETuner("minimize", seed, trials=40), workers=workers) for seed in range(6)]
    random = [best(RandomTuner("minimize", seed, trials=40)) for seed in range(6)]
    assert np.median(guided) < np.median(random) / 2
