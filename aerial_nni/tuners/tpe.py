"""The tree-structured Parzen estimator (TPE).

Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization", sec. 4, with kernels over all
parameters together (Falkner et al. 2018, sec. 3.2), so that what goes well together is learnt.
"""

import numpy as np

from aerial_nni.tuners.density import Ratio, fit
from aerial_nni.tuners.tuner import SpaceTuner

GOOD = 0.15
"""Share of the trials that count as good: gamma of Bergstra et al. 2011, sec. 4.1."""

CANDIDATES = 24
"""Draws from the density of the good trials, of which the most promising is tried."""


class TPETuner(SpaceTuner):
    """Tries what is likely among good trials and unlikely among the others."""

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """The draw from l(x) with the highest l(x) / g(x), shape (d,)."""
        return self.ratio().best_of(CANDIDATES, generator)

    def ratio(self) -> Ratio:
        """The densities of good and bad trials that the next suggestion comes from."""
        units, losses = self.observed()
        return fit(self.space, units, losses, share=GOOD, pending=self.pending())
