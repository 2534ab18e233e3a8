"""BOHB: Hyperband whose configurations come from a model of what went well.

Falkner, Klein & Hutter 2018, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale",
algorithm 2: two densities, of good and of bad configurations, are fitted to the trials of the
largest budget with enough of them, and where their ratio is highest is tried.
"""

import numpy as np

from aerial_nni.tuners.density import Ratio, fit
from aerial_nni.tuners.hyperband import HyperbandTuner
from aerial_nni.tuners.tuner import BadTuner

GOOD = 0.15
"""Share of the trials of a budget that count as good: q of Falkner et al. 2018, eq. 3."""

CANDIDATES = 64
"""Draws from the density of the good trials: N_s there."""

FEWEST = 3
"""Trials of one budget below which no model is fitted, however few there are in all."""


class BOHBTuner(HyperbandTuner):
    """Brackets of configurations that are likely among good trials and unlikely among bad ones.

    *differs:* the densities have a uniform part and widths of their own, so that fewer than d + 3
    trials can be learnt from where the experiment has few: see `min_points`.

    Args:
        optimize_mode: "maximize" or "minimize" the reported result.
        seed: of all random choices.
        max_budget: epochs of a full training, R.
        min_budget: fewest epochs that tell anything.
        eta: one in `eta` is promoted, to `eta` times the epochs.
        random_fraction: share of the configurations that are drawn at random all the same, 0 to 1.
        bandwidth_factor: how much wider kernels are when candidates are drawn, 1 or more.
        min_points: trials of one budget before they are a model; None: one more than there are
            parameters, at most a fifth of the trials, at least three.
        startup: first configurations, spread evenly over the space; None: few.
        trials: the experiment's number of trials, into which the brackets fit; every promotion is
            a trial of its own. None: brackets repeat for ever.
    """

    def __init__(
        self,
        optimize_mode: str = "maximize",
        seed: int = 0,
        *,
        max_budget: int = 27,
        min_budget: int = 1,
        eta: int = 3,
        random_fraction: float = 1 / 3,
        bandwidth_factor: float = 3.0,
        min_points: int | None = None,
        startup: int | None = None,
        trials: int | None = None,
    ) -> None:
        super().__init__(
            optimize_mode,
            seed,
            max_budget=max_budget,
            min_budget=min_budget,
            eta=eta,
            startup=startup,
            trials=trials,
        )
        if not 0 <= random_fraction <= 1:
            raise BadTuner(f"random_fraction={random_fraction} is no share; give 0 to 1")
        if bandwidth_factor < 1:
            raise BadTuner(f"bandwidth_factor={bandwidth_factor} narrows; give 1 or more")
        if min_points is not None and min_points < 2:
            raise BadTuner(f"min_points={min_points} are too few to compare; give 2 or more")
        self.random_fraction, self.bandwidth_factor = random_fraction, bandwidth_factor
        self._min_points = min_points

    @property
    def min_points(self) -> int:
        """Trials of one budget from which densities are fitted."""
        if self._min_points is not None:
            return self._min_points
        wanted = len(self.space.parameters) + 1
        if self.budget is not None:
            wanted = min(wanted, self.budget // 5)
        return max(FEWEST, wanted)

    def default_startup(self) -> int:
        """As many as the model needs."""
        return self.min_points

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """The most promising of some draws, or a random one; shape (d,)."""
        ratio = self.ratio()
        if ratio is None or generator.random() < self.random_fraction:
            return super().propose(generator)
        return ratio.best_of(CANDIDATES, generator, wider=self.bandwidth_factor)

    def ratio(self) -> Ratio | None:
        """The densities of the largest budget with enough trials; None while there is none."""
        budget = self.model_budget()
        if budget is None:
            return None
        units, losses = self.observed(budget)
        return fit(self.space, units, losses, share=GOOD, pending=self.pending())

    def model_budget(self) -> int | None:
        """The budget whose trials are the model."""
        budgets = {trial.budget or self.max_budget for trial in self.trials}
        enough = [b for b in budgets if len(self.observed(b)[1]) >= self.min_points]
        return max(enough, default=None)
