"""DNGO, method 9: expected improvement over Bayesian regression on a network's last layer.

Snoek et al. 2015, "Scalable Bayesian Optimization Using Deep Neural Networks". Its cost grows with
the number of trials where that of a Gaussian process grows with the cube.

*differs:*
- alpha and beta are the most probable ones (`bayesian_linear.py`).
- The prior's mean is a constant, the paper's a quadratic bowl around the middle of the space: the
  best learning rate need not be in the middle of its range.
- The paper chose the network's size, weight decay and learning rate by Bayesian optimisation over
  benchmark problems; here the decay is fixed and L-BFGS needs no learning rate.
"""

import numpy as np

from aerial_nni.tuners.acquisition import LogExpectedImprovement
from aerial_nni.tuners.acquisition_optimizer import maximise
from aerial_nni.tuners.deep_regression import DeepRegression, fit
from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.gp import ANCHORS
from aerial_nni.tuners.tuner import SpaceTuner


class DNGOTuner(SpaceTuner):
    """Tries where regression on a network's features expects the largest improvement."""

    def model(self, generator: np.random.Generator) -> DeepRegression:
        """The model given all results, and trials that run as it predicts them."""
        coordinates = Coordinates.of(self.space)
        return fit(coordinates, *self.observed(), generator).believing(self.pending())

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """The point of the largest expected improvement, shape (d,)."""
        model = self.model(generator)
        units, losses = self.observed()
        return maximise(
            LogExpectedImprovement(model, float(losses.min())),
            model.coordinates,
            generator,
            anchors=units[np.argsort(losses, kind="stable")[:ANCHORS]],
            taken=model.units,
        )
