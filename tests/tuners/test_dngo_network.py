"""The network of DNGO and the regression on its features."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from sklearn.linear_model import Ridge

from aerial_nni.tuners.bayesian_linear import LIMITS, _improbability, most_probable, regress
from aerial_nni.tuners.gaussian_process import PRIOR_NOISE
from aerial_nni.tuners.mlp import Network, _layers, _loss, train


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    inputs = draw.uniform(-1, 1, (40, 3))
    return inputs, np.sin(3 * inputs[:, 0]) + inputs[:, 1]


def density(features: np.ndarray, values: np.ndarray, alpha: float, beta: float) -> float:
    """The log of marginal likelihood and prior, as the densities that they are."""
    covariance = features @ features.T / alpha + np.eye(len(values)) / beta
    likelihood = multivariate_normal(np.zeros(len(values)), covariance).logpdf(values)
    return float(likelihood + norm(*PRIOR_NOISE).logpdf(-np.log(beta)))


def test_posterior_is_that_of_ridge_regression_and_the_textbook():
    draw = np.random.default_rng(0)
    features, values = draw.normal(size=(30, 5)), draw.normal(size=30)
    model = regress(features, values, precisions=(2.0, 8.0))
    ridge = Ridge(alpha=2.0 / 8.0, fit_intercept=False).fit(features, values)
    assert model.weights == pytest.approx(ridge.coef_)
    points = draw.normal(size=(7, 5))
    covariance = np.linalg.inv(8.0 * features.T @ features + 2.0 * np.eye(5))
    mean, variance = model.predict(points)
    assert mean == pytest.approx(points @ ridge.coef_)
    assert variance == pytest.approx(np.diag(points @ covariance @ points.T))


@pytest.mark.parametrize("shape", [(60, 5), (6, 20)])
def test_precisions_have_the_largest_posterior_density(shape: tuple[int, int]):
    draw = np.random.default_rng(1)
    features = draw.normal(size=shape)
    values = features @ draw.normal(size=shape[1]) + 0.3 * draw.normal(size=shape[0])
    alpha, beta = most_probable(features, values)
    best = density(features, values, alpha, beta)
    for a in (0.7, 1.0, 1.4):
        for b in (0.7, 1.0, 1.4):
            assert density(features, values, a * alpha, b * beta) <= best + 1e-6


@pytest.mark.parametrize("count", [5, 9])  # none and four values outside of the span
def test_value_and_gradient_of_the_posterior(count: int):
    draw = np.random.default_rng(count)
    features, values = draw.normal(size=(count, 5)), draw.normal(size=count)
    left, singular, _ = np.linalg.svd(features, full_matrices=False)
    shares = (left.T @ values) ** 2
    given = singular**2, shares, float(values @ values - shares.sum()), count
    logs = np.log([3.0, 40.0])
    value, slope = _improbability(logs, *given)
    prior = norm(*PRIOR_NOISE).logpdf(-logs[1]) - norm(*PRIOR_NOISE).logpdf(PRIOR_NOISE[0])
    likelihood = density(features, values, 3.0, 40.0) - norm(*PRIOR_NOISE).logpdf(-logs[1])
    assert value == pytest.approx(-likelihood - prior)
    for place, step in enumerate(1e-5 * np.eye(2)):
        sides = [_improbability(logs + sign * step, *given)[0] for sign in (1, -1)]
        assert slope[place] == pytest.approx((sides[0] - sides[1]) / 2e-5, rel=1e-6)


def test_precisions_are_those_that_made_the_values():
    draw = np.random.default_rng(2)
    features = draw.normal(size=(4000, 60))
    values = features @ draw.normal(size=60) / 2 + 0.1 * draw.normal(size=4000)
    alpha, beta = most_probable(features, values)
    assert alpha == pytest.approx(4, rel=0.5) and beta == pytest.approx(100, rel=0.1)


def test_values_that_the_features_explain_do_not_end_the_noise(
    data: tuple[np.ndarray, np.ndarray],
):
    inputs, values = (part[:6] for part in data)
    network = train(inputs, values, np.random.default_rng(0))
    _, beta = most_probable(network.features(inputs), values)
    assert beta < 0.1 * LIMITS[1][1]


def test_training_fits_and_repeats(data: tuple[np.ndarray, np.ndarray]):
    inputs, values = data
    first, second = (train(inputs, values, np.random.default_rng(3)) for _ in range(2))
    assert (first.features(inputs) == second.features(inputs)).all()
    assert first.features(inputs).shape == (40, 51)
    weights, biases = first.layers[-1]
    fitted = first.features(inputs) @ np.append(weights, biases)
    assert np.abs(fitted - values).mean() < 0.02


def test_decay_makes_the_network_smooth(data: tuple[np.ndarray, np.ndarray]):
    inputs, values = data
    size = [
        sum(float((weights**2).sum()) for weights, _ in network.layers)
        for decay in (1e-4, 1e-1)
        for network in [train(inputs, values, np.random.default_rng(0), decay=decay)]
    ]
    assert size[1] < size[0]


def test_derivatives_of_the_features_are_finite_differences(data: tuple[np.ndarray, np.ndarray]):
    network: Network = train(*data, np.random.default_rng(0), units=8, steps=50)
    point = np.array([0.2, -0.4, 0.7])
    features, slopes = network.derivatives(point)
    assert features == pytest.approx(network.features(point[None])[0])
    steps = 1e-6 * np.eye(3)
    high, low = network.features(point + steps), network.features(point - steps)
    assert slopes == pytest.approx((high - low) / 2e-6, rel=1e-4, abs=1e-7)


def test_the_loss_is_squares_and_decay_with_its_derivatives(data: tuple[np.ndarray, np.ndarray]):
    inputs, values = (part[:7] for part in data)
    shapes = [(3, 4), (4, 2), (2, 1)]
    size = sum(rows * columns + columns for rows, columns in shapes)
    flat = np.random.default_rng(5).normal(size=size)
    loss, gradient = _loss(flat, shapes, inputs, values, 0.3)
    layers = _layers(flat, shapes)
    hidden = inputs
    for weights, biases in layers[:-1]:
        hidden = np.tanh(hidden @ weights + biases)
    errors = (hidden @ layers[-1][0] + layers[-1][1]).ravel() - values
    squares = sum((weights**2).sum() for weights, _ in layers)
    assert loss == pytest.approx((errors @ errors + 0.3 * squares) / 2)
    for place, step in enumerate(1e-6 * np.eye(size)):
        high, low = (_loss(flat + s, shapes, inputs, values, 0.3)[0] for s in (step, -step))
        assert gradient[place] == pytest.approx((high - low) / 2e-6, rel=1e-5, abs=1e-6)
