"""The features that DNGO's network has learnt, and what each of them adds to the prediction."""

import numpy as np

from aerial_nni.tuners.coordinates import Coordinates
from aerial_nni.tuners.deep_regression import DeepRegression, as_inputs, fit
from aerial_nni.tuners.space import Space


def learn(space: Space, units: np.ndarray, losses: np.ndarray) -> DeepRegression:
    """The tuner's own model of losses (n,) at units (n, d), from a fixed seed."""
    return fit(Coordinates.of(space), units, losses, np.random.default_rng(0))


def features(model: DeepRegression, points: np.ndarray) -> np.ndarray:
    """The last hidden layer of the (first) network at points (m, d), shape (m, hidden units)."""
    return model.networks[0].features(as_inputs(model.coordinates, points))[:, :-1]


def shares(model: DeepRegression, points: np.ndarray) -> np.ndarray:
    """What each feature adds to the predicted loss at points (m, d), shape (m, hidden units)."""
    return model.scale * features(model, points) * model.linears[0].weights[:-1]


def noise(model: DeepRegression) -> float:
    """Deviation of the noise of a trial, in units of the loss."""
    return model.scale * float(np.mean([1 / np.sqrt(linear.beta) for linear in model.linears]))
