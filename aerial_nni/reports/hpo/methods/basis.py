"""A network whose last layer is a Bayesian regression, as DNGO fits it, for the pictures."""

from dataclasses import dataclass

import numpy as np

from aerial_nni.tuners.bayesian_linear import BayesianLinear, regress
from aerial_nni.tuners.coordinates import Coordinates
from aerial_nni.tuners.gaussian_process import standardisation
from aerial_nni.tuners.network import Network, train
from aerial_nni.tuners.space import Space


@dataclass(frozen=True)
class Basis:
    """Learnt features and the regression on them. Losses go in and come out in their own units."""

    coordinates: Coordinates
    network: Network
    linear: BayesianLinear
    centre: float
    scale: float

    def features(self, points: np.ndarray) -> np.ndarray:
        """The last hidden layer and a constant at points (m, d), shape (m, units + 1)."""
        return self.network.features(_inputs(self.coordinates, points))

    def shares(self, points: np.ndarray) -> np.ndarray:
        """What each feature adds to the predicted loss at points (m, d), shape (m, units + 1)."""
        return self.scale * self.features(points) * self.linear.weights

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of the function (without noise) at points (m, d), both (m,)."""
        mean, variance = self.linear.predict(self.features(points))
        return self.centre + self.scale * mean, self.scale * np.sqrt(variance + 1e-12)

    @property
    def noise(self) -> float:
        """Deviation of the noise of a trial."""
        return self.scale / float(np.sqrt(self.linear.beta))


def _inputs(coordinates: Coordinates, points: np.ndarray) -> np.ndarray:
    """Points as the network sees them: from -1 to 1, a category as a column for each value."""
    return 2 * coordinates.embed(coordinates.snap(points)) - 1


def learn(space: Space, units: np.ndarray, losses: np.ndarray) -> Basis:
    """The model of losses (n,) at units (n, d), from a fixed seed."""
    coordinates = Coordinates.of(space)
    centre, scale = standardisation(losses)
    values = (losses - centre) / scale
    inputs = _inputs(coordinates, units)
    network = train(inputs, values, np.random.default_rng(0))
    linear = regress(network.features(inputs), values)
    return Basis(coordinates, network, linear, centre, scale)
