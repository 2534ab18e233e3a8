"""Bayesian regression on what a small network has learnt, the model of DNGO.

    >>> model = fit(coordinates, units, losses, generator)
    >>> mean, deviation = model.predict(points)

Snoek et al. 2015, sec. 3: a network of three hidden layers of 50 tanh units is trained on all
results; then its output layer is thrown away, and a Bayesian linear regression on the last hidden
layer takes its place. Losses go in and come out in their own units.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_solve

from aerial_nni.tuners.bayesian_linear import BayesianLinear, regress
from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.gaussian_process import standardisation, without_extremes
from aerial_nni.tuners.mlp import Network, train

NETWORKS = 1
LEAST_VARIANCE = 1e-12
DECAY = 1e-3


@dataclass(frozen=True)
class DeepRegression:
    """A fitted model."""

    coordinates: Coordinates
    networks: tuple[Network, ...]
    linears: tuple[BayesianLinear, ...]
    """One for each network."""
    units: np.ndarray
    """Points, shape (n, d)."""
    losses: np.ndarray
    """Shape (n,)."""
    centre: float
    scale: float
    """Standardised value = (loss - centre) / scale."""

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of the function (without noise) at points (m, d), both (m,).

        Snoek et al. 2015, eq. 4 and 5 without 1/beta, the noise.
        """
        inputs = as_inputs(self.coordinates, points)
        both = [
            linear.predict(network.features(inputs))
            for network, linear in zip(self.networks, self.linears, strict=True)
        ]
        means, variances = np.transpose(both, (1, 0, 2))  # (networks, m) each
        variance = variances.mean(axis=0) + means.var(axis=0) + LEAST_VARIANCE
        return self.centre + self.scale * means.mean(axis=0), self.scale * np.sqrt(variance)

    def gradient(self, point: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Mean and deviation at one point (d,), and their derivatives by its coordinates, (d,).

        Derivatives by a categorical coordinate are 0.
        """
        inputs = as_inputs(self.coordinates, point[None, :])[0]
        means, variances, mean_slopes, variance_slopes = [], [], [], []
        for network, linear in zip(self.networks, self.linears, strict=True):
            features, slopes = network.derivatives(inputs)
            solved = cho_solve((linear.factor, False), features, check_finite=False)
            means.append(features @ linear.weights)
            variances.append(features @ solved)
            mean_slopes.append(slopes @ linear.weights)
            variance_slopes.append(2 * slopes @ solved)
        mean = np.mean(means)
        apart = np.array(means) - mean
        deviation = np.sqrt(np.mean(variances) + np.mean(apart**2) + LEAST_VARIANCE)
        mean_slope = np.mean(mean_slopes, axis=0)  # (inputs,)
        variance_slope = np.mean(variance_slopes, axis=0)
        variance_slope += 2 * np.mean(apart[:, None] * mean_slopes, axis=0)
        return (
            float(self.centre + self.scale * mean),
            float(self.scale * deviation),
            self.scale * self._by_coordinate(mean_slope),
            self.scale * self._by_coordinate(variance_slope) / (2 * deviation),
        )

    def _by_coordinate(self, slopes: np.ndarray) -> np.ndarray:
        """Derivatives by the inputs, (inputs,), as derivatives by the coordinates, (d,)."""
        ordered = ~self.coordinates.categorical
        result = np.zeros(len(self.coordinates))
        result[ordered] = 2 * slopes[ordered[self.coordinates.sources]]
        return result

    def believing(self, points: np.ndarray) -> "DeepRegression":
        """The model as if each of the points (p, d) had given the mean that it predicts there.

        The networks and the precisions stay as they are.
        """
        if not len(points):
            return self
        units = np.vstack([self.units, points])
        losses = np.concatenate([self.losses, self.predict(points)[0]])
        inputs, values = as_inputs(self.coordinates, units), (losses - self.centre) / self.scale
        linears = tuple(
            regress(network.features(inputs), values, precisions=(linear.alpha, linear.beta))
            for network, linear in zip(self.networks, self.linears, strict=True)
        )
        return replace(self, linears=linears, units=units, losses=losses)


def as_inputs(coordinates: Coordinates, points: np.ndarray) -> np.ndarray:
    """Points (m, d) as a network sees them, from -1 to 1, shape (m, inputs)."""
    return 2 * coordinates.embed(coordinates.snap(points)) - 1


def fit(
    coordinates: Coordinates,
    units: np.ndarray,
    losses: np.ndarray,
    generator: np.random.Generator,
) -> DeepRegression:
    """The model of losses (n,) at units (n, d). Extreme losses are cut first."""
    losses = without_extremes(losses)
    centre, scale = standardisation(losses)
    inputs, values = as_inputs(coordinates, units), (losses - centre) / scale
    networks = tuple(train(inputs, values, generator, decay=DECAY) for _ in range(NETWORKS))
    linears = tuple(regress(network.features(inputs), values) for network in networks)
    return DeepRegression(coordinates, networks, linears, units, losses, centre, scale)
