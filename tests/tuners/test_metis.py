"""Metis: the gain against simulation, the outlier against models without it, and its choices."""

import logging

import numpy as np
import pytest
from branin import regret
from contract import SMALL, TunerContract

from aerial_nni.tuners import metis
from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.gaussian_process import GaussianProcess, condition
from aerial_nni.tuners.kernel import Hyperparameters
from aerial_nni.tuners.metis import MetisTuner, beside, gain, leave_one_out, outlier

HYPER = Hyperparameters(np.array([8.0, 2.0]), signal=1.5, noise=0.02)


@pytest.fixture
def model() -> GaussianProcess:
    units = np.random.default_rng(0).random((12, 2))
    coordinates = Coordinates(np.zeros(2, dtype=bool), (None, None))
    return condition(coordinates, units, 7 * np.sin(5 * units[:, 0]) + units[:, 1], HYPER)


class TestMetis(TunerContract):
    tuner_class = MetisTuner

    def test_finds_the_minimum_of_branin(self):
        for seed in range(2):
            assert regret(MetisTuner("minimize", seed, trials=30), 30) < 0.1

    def doubting(self) -> MetisTuner:
        """One of many noisy results on a slope is far too good."""
        tuner = self.make({"x": SMALL["x"]}, optimize_mode="minimize", trials=60)
        draw = np.random.default_rng(0)
        xs = np.linspace(0.02, 0.98, 30)
        losses = 5 * xs + 0.1 * draw.normal(size=30)
        losses[25] = -1.0
        tuner.import_data(
            [
                {"parameter": {"x": float(x)}, "value": float(loss)}
                for x, loss in zip(xs, losses, strict=True)
            ]
        )
        return tuner

    def test_checks_a_result_that_the_others_contradict(self, caplog: pytest.LogCaptureFixture):
        with caplog.at_level(logging.INFO):
            self.doubting().generate_parameters(30)
        assert "re-sampling" in caplog.text

    def test_what_a_trial_gains_does_not_depend_on_its_purpose(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ):
        tuner = self.doubting()
        place = tuner.trials.all[25].unit
        monkeypatch.setattr(tuner, "best_of", lambda *_: place)
        monkeypatch.setattr(metis, "BESIDE", 1e-6)
        with caplog.at_level(logging.INFO):
            tuner.generate_parameters(30)
        gains = caplog.records[-1].args
        assert isinstance(gains, dict)
        assert gains["re-sampling"] == pytest.approx(gains["exploration"], rel=1e-3)
        assert gains["re-sampling"] == pytest.approx(gains["exploitation"], rel=1e-3)


def test_the_gain_is_that_of_simulated_trials(model: GaussianProcess):
    draw = np.random.default_rng(1)
    places, points = draw.random((40, 2)), draw.random((3, 2))
    everywhere = np.vstack([model.units, places])
    before = model.predict(everywhere)[0].min()
    for point, value in zip(points, gain(model, points, places), strict=True):
        mean, deviation = model.predict(point[None])
        noise = model.scale * np.sqrt(HYPER.noise)
        results = draw.normal(mean, np.hypot(deviation, noise), size=2000)
        after = [
            condition(
                model.coordinates,
                np.vstack([model.units, point]),
                np.append(model.losses, result),
                HYPER,
                standard=(model.centre, model.scale),
            )
            .predict(everywhere)[0]
            .min()
            for result in results
        ]
        error = 4 * np.std(after) / np.sqrt(len(after))
        assert value == pytest.approx(before - np.mean(after), abs=error + 0.01 * value)


def test_a_trial_that_can_say_nothing_new_gains_nothing(model: GaussianProcess):
    places = np.random.default_rng(1).random((40, 2))
    worst, best = model.units[[np.argmax(model.losses)]], model.units[[np.argmin(model.losses)]]
    unknown = np.array([[1.0, 0.0]])
    gains = gain(model, np.vstack([worst, best, unknown]), places)
    assert (gains > -1e-12).all() and gains[0] < 0.1 * gains[1:].max()


def test_leaving_one_out_is_the_process_without_it(model: GaussianProcess):
    means, deviations = leave_one_out(model)
    for place in range(12):
        units, losses = np.delete(model.units, place, axis=0), np.delete(model.losses, place)
        standard = (model.centre, model.scale)
        without = condition(model.coordinates, units, losses, HYPER, standard=standard)
        mean, deviation = without.predict(model.units[[place]])
        assert means[place] == pytest.approx(mean[0])
        noise = model.scale * np.sqrt(HYPER.noise)
        assert deviations[place] == pytest.approx(np.hypot(deviation[0], noise))


def test_the_outlier_is_found():
    units = np.linspace(0, 1, 20)[:, None]
    losses = np.sin(3 * units[:, 0])
    coordinates = Coordinates(np.zeros(1, dtype=bool), (None,))
    hyper = Hyperparameters(np.array([4.0]), 1.0, 0.05)
    assert outlier(condition(coordinates, units, losses, hyper), results=20) is None
    losses[13] -= 3.0
    spoiled = condition(coordinates, units, losses, hyper)
    assert outlier(spoiled, results=20) == 13
    assert outlier(spoiled, results=13) != 13


@pytest.mark.parametrize(("deviations", "found"), [(2.3, None), (2.36, 7), (-2.36, 7)])
def test_a_result_is_doubted_from_the_98th_percentile_on(deviations: float, found: int | None):
    coordinates = Coordinates(np.zeros(1, dtype=bool), (None,))
    units, hyper = np.linspace(0, 1, 20)[:, None], Hyperparameters(np.array([4.0]), 1.0, 0.5)
    standard, losses = (0.0, 1.0), np.zeros(20)
    mean, deviation = leave_one_out(condition(coordinates, units, losses, hyper, standard=standard))
    losses[7] = mean[7] + deviations * deviation[7]
    model = condition(coordinates, units, losses, hyper, standard=standard)
    assert outlier(model, results=20) == found


def test_beside_is_near_and_not_the_same(model: GaussianProcess):
    draw = np.random.default_rng(0)
    for place in range(12):
        point = beside(model, place, draw)
        assert 0 < np.abs(point - model.units[place]).max() < 0.011
        assert ((point >= 0) & (point <= 1)).all()
    finite = Coordinates(np.array([True, False]), (np.array([0.25, 0.75]), np.array([0.5])))
    only = condition(finite, np.array([[0.25, 0.5]]), np.ones(1), HYPER)
    assert beside(only, 0, draw).tolist() == [0.25, 0.5]
