"""DNGO, and the regression it stands on."""

import statistics
from dataclasses import replace

import numpy as np
import pytest
from branin import regret
from contract import SPACE, TunerContract

from aerial_nni.tuners.deep_regression import DeepRegression, fit
from aerial_nni.tuners.dngo import DNGOTuner
from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.space import Space


class TestDNGO(TunerContract):
    tuner_class = DNGOTuner

    def test_finds_the_minimum_of_branin(self):
        # In the median: one start of six stays in a valley beside it.
        found = [regret(DNGOTuner("minimize", seed, trials=40), 40) for seed in range(3)]
        assert statistics.median(found) < 0.1


@pytest.fixture
def model() -> DeepRegression:
    coordinates = Coordinates.of(
        Space.parse({name: SPACE[name] for name in ("lr", "loss", "gain")})
    )
    units = coordinates.snap(np.random.default_rng(0).random((25, 3)))
    losses = 100 + 20 * np.sin(4 * units[:, 0]) + 30 * (units[:, 1] > 0.6)
    return fit(coordinates, units, losses, np.random.default_rng(0))


@pytest.mark.parametrize("networks", [1, 2])
def test_gradients_are_finite_differences(model: DeepRegression, networks: int):
    if networks == 2:
        other = fit(model.coordinates, model.units, model.losses, np.random.default_rng(1))
        model = replace(model, networks=(*model.networks, *other.networks),
                        linears=(*model.linears, *other.linears))  # fmt: skip
    point = model.coordinates.snap(np.array([[0.3, 0.5, 0.6]]))[0]
    mean, deviation, mean_slope, deviation_slope = model.gradient(point)
    assert [mean, deviation] == pytest.approx([float(x[0]) for x in model.predict(point[None])])
    assert mean_slope[1] == deviation_slope[1] == 0.0
    for j in (0, 2):
        step = 1e-5 * np.eye(3)[j]
        means, deviations = model.predict(np.array([point + step, point - step]))
        assert mean_slope[j] == pytest.approx((means[0] - means[1]) / 2e-5, rel=1e-3, abs=1e-4)
        slope = (deviations[0] - deviations[1]) / 2e-5
        assert deviation_slope[j] == pytest.approx(slope, rel=1e-2, abs=1e-3)


def test_predicts_what_it_has_not_seen_in_the_losses_own_units(model: DeepRegression):
    points = model.coordinates.snap(np.random.default_rng(1).random((200, 3)))
    mean, deviation = model.predict(points)
    losses = 100 + 20 * np.sin(4 * points[:, 0]) + 30 * (points[:, 1] > 0.6)
    assert np.abs(mean - losses).mean() < 5
    assert (deviation > 0).all()


def test_it_is_surer_where_trials_were(model: DeepRegression):
    _, near = model.predict(model.units)
    _, anywhere = model.predict(np.random.default_rng(1).random((300, 3)))
    assert near.mean() < anywhere.mean()


def test_a_believed_trial_leaves_the_mean_and_takes_the_doubt(model: DeepRegression):
    points = model.coordinates.snap(np.random.default_rng(1).random((300, 3)))
    mean, deviation = model.predict(points)
    point = points[[np.argmax(deviation)]]
    believing = model.believing(point)
    assert believing.predict(point)[0] == pytest.approx(model.predict(point)[0])
    assert believing.predict(point)[1] < 0.9 * deviation.max()
    assert believing.predict(points)[0] == pytest.approx(mean, abs=1e-6 * model.scale)


def test_what_is_believed_one_after_another_is_believed_together(model: DeepRegression):
    points = model.coordinates.snap(np.random.default_rng(1).random((4, 3)))
    two, one = model.believing(points[:2]).believing(points[2:]), model.believing(points)
    assert len(two.units) == len(two.losses) == len(model.units) + 4
    for found, wanted in zip(two.predict(points), one.predict(points), strict=True):
        assert found == pytest.approx(wanted, rel=1e-6)
    assert model.believing(points[:0]) is model


@pytest.mark.parametrize("losses", [[1.0], [2.0, 2.0, 2.0], [1e9, -1e9, 0.0], [0.0, 0.0, 1e30]])
def test_any_losses_give_finite_predictions(model: DeepRegression, losses: list[float]):
    units = model.units[: len(losses)]
    some = fit(model.coordinates, units, np.array(losses), np.random.default_rng(0))
    mean, deviation = some.predict(model.units)
    assert np.isfinite(mean).all() and (deviation > 0).all()
