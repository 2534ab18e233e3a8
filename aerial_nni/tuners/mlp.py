"""A small tanh network in NumPy: trained on all points at once, with its derivatives.

Two hundred points and fifty units are too little work for torch, whose import alone takes the
tuner's process seconds; and what NumPy computes does not depend on the number of threads.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

Layers = list[tuple[np.ndarray, np.ndarray]]
"""Weights (in, out) and biases (out,) of each layer."""


@dataclass(frozen=True)
class Network:
    """Hidden layers of tanh, and one output that is linear in the last of them."""

    layers: Layers

    def features(self, inputs: np.ndarray) -> np.ndarray:
        """The last hidden layer and a constant, (m, inputs) -> (m, units + 1)."""
        hidden = inputs
        for weights, biases in self.layers[:-1]:
            hidden = np.tanh(hidden @ weights + biases)
        return np.hstack([hidden, np.ones((len(hidden), 1))])

    def derivatives(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The features at one point (inputs,), and their derivatives (inputs, units + 1)."""
        hidden, slopes = point, np.eye(len(point))
        for weights, biases in self.layers[:-1]:
            hidden = np.tanh(hidden @ weights + biases)
            slopes = slopes @ weights * (1 - hidden**2)
        return np.append(hidden, 1.0), np.hstack([slopes, np.zeros((len(point), 1))])


def train(
    inputs: np.ndarray,
    values: np.ndarray,
    generator: np.random.Generator,
    *,
    units: int = 50,
    depth: int = 3,
    decay: float = 1e-3,
    steps: int = 200,
) -> Network:
    """A network fitted to values (n,) at inputs (n, i) by least squares.

    Args:
        inputs: about -1 to 1.
        values: about mean 0 and deviation 1.
        generator: of the first weights (Glorot & Bengio 2010, eq. 16).
        units: of each hidden layer.
        depth: number of hidden layers.
        decay: weight decay; the loss is Σ (f - y)² / 2 + decay/2 Σ w².
        steps: of L-BFGS over all points.
    """
    sizes = [inputs.shape[1], *[units] * depth, 1]
    shapes = list(zip(sizes[:-1], sizes[1:], strict=True))
    first = [
        (generator.uniform(-1, 1, shape) * np.sqrt(6 / sum(shape)), np.zeros(shape[1]))
        for shape in shapes
    ]
    found = minimize(
        _loss,
        _flat(first),
        args=(shapes, inputs, values, decay),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "maxfun": 2 * steps},
    )
    return Network(_layers(found.x, shapes))


def _loss(
    flat: np.ndarray,
    shapes: list[tuple[int, int]],
    inputs: np.ndarray,
    values: np.ndarray,
    decay: float,
) -> tuple[float, np.ndarray]:
    """Squared errors with weight decay, and the gradient by all weights (backpropagation)."""
    layers = _layers(flat, shapes)
    hidden = [inputs]
    for weights, biases in layers[:-1]:
        hidden.append(np.tanh(hidden[-1] @ weights + biases))
    weights, biases = layers[-1]
    errors = hidden[-1] @ weights + biases - values[:, None]  # (n, 1)
    loss = 0.5 * float((errors**2).sum())
    gradients: Layers = []
    for (weights, _), below in zip(reversed(layers), reversed(hidden), strict=True):
        loss += 0.5 * decay * float((weights**2).sum())
        gradients.append((below.T @ errors + decay * weights, errors.sum(axis=0)))
        errors = errors @ weights.T * (1 - below**2)
    return loss, _flat(gradients[::-1])


def _flat(layers: Layers) -> np.ndarray:
    return np.concatenate([part.ravel() for layer in layers for part in layer])


def _layers(flat: np.ndarray, shapes: list[tuple[int, int]]) -> Layers:
    layers, start = [], 0
    for rows, columns in shapes:
        middle = start + rows * columns
        layers.append((flat[start:middle].reshape(rows, columns), flat[middle : middle + columns]))
        start = middle + columns
    return layers
