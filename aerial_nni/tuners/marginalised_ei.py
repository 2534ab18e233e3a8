"""Expected improvement, marginalised over the hyper-parameters of a Gaussian process.

Snoek et al. 2012, sec. 3.2, eq. 6: few trials can be explained by many length scales, and the most
probable ones alone are too sure of themselves.

*differs:* the hyper-parameters are drawn from the normal distribution that touches their posterior
at its mode (Laplace's approximation; Rasmussen & Williams 2006, sec. 3.4), where Snoek et al. use
slice sampling: a few gradients in place of hundreds of likelihoods.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from aerial_nni.tuners.acquisition import Acquisition
from aerial_nni.tuners.gaussian_process import GaussianProcess, condition, improbability, limits_of
from aerial_nni.tuners.kernel import Hyperparameters

STEP = 0.05
"""Of the difference quotients of the gradient, in logarithms of the hyper-parameters."""
WIDEST = 1.5
"""Deviation of the draws at most, in any direction: the trials say nothing of some of them."""


@dataclass(frozen=True)
class Averaged:
    """Logarithm of the mean of several expected improvements, each given by its logarithm."""

    parts: tuple[Acquisition, ...]

    def values(self, points: np.ndarray) -> np.ndarray:
        """At points (m, d), shape (m,)."""
        found = np.array([part.values(points) for part in self.parts])  # (parts, m)
        mean: np.ndarray = logsumexp(found, axis=0) - math.log(len(self.parts))
        return mean

    def gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """At one point (d,), and its derivatives (d,)."""
        values, slopes = zip(*(part.gradient(point) for part in self.parts), strict=True)
        total = float(logsumexp(values))
        shares = np.exp(np.array(values) - total)  # (parts,)
        return total - math.log(len(values)), shares @ np.array(slopes)


def draws(
    model: GaussianProcess, count: int, generator: np.random.Generator
) -> tuple[GaussianProcess, ...]:
    """The model and `count` others, whose hyper-parameters are drawn from their posterior."""
    mode = model.hyper.to_logs()
    curvature, directions = np.linalg.eigh(_hessian(model, mode))
    deviations = 1 / np.sqrt(np.maximum(curvature, 1 / WIDEST**2))
    normal = generator.normal(size=(count, len(mode)))
    drawn = mode + (normal * deviations) @ directions.T  # (count, d + 2)
    inside = np.clip(drawn, *limits_of(len(model.coordinates)).T)
    others = (
        condition(
            model.coordinates,
            model.units,
            model.losses,
            Hyperparameters.from_logs(logs),
            standard=(model.centre, model.scale),
        )
        for logs in inside
    )
    return (model, *others)


def _hessian(model: GaussianProcess, mode: np.ndarray) -> np.ndarray:
    """Second derivatives of `improbability` at its minimum, shape (d + 2, d + 2)."""
    squared = model.coordinates.differences(model.units, model.units) ** 2
    values = (model.losses - model.centre) / model.scale
    rows = []
    for step in STEP * np.eye(len(mode)):
        above, below = (improbability(mode + s, squared, values)[1] for s in (step, -step))
        rows.append((above - below) / (2 * STEP))
    symmetric: np.ndarray = (np.array(rows) + np.array(rows).T) / 2
    return symmetric
