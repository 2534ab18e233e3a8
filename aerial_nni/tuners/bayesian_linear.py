"""Bayesian linear regression on features, with the most probable of its two precisions."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

from aerial_nni.tuners.gaussian_process import PRIOR_NOISE

LIMITS = ((1e-6, 1e6), (1e-2, 1e8))
"""Of alpha and beta."""


@dataclass(frozen=True)
class BayesianLinear:
    """Weights with a normal prior, seen through noise; `features` have the shape (m, k)."""

    alpha: float
    """Precision of the prior of the weights."""
    beta: float
    """Precision of the noise."""
    weights: np.ndarray
    """Mean of the posterior, shape (k,)."""
    factor: np.ndarray
    """Upper Cholesky factor of the posterior's precision, (k, k)."""

    def predict(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance (without noise) at features (m, k), both (m,)."""
        solved = solve_triangular(self.factor, features.T, trans="T", check_finite=False)
        return features @ self.weights, (solved**2).sum(axis=0)


def regress(
    features: np.ndarray, values: np.ndarray, *, precisions: tuple[float, float] | None = None
) -> BayesianLinear:
    """The regression of values (n,) on features (n, k).

    Snoek et al. 2015, eq. 3 to 5. `precisions`: alpha and beta; None: the most probable ones.
    """
    alpha, beta = precisions or most_probable(features, values)
    precision = beta * features.T @ features + alpha * np.eye(features.shape[1])
    factor = cho_factor(precision, check_finite=False)
    weights = beta * cho_solve(factor, features.T @ values, check_finite=False)
    return BayesianLinear(alpha, beta, weights, np.triu(factor[0]))


def most_probable(features: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Alpha and beta of the largest posterior density, by L-BFGS on their logarithms.

    The noise has the prior of `gaussian_process.py`: features that were learnt from the same values
    explain them all, and by its likelihood alone beta had no end.

    *differs:* Snoek et al. draw both by slice sampling; one point of a posterior over two numbers
    that n values decide together costs a thousandth of that.
    """
    left, scales, _ = np.linalg.svd(features, full_matrices=False)
    squares = scales**2
    shares = (left.T @ values) ** 2
    rest = max(float(values @ values - shares.sum()), 0.0)
    limits = np.log(LIMITS)
    found = min(
        (
            minimize(
                _improbability,
                start,
                args=(squares, shares, rest, len(values)),
                jac=True,
                method="L-BFGS-B",
                bounds=limits,
            )
            for start in (np.log([1.0, 10.0]), np.log([1.0, 1e4]))
        ),
        key=lambda result: float(result.fun),
    )
    alpha, beta = np.exp(found.x)
    return float(alpha), float(beta)


def _improbability(
    logs: np.ndarray, squares: np.ndarray, shares: np.ndarray, rest: float, n: int
) -> tuple[float, np.ndarray]:
    """Minus the log posterior density of (log alpha, log beta), and its gradient (2,).

    The marginal likelihood is eq. 6 of Snoek et al. 2015, along the singular vectors of the
    features: there the values are independent, with variance 1/beta + squares/alpha, and 1/beta
    outside of their span.

    Args:
        logs: of alpha and beta.
        squares: squared singular values of the features, (r,).
        shares: squares of the values along the left singular vectors, (r,).
        rest: what is left of the values' squares.
        n: number of values.
    """
    alpha, beta = np.exp(logs)
    spread = squares / alpha
    variances = spread + 1 / beta
    outside = n - len(squares)
    value = 0.5 * (
        (shares / variances + np.log(variances)).sum()
        + beta * rest
        - outside * math.log(beta)
        + n * math.log(2 * math.pi)
    )
    by_variance = 0.5 * (1 - shares / variances) / variances
    by_alpha = -(by_variance * spread).sum()
    by_beta = -by_variance.sum() / beta + 0.5 * (beta * rest - outside)
    mean, deviation = PRIOR_NOISE  # of log 1/beta
    z = (-logs[1] - mean) / deviation
    return float(value + 0.5 * z**2), np.array([by_alpha, by_beta - z / deviation])
