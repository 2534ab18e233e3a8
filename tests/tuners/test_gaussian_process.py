"""The Gaussian process: against scikit-learn's, finite differences, and what must hold for any."""

import numpy as np
import pytest
from contract import SPACE
from scipy.stats import multivariate_normal, norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.gaussian_process import (
    GaussianProcess,
    condition,
    fit,
    improbability,
    standardisation,
    without_extremes,
)
from aerial_nni.tuners.kernel import LEVEL, Hyperparameters, covariance
from aerial_nni.tuners.space import Space

HYPER = Hyperparameters(np.array([3.0, 0.5, 1.5]), signal=1.7, noise=0.01)


def continuous(dimensions: int) -> Coordinates:
    return Coordinates(np.zeros(dimensions, dtype=bool), (None,) * dimensions)


def smooth(units: np.ndarray) -> np.ndarray:
    return 10 + 4 * np.sin(5 * units[:, 0]) + 3 * units[:, 1] ** 2


@pytest.fixture
def units() -> np.ndarray:
    return np.random.default_rng(0).random((15, 3))


def test_posterior_is_that_of_scikit_learn(units: np.ndarray):
    losses = smooth(units)
    model = condition(continuous(3), units, losses, HYPER)
    kernel = ConstantKernel(LEVEL) + ConstantKernel(HYPER.signal) * Matern(
        HYPER.weights**-0.5, nu=2.5
    )
    reference = GaussianProcessRegressor(
        kernel, alpha=HYPER.noise, optimizer=None, normalize_y=True
    ).fit(units, losses)
    points = np.random.default_rng(1).random((50, 3))
    mean, deviation = reference.predict(points, return_std=True)
    assert model.predict(points)[0] == pytest.approx(mean)
    assert model.predict(points)[1] == pytest.approx(deviation)


def test_marginal_likelihood_and_its_gradient_are_right(units: np.ndarray):
    coordinates, losses = continuous(3), smooth(units)
    values = (losses - losses.mean()) / losses.std()
    squared = coordinates.differences(units, units) ** 2
    step = 1e-6 * np.eye(5)
    for seed in range(5):
        logs = np.random.default_rng(seed).normal(size=5) - [0, 0, 0, 0, 3]
        _, gradient = improbability(logs, squared, values)
        slopes = [
            (
                improbability(logs + e, squared, values)[0]
                - improbability(logs - e, squared, values)[0]
            )
            / 2e-6
            for e in step
        ]
        assert gradient == pytest.approx(slopes, rel=1e-4, abs=1e-5)


def test_what_is_climbed_is_likelihood_times_prior(units: np.ndarray):
    """Length scales of about 0.6, a signal as the values', and little noise are likely before."""
    coordinates, values = continuous(3), smooth(units) - 10
    squared = coordinates.differences(units, units) ** 2

    def density(hyper: Hyperparameters) -> float:
        matrix = covariance(coordinates, hyper, units, units) + hyper.noise * np.eye(15)
        *weights, signal, noise = hyper.to_logs()
        prior = norm(1, 2).logpdf(weights).sum()
        prior += norm(0, 1.5).logpdf(signal) + norm(-8, 3).logpdf(noise)
        return float(multivariate_normal(np.zeros(15), matrix).logpdf(values) + prior)

    other = Hyperparameters(np.array([1.0, 9.0, 0.2]), signal=0.4, noise=0.1)
    both = [improbability(hyper.to_logs(), squared, values)[0] for hyper in (HYPER, other)]
    assert both[1] - both[0] == pytest.approx(density(HYPER) - density(other))


def test_gradients_of_a_prediction_are_finite_differences(units: np.ndarray):
    coordinates = Coordinates(np.array([False, True, False]), (None, np.array([0.25, 0.75]), None))
    model = condition(coordinates, units, smooth(units), HYPER)
    point = np.array([0.3, 0.25, 0.8])
    mean, deviation, mean_slope, deviation_slope = model.gradient(point)
    assert [mean, deviation] == pytest.approx([float(x[0]) for x in model.predict(point[None])])
    assert mean_slope[1] == deviation_slope[1] == 0.0
    for j in (0, 2):
        step = 1e-6 * np.eye(3)[j]
        means, deviations = model.predict(np.array([point + step, point - step]))
        assert mean_slope[j] == pytest.approx((means[0] - means[1]) / 2e-6, rel=1e-4)
        assert deviation_slope[j] == pytest.approx((deviations[0] - deviations[1]) / 2e-6, rel=1e-4)


def test_finds_which_coordinates_matter_and_that_there_is_no_noise(units: np.ndarray):
    model = fit(continuous(3), units, smooth(units))
    first, second, third = model.hyper.weights
    assert first > second > third
    assert model.hyper.noise < 1e-3
    points = np.random.default_rng(1).random((100, 3))
    mean, deviation = model.predict(points)
    assert np.abs(mean - smooth(points)).mean() < 0.5
    assert (np.abs(mean - smooth(points)) < 3 * deviation + 0.05).mean() > 0.9


def test_the_fit_climbs_for_as_long_as_it_is_said(units: np.ndarray):
    coordinates, losses = continuous(3), smooth(units)
    squared = coordinates.differences(units, units) ** 2

    def height(iterations: int) -> float:
        model = fit(coordinates, units, losses, iterations=iterations)
        values = (losses - model.centre) / model.scale
        return improbability(model.hyper.to_logs(), squared, values)[0]

    assert height(1) > height(4) > height(100)


def test_finds_the_noise():
    draw = np.random.default_rng(0)
    units = draw.random((120, 1))
    losses = np.sin(6 * units[:, 0]) + 0.3 * draw.normal(size=120)
    model = fit(continuous(1), units, losses)
    assert np.sqrt(model.hyper.noise) * model.scale == pytest.approx(0.3, rel=0.2)


def test_is_the_same_for_every_place_that_means_the_same_value():
    coordinates = Coordinates.of(
        Space.parse(
            {
                "k": {"_type": "randint", "_value": [0, 4]},
                "x": {"_type": "uniform", "_value": [0, 1]},
            }
        )
    )
    units = np.random.default_rng(0).random((12, 2))
    model = fit(coordinates, units, units.sum(axis=1))
    means, deviations = model.predict(np.array([[0.26, 0.5], [0.49, 0.5], [0.51, 0.5]]))
    assert means[0] == means[1] != means[2]
    assert deviations[0] == deviations[1] != deviations[2]


def test_no_category_is_nearer_to_one_than_to_another():
    coordinates = Coordinates.of(Space.parse({"c": {"_type": "choice", "_value": [*"abcd"]}}))
    grid = coordinates.grids[0]
    assert grid is not None
    model = condition(
        coordinates, grid[:1, None], np.array([2.0]), Hyperparameters(np.ones(1), 1.0, 1e-6)
    )
    _, deviations = model.predict(grid[:, None])
    assert deviations[0] < 0.01 and np.ptp(deviations[1:]) == 0


def test_a_believed_trial_leaves_the_mean_and_takes_the_doubt(units: np.ndarray):
    model = condition(continuous(3), units, smooth(units), HYPER)
    point = np.array([[0.9, 0.1, 0.5]])
    believing = model.believing(point)
    assert believing.predict(point)[0] == pytest.approx(model.predict(point)[0])
    assert believing.predict(point)[1] < 0.5 * model.predict(point)[1]
    assert model.believing(np.empty((0, 3))) is model


@pytest.mark.parametrize(
    "losses", [[1.0], [2.0, 2.0, 2.0], [1e9, -1e9, 0.0], [1e-12, 2e-12, 0.0], [0.0, 0.0, 1e30]]
)
def test_any_losses_give_finite_predictions(losses: list[float]):
    units = np.full((len(losses), 3), 0.5)
    for some in (units, np.random.default_rng(0).random(units.shape)):
        model: GaussianProcess = fit(continuous(3), some, np.array(losses))
        mean, deviation = model.predict(np.random.default_rng(1).random((10, 3)))
        assert np.isfinite(mean).all() and (deviation > 0).all()


def test_far_from_all_trials_it_returns_to_the_level_outside_of_where_they_gather():
    """Eight of ten trials crowd in a dip; the mean of the losses is no guide elsewhere."""
    units = np.array([[0.0], [0.05], *np.linspace(0.45, 0.55, 8)[:, None]])
    losses = np.array([10.0, 10.2, *np.full(8, 1.0)])
    mean, _ = condition(
        continuous(1), units, losses, Hyperparameters(np.array([100.0]), 1.0, 1e-4)
    ).predict(np.array([[0.95]]))
    assert mean[0] > losses.mean() + 1


def test_one_extreme_loss_does_not_hide_the_others(units: np.ndarray):
    losses = smooth(units)
    losses[3] = 1e9
    assert (np.delete(without_extremes(losses) == losses, 3)).all()
    model = fit(continuous(3), units, losses)
    mean, _ = model.predict(np.delete(units, 3, axis=0))
    assert np.corrcoef(mean, np.delete(losses, 3))[0, 1] > 0.9


def test_grids_hold_the_values_of_the_space():
    space = Space.parse(SPACE)
    coordinates = Coordinates.of(space)
    points = coordinates.snap(np.random.default_rng(0).random((50, len(coordinates))))
    for j, grid in enumerate(coordinates.grids):
        if grid is not None:
            assert all(space.parameters[j].snap(place) == place for place in grid)
            assert set(points[:, j]) <= set(grid)
    levels = {p.name: grid for p, grid in zip(space.parameters, coordinates.grids, strict=True)}
    assert len(levels["width"]) == 29 and len(levels["scale"]) == 21 and len(levels["flags"]) == 5
    assert levels["lr"] is levels["decay"] is levels["noise"] is None


def test_losses_that_differ_by_rounding_alone_are_equal():
    assert standardisation(np.array([1e9, 1e9 + 1e-4])) == (pytest.approx(1e9), 1.0)
    assert standardisation(np.array([0.0, 1e-13])) == (pytest.approx(0), 1.0)
    assert standardisation(np.array([0.0, 1e-6])) == pytest.approx((5e-7, 5e-7), rel=1e-9, abs=0)
    assert standardisation(np.array([-2e9, 2e9])) == pytest.approx((0, 2e9))
