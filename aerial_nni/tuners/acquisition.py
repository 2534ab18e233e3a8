"""Acquisition functions: log expected improvement, probability of improvement, predicted loss.

Log EI is that of Ament et al. 2023 (sec. 4.1, eq. 8 and 9): EI itself is 0 in floating point over
most of the cube once the search has got close, and a climb by its gradient stands still there.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

LOG_ROOT_TWO_PI = 0.5 * math.log(2 * math.pi)
LOG_ROOT_HALF_PI = 0.5 * math.log(math.pi / 2)
FAR = -1e4
"""Below this log h is its asymptote: *differs:* from 1/√ε, where eq. 9 has lost all its digits."""


def log_h(z: np.ndarray) -> np.ndarray:
    """log(φ(z) + z Φ(z)), right for every z (Ament et al. 2023, eq. 9)."""
    z = np.asarray(z, dtype=float)
    near = np.maximum(z, -1.0)
    result: np.ndarray = np.log(np.exp(-0.5 * near**2 - LOG_ROOT_TWO_PI) + near * ndtr(near))
    low = z < -1
    if low.any():
        middle = np.clip(z[low], FAR, -1.0)
        share = np.log(erfcx(-middle / math.sqrt(2)) * -middle) + LOG_ROOT_HALF_PI
        tail = np.where(z[low] > FAR, np.log(-np.expm1(share)), -2 * np.log(-z[low]))
        result[low] = -0.5 * z[low] ** 2 - LOG_ROOT_TWO_PI + tail
    return result


class Model(Protocol):
    """What an acquisition needs of a model; points (m, d)."""

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation, both (m,)."""

    def gradient(self, point: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Mean and deviation at one point (d,), and their derivatives (d,)."""


class Acquisition(Protocol):
    """What is made as large as possible."""

    def values(self, points: np.ndarray) -> np.ndarray:
        """At points (m, d), shape (m,)."""

    def gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """At one point (d,), and its derivatives (d,)."""


@dataclass(frozen=True)
class LogExpectedImprovement:
    """log E[max(best - f, 0)] for the model's f (Jones et al. 1998, eq. 15), stable when tiny."""

    model: Model
    best: float
    """The loss to improve on."""

    def values(self, points: np.ndarray) -> np.ndarray:
        """At points (m, d), shape (m,)."""
        mean, deviation = self.model.predict(points)
        gains: np.ndarray = log_h((self.best - mean) / deviation) + np.log(deviation)
        return gains

    def gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """At one point (d,), and its derivatives (d,)."""
        mean, deviation, mean_slope, deviation_slope = self.model.gradient(point)
        z = (self.best - mean) / deviation
        value = float(log_h(np.array([z]))[0])
        ratio = math.exp(min(float(log_ndtr(z)) - value, 700.0))  # Φ(z) / h(z) = (log h)'(z)
        slope = -ratio * (mean_slope + z * deviation_slope) / deviation
        return value + math.log(deviation), slope + deviation_slope / deviation


@dataclass(frozen=True)
class PredictedLoss:
    """Minus the model's mean: exploitation alone."""

    model: Model

    def values(self, points: np.ndarray) -> np.ndarray:
        """At points (m, d), shape (m,)."""
        return -self.model.predict(points)[0]

    def gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """At one point (d,), and its derivatives (d,)."""
        mean, _, mean_slope, _ = self.model.gradient(point)
        return -mean, -mean_slope


@dataclass(frozen=True)
class ProbabilityOfImprovement:
    """How many deviations the mean is below a target, as Φ of it is its probability.

    Kushner 1964. The lower the target, the more a wide deviation counts against a high mean.
    """

    model: Model
    target: float

    def values(self, points: np.ndarray) -> np.ndarray:
        """At points (m, d), shape (m,)."""
        mean, deviation = self.model.predict(points)
        gains: np.ndarray = (self.target - mean) / deviation
        return gains

    def gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """At one point (d,), and its derivatives (d,)."""
        mean, deviation, mean_slope, deviation_slope = self.model.gradient(point)
        z = (self.target - mean) / deviation
        return z, -(mean_slope + z * deviation_slope) / deviation
