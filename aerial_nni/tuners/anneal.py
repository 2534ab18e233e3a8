"""Annealing: draws near a good earlier trial, ever nearer as trials accumulate. Method 2.

Bergstra, Yamins & Cox 2013, Making a Science of Model Search, in the form of hyperopt's
`anneal.suggest`. With T trials that ended:

    rank       ~ Geometric(1 / average_rank)            the trial of that rank is the centre c
    w(T)       = 1 / (1 + shrink T)                     width of the neighbourhood
    h          = w(T) / 2
    number     ~ Uniform(m - h, m + h), m = clip(c, h, 1 - h)
    category   = c with probability 1 - w(T), else drawn from all

on the unit cube, so on the logarithm where the scale is one. One trial is the centre of all
coordinates of a suggestion, so what went well together is kept together.

*differs:* a normal kind is drawn within its quantiles instead of with a narrower deviation; whole
numbers have an order, and whatever has steps is drawn from all of them with probability w(T), or
no step would be left once the neighbourhood is narrower than one.
"""

from typing import Any

import numpy as np

from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.trial import RANDOM
from aerial_nni.tuners.tuner import BadTuner, SpaceTuner

AVERAGE_RANK = 2.0
SHRINK = 0.1


def neighbourhood_width(trials: int, *, shrink: float = SHRINK) -> float:
    """Width of the neighbourhood after so many trials, as a part of each parameter's range."""
    return 1.0 / (1.0 + shrink * trials)


class AnnealTuner(SpaceTuner):
    """Simulated annealing without a temperature: the neighbourhood shrinks instead.

    Args:
        optimize_mode: "maximize" or "minimize" the reported result.
        seed: of all random choices.
        average_rank: mean rank of the trials that are centres, 1 being the best alone.
        shrink: how fast the neighbourhood shrinks, see `neighbourhood_width`.
        rest: `startup` and `trials`, as every tuner takes them.

    Raises:
        BadTuner: an argument cannot be used.
    """

    def __init__(
        self,
        optimize_mode: str = "maximize",
        seed: int = 0,
        *,
        average_rank: float = AVERAGE_RANK,
        shrink: float = SHRINK,
        **rest: Any,
    ) -> None:
        super().__init__(optimize_mode, seed, **rest)
        if average_rank < 1:
            raise BadTuner(f"average_rank={average_rank} is below 1, the rank of the best trial")
        if shrink < 0:
            raise BadTuner(f"shrink={shrink} is below 0: the neighbourhood would grow; give 0.1")
        self.average_rank = average_rank
        self.shrink = shrink

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """A point, shape (d,), from the neighbourhood of a good trial."""
        coordinates = Coordinates.of(self.space)
        good = sorted(
            (trial for trial in self.trials if trial.loss is not None),
            key=lambda trial: trial.loss or 0.0,
        )
        if not good:
            self.origin = RANDOM
            return generator.random(len(coordinates))
        rank = min(int(generator.geometric(1 / self.average_rank)), len(good)) - 1
        width = neighbourhood_width(len(self.observed()[1]), shrink=self.shrink)
        return _draw_near(coordinates, good[rank].unit, width, generator)


def _draw_near(
    coordinates: Coordinates, centre: np.ndarray, width: float, generator: np.random.Generator
) -> np.ndarray:
    """A point (d,) from the neighbourhood of `centre` (d,) of that width."""
    anywhere = generator.random(len(centre))
    middle = np.clip(centre, width / 2, 1 - width / 2)
    near = middle + width * (generator.random(len(centre)) - 0.5)
    near = np.where(coordinates.categorical, centre, near)
    stepped = np.array([grid is not None for grid in coordinates.grids])
    leap = stepped & (generator.random(len(centre)) < width)
    return np.where(leap, anywhere, near)
