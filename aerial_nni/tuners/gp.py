"""Bayesian optimisation with a Gaussian process: method 8.

Snoek et al. 2012, "Practical Bayesian Optimization of Machine Learning Algorithms", with expected
improvement taken on its logarithm (Ament et al. 2023) and integers and categories as they are
(Garrido-Merchán & Hernández-Lobato 2020). The improvement is averaged over draws of the
hyper-parameters (`averaging.py`). Trials that run are believed to give what the process predicts
(Ginsbourger et al. 2010), so that several at a time spread out.
"""

import numpy as np

from aerial_nni.tuners.acquisition import Acquisition, LogExpectedImprovement
from aerial_nni.tuners.acquisition_optimizer import maximise
from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.gaussian_process import GaussianProcess, fit
from aerial_nni.tuners.marginalised_ei import Averaged, draws
from aerial_nni.tuners.tuner import SpaceTuner

DRAWS = 6
"""Draws of the hyper-parameters beside the most probable ones, up to `FEW` results."""

FEW = 50
"""Results above which there are fewer draws: more results leave less to be unsure about."""

ANCHORS = 5
"""The best trials so far, around which there are more candidates."""


class GPTuner(SpaceTuner):
    """Tries where a Gaussian process expects the largest improvement."""

    def model(self) -> GaussianProcess:
        """The most probable process given all results, and trials that run as it predicts them."""
        return self.fitted().believing(self.pending())

    def fitted(self) -> GaussianProcess:
        """The most probable process given all results."""
        return fit(Coordinates.of(self.space), *self.observed())

    def improvement(self, generator: np.random.Generator) -> Averaged:
        """Logarithm of the expected improvement; the generator draws the hyper-parameters."""
        fitted = self.fitted()
        count = round(DRAWS * FEW / max(FEW, len(fitted.units)))
        models = (drawn.believing(self.pending()) for drawn in draws(fitted, count, generator))
        return Averaged(
            tuple(
                LogExpectedImprovement(model, float(model.predict(model.units)[0].min()))
                for model in models
            )
        )

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """The point of the largest expected improvement, shape (d,)."""
        return self.best_of(self.improvement(generator), generator)

    def best_of(self, acquisition: Acquisition, generator: np.random.Generator) -> np.ndarray:
        """The untried point at which an acquisition is largest, shape (d,)."""
        units, losses = self.observed()
        return maximise(
            acquisition,
            Coordinates.of(self.space),
            generator,
            anchors=units[np.argsort(losses, kind="stable")[:ANCHORS]],
            taken=np.vstack([units, self.pending()]),
        )
