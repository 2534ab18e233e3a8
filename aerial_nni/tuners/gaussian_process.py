"""Gaussian-process regression over the unit cube of a search space.

    >>> model = fit(coordinates, units, losses)
    >>> mean, deviation = model.predict(points)

The model of Snoek et al. 2012 (sec. 3.2): the kernel of `kernel.py` over values standardised to
mean 0 and deviation 1, plus noise; hyper-parameters of the largest posterior density.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, lapack, solve_triangular
from scipy.optimize import minimize

from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.kernel import LEVEL, Hyperparameters, covariance, matern

LEAST_NOISE = 1e-6
"""Variance, of values with variance 1."""
PRIOR_WEIGHT = (1.0, 2.0)
"""Mean and deviation of the logarithm of a weight: most length scales from 0.1 to 4.5."""
PRIOR_SIGNAL = (0.0, 1.5)
PRIOR_NOISE = (-8.0, 3.0)
"""Of their logarithms: a function's variance is near that of its values, its noise far below."""
BOUNDS = ((1e-4, 1e4), (1e-2, 1e3), (LEAST_NOISE, 1.0))
"""Of a weight, the signal and the noise."""

STARTS = ((1.0, 1e-3), (10.0, 1e-5))
"""Weights of all coordinates and noise where the search for hyper-parameters starts."""

EXTREME = 10.0
"""A loss is cut where it is so many times further from the best than four fifths of them are."""


@dataclass(frozen=True)
class GaussianProcess:
    """A fitted model. Every number it takes and gives is in the units of the losses."""

    coordinates: Coordinates
    hyper: Hyperparameters
    units: np.ndarray
    """Snapped points, shape (n, d)."""
    losses: np.ndarray
    """Shape (n,)."""
    centre: float
    scale: float
    """Standardised value = (loss - centre) / scale."""
    factor: np.ndarray
    """Lower Cholesky factor of the kernel's matrix with noise, (n, n)."""
    alpha: np.ndarray
    """That matrix's inverse times the standardised values, shape (n,)."""

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of the function (without noise) at points (m, d), both (m,).

        Rasmussen & Williams 2006, eq. 2.25 and 2.26.
        """
        kernel = covariance(self.coordinates, self.hyper, self.coordinates.snap(points), self.units)
        solved = solve_triangular(self.factor, kernel.T, lower=True, check_finite=False)
        variance = LEVEL + self.hyper.signal - (solved**2).sum(axis=0)
        deviation = np.sqrt(np.maximum(variance, 1e-12 * self.hyper.signal))
        return self.centre + self.scale * (kernel @ self.alpha), self.scale * deviation

    def covariance(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Of the function's values at points (m, d) and (p, d), shape (m, p), given the losses."""
        sides = [self.coordinates.snap(points) for points in (left, right)]
        solved = [
            solve_triangular(
                self.factor,
                covariance(self.coordinates, self.hyper, self.units, side),
                lower=True,
                check_finite=False,
            )
            for side in sides
        ]
        prior = covariance(self.coordinates, self.hyper, *sides)
        left_over: np.ndarray = self.scale**2 * (prior - solved[0].T @ solved[1])
        return left_over

    def gradient(self, point: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Mean and deviation at one point (d,), and their derivatives by its coordinates, (d,).

        Derivatives by a coordinate with a grid are those of the kernel without its grid.
        """
        snapped = self.coordinates.snap(point[None, :])
        apart = self.coordinates.differences(snapped, self.units)[:, 0]  # (d, n)
        weights, signal = self.hyper.weights, self.hyper.signal
        value, slope = matern(weights @ apart**2)
        kernel = LEVEL + signal * value  # (n,)
        by_point = 2 * signal * weights[:, None] * apart * slope  # (d, n)
        by_point[self.coordinates.categorical] = 0.0
        inverse = cho_solve((self.factor, True), kernel, check_finite=False)
        deviation = math.sqrt(max(LEVEL + signal - kernel @ inverse, 1e-12 * signal))
        mean = self.centre + self.scale * float(kernel @ self.alpha)
        mean_slope = self.scale * (by_point @ self.alpha)
        return (
            mean,
            self.scale * deviation,
            mean_slope,
            -self.scale * by_point @ inverse / deviation,
        )

    def believing(self, points: np.ndarray) -> "GaussianProcess":
        """The model as if each of the points (p, d) had given the mean that it predicts there.

        The kriging believer of Ginsbourger et al. 2010 (sec. 4.2.2), for trials that still run.
        """
        if not len(points):
            return self
        return condition(
            self.coordinates,
            np.vstack([self.units, self.coordinates.snap(points)]),
            np.concatenate([self.losses, self.predict(points)[0]]),
            self.hyper,
            standard=(self.centre, self.scale),
        )


def condition(
    coordinates: Coordinates,
    units: np.ndarray,
    losses: np.ndarray,
    hyper: Hyperparameters,
    *,
    standard: tuple[float, float] | None = None,
) -> GaussianProcess:
    """The process given losses (n,) at units (n, d). `standard`: centre and scale of the losses."""
    centre, scale = standard or standardisation(losses)
    snapped = coordinates.snap(units)
    factor = cholesky(covariance(coordinates, hyper, snapped, snapped), hyper.noise)
    alpha = cho_solve((factor, True), (losses - centre) / scale)
    return GaussianProcess(
        coordinates, hyper, snapped, losses, centre, scale, factor=factor, alpha=alpha
    )


def without_extremes(losses: np.ndarray) -> np.ndarray:
    """The losses (n,), none much worse than what four fifths of the trials reach.

    One training that diverged to 1e9 would make all others look alike.
    """
    best, usual = losses.min(), np.quantile(losses, 0.8, method="lower")
    return np.minimum(losses, best + EXTREME * (usual - best)) if usual > best else losses


def standardisation(losses: np.ndarray) -> tuple[float, float]:
    """Mean and deviation of the losses; the deviation is 1 where all are equal."""
    scale = float(losses.std())
    return float(losses.mean()), scale if scale > 1e-12 * max(1.0, np.abs(losses).max()) else 1.0


def cholesky(kernel: np.ndarray, noise: float) -> np.ndarray:
    """Lower factor of kernel + noise, (n, n), with as much more on the diagonal as it needs."""
    jitter = 0.0
    while True:
        matrix = kernel.copy()
        matrix.flat[:: len(kernel) + 1] += noise + jitter
        factor: np.ndarray
        factor, failed = lapack.dpotrf(matrix, lower=1, clean=1, overwrite_a=1)
        if not failed:
            return factor
        jitter = max(10 * jitter, 1e-8 * float(kernel.flat[0]))


def limits_of(dimensions: int) -> np.ndarray:
    """Least and largest logarithm of each hyper-parameter, shape (d + 2, 2)."""
    return np.log([*[BOUNDS[0]] * dimensions, *BOUNDS[1:]])


def fit(
    coordinates: Coordinates,
    units: np.ndarray,
    losses: np.ndarray,
    *,
    iterations: int = 100,
) -> GaussianProcess:
    """The process whose hyper-parameters are most probable given losses (n,) at units (n, d).

    Climbs by L-BFGS from each of `STARTS` and keeps the best. Extreme losses are cut first.
    """
    losses = without_extremes(losses)
    centre, scale = standardisation(losses)
    snapped = coordinates.snap(units)
    squared = coordinates.differences(snapped, snapped) ** 2
    values = (losses - centre) / scale
    dimensions = len(coordinates)
    limits = limits_of(dimensions)
    best, least = Hyperparameters.from_logs(limits.mean(axis=1)), math.inf
    for weight, noise in STARTS:
        start = Hyperparameters(np.full(dimensions, weight), 1.0, noise)
        found = minimize(
            improbability,
            np.clip(start.to_logs(), limits[:, 0], limits[:, 1]),
            args=(squared, values),
            jac=True,
            method="L-BFGS-B",
            bounds=limits,
            options={"maxiter": iterations},
        )
        if found.fun < least:
            best, least = Hyperparameters.from_logs(found.x), float(found.fun)
    return condition(coordinates, units, losses, best)


def improbability(
    logs: np.ndarray, squared: np.ndarray, values: np.ndarray
) -> tuple[float, np.ndarray]:
    """Minus the logarithm of the hyper-parameters' posterior density, and its gradient (d + 2,).

    The marginal likelihood is eq. 2.30 of Rasmussen & Williams 2006, its gradient eq. 5.9.

    Args:
        logs: `Hyperparameters.to_logs()`.
        squared: squared differences of the points in each coordinate, (d, n, n).
        values: standardised values, (n,).
    """
    hyper = Hyperparameters.from_logs(logs)
    n = len(values)
    flat = squared.reshape(len(squared), -1)  # (d, n*n)
    value, slope = matern((hyper.weights @ flat).reshape(n, n))
    kernel = hyper.signal * value
    factor = cholesky(LEVEL + kernel, hyper.noise)
    alpha = cho_solve((factor, True), values, check_finite=False)
    inverse, _ = lapack.dpotri(factor, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    pull = 0.5 * (inverse - np.outer(alpha, alpha))  # derivative by the kernel's matrix
    by_weights = hyper.weights * hyper.signal * (flat @ (pull * slope).ravel())
    gradient = np.array([*by_weights, (pull * kernel).sum(), hyper.noise * np.trace(pull)])
    fit_and_size = 0.5 * values @ alpha + np.log(np.diag(factor)).sum()
    mean, deviation = np.transpose([*[PRIOR_WEIGHT] * len(squared), PRIOR_SIGNAL, PRIOR_NOISE])
    z = (logs - mean) / deviation
    return float(fit_and_size + 0.5 * z @ z), gradient + z / deviation
