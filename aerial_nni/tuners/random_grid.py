"""The two controls beside the nine methods: random search and grid search."""

from collections.abc import Mapping
from typing import Any

import nni
import numpy as np

from aerial_nni.tuners.initial_design import in_order
from aerial_nni.tuners.space import Places
from aerial_nni.tuners.trial import RANDOM
from aerial_nni.tuners.tuner import BadTuner, SpaceTuner


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
    """Tries every level of every parameter in order; a continuum is cut into `cuts` values.

    The values between the bounds of a continuum lie evenly, the bounds among them; of a normal
    distribution they are the middles of shares of equal probability.
    """

    def __init__(
        self, optimize_mode: str = "maximize", seed: int = 0, *, cuts: int = 5, **rest: Any
    ) -> None:
        super().__init__(optimize_mode, seed, **rest)
        if cuts < 1:
            raise BadTuner(f"cuts={cuts} leaves no value; give 1 or more")
        self.cuts = cuts

    def default_startup(self) -> int:
        """None: the grid is known."""
        return 0

    def update_search_space(self, search_space: Mapping[str, Any]) -> None:
        """Takes a search space and begins its grid. Raises `BadSpace`."""
        super().update_search_space(search_space)
        self._passed = 0
        """Points of the grid, from its beginning, that were all tried."""

    def next_places(self) -> Places:
        """The next point of the grid that was not tried. Raises `nni.NoMoreTrialError`."""
        self.origin, tried = "grid", self.trials.tried()
        for places in in_order(self.space, cuts=self.cuts, first=self._passed):
            if places not in tried:
                return places
            self._passed += 1
        raise nni.NoMoreTrialError("every point of the grid was tried")
