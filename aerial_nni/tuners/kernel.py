"""The Matérn-5/2 kernel over the unit cube, with a length scale for each coordinate.

    k(x, x') = c + s (1 + √5 r + 5/3 r²) exp(-√5 r),    r² = Σ_j w_j (x_j - x'_j)²

It sees every coordinate snapped to its grid: what lies between two values of a parameter does not
exist for it (Garrido-Merchán & Hernández-Lobato 2020, eq. 7). Two categories
are `APART` of coordinates.py apart.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from aerial_nni.tuners.encoding import Coordinates

ROOT5 = math.sqrt(5.0)
LEVEL = 1.0
"""c: variance of the level to which the process returns far from all trials.

Trials gather where losses are low, so their mean, 0 when standardised, is not that level: taking
it for one makes every far corner look good (Jones et al. 1998, eq. 5, estimate it; Rasmussen &
Williams 2006, sec. 2.7).
"""


@dataclass(frozen=True)
class Hyperparameters:
    """Of the kernel and the noise; variances are of standardised values."""

    weights: np.ndarray
    """w, shape (d,): inverse squares of the length scales."""
    signal: float
    """s: variance of the function."""
    noise: float
    """Variance of the noise."""

    def to_logs(self) -> np.ndarray:
        """Logarithms of weights, signal and noise, shape (d + 2,)."""
        return np.log([*self.weights, self.signal, self.noise])

    @classmethod
    def from_logs(cls, logs: np.ndarray) -> "Hyperparameters":
        """The inverse of `to_logs`."""
        values = np.exp(logs)
        return cls(values[:-2], float(values[-2]), float(values[-1]))


def matern(squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlation at squared distances r² (Rasmussen & Williams 2006, eq. 4.17); its derivative.

    The derivative is by r², not by r: so it is finite at 0.
    """
    r = ROOT5 * np.sqrt(squares)
    decay = np.exp(-r)
    return (1 + r + r**2 / 3) * decay, -5 / 6 * (1 + r) * decay


def covariance(
    coordinates: Coordinates, hyper: Hyperparameters, left: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """Kernel between snapped points (m, d) and (n, d), shape (m, n)."""
    scales = np.sqrt(hyper.weights[coordinates.sources])
    embedded = (coordinates.embed(points) * scales for points in (left, right))
    return LEVEL + hyper.signal * matern(cdist(*embedded, "sqeuclidean"))[0]
