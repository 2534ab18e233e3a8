"""The two controls beside the nine methods: random search and grid search."""

import itertools
from typing import Any

import nni
import numpy as np

from aerial_nni.tuners.space import Config
from aerial_nni.tuners.trial import RANDOM, key
from aerial_nni.tuners.tuner import SpaceTuner


class RandomTuner(SpaceTuner):
    """Draws every configuration at random, as the search space says."""

    def default_startup(self) -> int:
        """None: there is nothing to start up."""
        return 0

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """A uniform draw, shape (d,)."""
        self.origin = RANDOM
        return generator.random(len(self.space.parameters))


class GridTuner(SpaceTuner):
    """Tries a grid in order; a continuous parameter is cut into `cuts` values."""

    def __init__(
        self, optimize_mode: str = "maximize", seed: int = 0, *, cuts: int = 5, **rest: Any
    ) -> None:
        super().__init__(optimize_mode, seed, **rest)
        self.cuts = cuts

    def default_startup(self) -> int:
        """None: the grid is known."""
        return 0

    def next_config(self) -> Config:
        """The next point of the grid that was not tried. Raises `nni.NoMoreTrialError`."""
        self.origin, tried = "grid", self.trials.keys()
        counts = [parameter.levels or self.cuts for parameter in self.space.parameters]
        middles = [[(place + 0.5) / count for place in range(count)] for count in counts]
        for point in itertools.product(*middles):
            config = self.space.decode(point)
            if key(config) not in tried:
                return config
        raise nni.NoMoreTrialError("every point of the grid was tried")
