"""Bayesian optimisation with a Gaussian process: method 8.

Snoek et al. 2012, "Practical Bayesian Optimization of Machine Learning Algorithms", with expected
improvement taken on its logarithm (Ament et al. 2023) and integers and categories as they are
(Garrido-Merchán & Hernández-Lobato 2020). Trials that run are believed to give what the process
predicts (Ginsbourger et al. 2010), so that several at a time spread out.

*differs:* the hyper-parameters are the most probable ones, where Snoek et al. average over draws
of them: that costs a hundredth, and a suggestion stays under a second.
"""

import numpy as np

from aerial_nni.tuners.acquisition import Acquisition, LogExpectedImprovement
from aerial_nni.tuners.ascent import maximise
from aerial_nni.tuners.coordinates import Coordinates
from aerial_nni.tuners.gaussian_process import GaussianProcess, fit
from aerial_nni.tuners.tuner import SpaceTuner

ANCHORS = 5
"""The best trials so far, around which there are more candidates."""


class GPTuner(SpaceTuner):
    """Tries where a Gaussian process expects the largest improvement."""

    def model(self) -> GaussianProcess:
        """The process given all results, and trials that run as it predicts them."""
        fitted = fit(Coordinates.of(self.space), *self.observed())
        return fitted.believing(self.pending())

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """The point of the largest expected improvement, shape (d,)."""
        model = self.model()
        best = float(model.predict(model.units)[0].min())
        return self.best_of(LogExpectedImprovement(model, best), model, generator)

    def best_of(
        self, acquisition: Acquisition, model: GaussianProcess, generator: np.random.Generator
    ) -> np.ndarray:
        """The untried point at which an acquisition is largest, shape (d,)."""
        units, losses = self.observed()
        return maximise(
            acquisition,
            model.coordinates,
            generator,
            anchors=units[np.argsort(losses, kind="stable")[:ANCHORS]],
            taken=model.units,
        )
