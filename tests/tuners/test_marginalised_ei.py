"""Expected improvement averaged over hyper-parameters."""

import numpy as np
import pytest
from contract import SMALL, score

from aerial_nni.tuners import marginalised_ei
from aerial_nni.tuners.acquisition import LogExpectedImprovement
from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.gaussian_process import GaussianProcess, fit, improbability
from aerial_nni.tuners.marginalised_ei import WIDEST, Averaged, _hessian, draws
from aerial_nni.tuners.space import Space


def fitted(count: int) -> GaussianProcess:
    space = Space.parse(SMALL)
    configs = [space.sample(np.random.default_rng(seed)) for seed in range(count)]
    units = np.array([space.encode(config) for config in configs])
    return fit(Coordinates.of(space), units, -np.array([score(config) for config in configs]))


@pytest.fixture(scope="module")
def models() -> tuple[GaussianProcess, ...]:
    return draws(fitted(12), 5, np.random.default_rng(0))


def improvement(models: tuple[GaussianProcess, ...]) -> Averaged:
    return Averaged(tuple(LogExpectedImprovement(model, 0.01) for model in models))


def test_draws_have_the_losses_and_the_units_of_the_model():
    believing = fitted(12).believing(np.array([[0.2, 0.5]]))
    for one in draws(believing, 3, np.random.default_rng(0)):
        assert (one.centre, one.scale) == (believing.centre, believing.scale)
        assert one.losses.tolist() == believing.losses.tolist()


def test_it_is_the_mean_of_the_improvements(models: tuple[GaussianProcess, ...]):
    points = np.random.default_rng(1).random((20, 2))
    single = [np.exp(LogExpectedImprovement(model, 0.01).values(points)) for model in models]
    found = np.exp(improvement(models).values(points))
    assert found == pytest.approx(np.mean(single, axis=0))
    assert np.ptp(single, axis=0).max() > 0.1 * found.max()  # the draws do not agree


def test_its_gradient(models: tuple[GaussianProcess, ...]):
    averaged, point = improvement(models), np.array([0.3, 0.7])
    value, slope = averaged.gradient(point)
    assert value == pytest.approx(averaged.values(point[None])[0])
    step = np.array([1e-6, 0.0])  # along the coordinate without a grid
    sides = averaged.values(np.array([point + step, point - step]))
    assert slope[0] == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-3)


def test_draws_crowd_around_the_mode_as_trials_accumulate():
    def spread(count: int) -> float:
        model = fitted(count)
        found = draws(model, 200, np.random.default_rng(0))
        assert found[0] is model
        return float(np.std([drawn.hyper.to_logs()[0] for drawn in found[1:]]))

    assert spread(60) < 0.7 * spread(6)


def test_curvature_is_that_of_the_posterior_and_decides_how_far_draws_lie():
    model = fitted(30)
    mode = model.hyper.to_logs()
    squared = model.coordinates.differences(model.units, model.units) ** 2
    values = (model.losses - model.centre) / model.scale

    def height(change: np.ndarray) -> float:
        return improbability(mode + change, squared, values)[0]

    found = _hessian(model, mode)
    steps = 0.05 * np.eye(len(mode))
    for i, one in enumerate(steps):
        for j, other in enumerate(steps):
            corners = height(one + other) - height(one - other) - height(other - one)
            wanted = (corners + height(-one - other)) / (4 * 0.05**2)
            assert found[i, j] == pytest.approx(wanted, rel=0.02, abs=0.02)
    curvature, directions = np.linalg.eigh(found)
    drawn = draws(model, 4000, np.random.default_rng(0))[1:]
    along = (np.array([one.hyper.to_logs() for one in drawn]) - mode) @ directions
    steepest = 1 / np.sqrt(curvature[-1])
    assert steepest < WIDEST and along[:, -1].std() == pytest.approx(steepest, rel=0.1)


def test_where_the_losses_say_nothing_draws_lie_no_further_than_the_widest(monkeypatch):
    model = fitted(6)
    count = len(model.hyper.to_logs())
    monkeypatch.setattr(marginalised_ei, "_hessian", lambda *_: np.zeros((count, count)))
    monkeypatch.setattr(marginalised_ei, "WIDEST", 0.1)
    drawn = np.array([one.hyper.to_logs() for one in draws(model, 2000, np.random.default_rng(0))])
    spread = (drawn[1:] - drawn[0]).std(axis=0)
    assert spread.max() == pytest.approx(0.1, rel=0.1)
