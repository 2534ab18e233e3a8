"""Expected improvement against Monte Carlo and quadrature; its maximum against a fine grid."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad

from aerial_nni.tuners import acquisition_optimizer
from aerial_nni.tuners.acquisition import (
    LogExpectedImprovement,
    PredictedLoss,
    ProbabilityOfImprovement,
    log_h,
)
from aerial_nni.tuners.acquisition_optimizer import SPREAD, around, every_point, maximise
from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.gaussian_process import GaussianProcess, fit
from aerial_nni.tuners.space import Space

MIXED = {
    "x": {"_type": "uniform", "_value": [0, 1]},
    "k": {"_type": "randint", "_value": [0, 9]},
    "c": {"_type": "choice", "_value": ["p", "q", "r"]},
}


@pytest.fixture
def model() -> GaussianProcess:
    units = np.random.default_rng(0).random((20, 2))
    coordinates = Coordinates(np.zeros(2, dtype=bool), (None, None))
    return fit(coordinates, units, np.sin(6 * units[:, 0]) + units[:, 1])


@pytest.mark.parametrize("z", [-200.0, -30.0, -5.0, -1.01, -0.99, 0.0, 1.0, 6.0])
def test_log_h_is_its_integral(z: float):
    """h(z) = φ(z) ∫ t exp(z t - t²/2) dt over t > 0."""
    if z > 1:
        direct = z * 0.5 * math.erfc(-z / math.sqrt(2)) + math.exp(-z * z / 2) / math.sqrt(
            2 * math.pi
        )
        expected = math.log(direct)
    else:
        far = 40 / max(1.0, -z)
        area = quad(lambda t: t * math.exp(z * t - t * t / 2), 0, far, epsabs=0, epsrel=1e-11)[0]
        expected = -0.5 * z * z - 0.5 * math.log(2 * math.pi) + math.log(area)
    assert log_h(np.array([z]))[0] == pytest.approx(expected, rel=1e-8)


def test_log_h_has_no_seams_and_no_end():
    for seam in (-1.0, -1e4):
        low, high = log_h(np.array([seam * (1 + 1e-9), seam * (1 - 1e-9)]))
        assert low == pytest.approx(high, rel=1e-7) and low < high
    assert np.isfinite(log_h(np.array([-1e8, -1e3, 1e8]))).all()


def test_expected_improvement_is_that_of_monte_carlo(model: GaussianProcess):
    points = np.random.default_rng(1).random((5, 2))
    mean, deviation = model.predict(points)
    best = float(np.median(mean))
    draws = mean + deviation * np.random.default_rng(2).normal(size=(400_000, 5))
    sampled = np.maximum(best - draws, 0).mean(axis=0)
    values = LogExpectedImprovement(model, best).values(points)
    assert np.exp(values) == pytest.approx(sampled, rel=0.02, abs=1e-4)


@pytest.mark.parametrize("best", [-2.0, 0.5])
def test_gradients_are_finite_differences(model: GaussianProcess, best: float):
    point = np.array([0.35, 0.6])
    for acquisition in (
        LogExpectedImprovement(model, best),
        ProbabilityOfImprovement(model, best),
        PredictedLoss(model),
    ):
        value, slope = acquisition.gradient(point)
        assert value == pytest.approx(acquisition.values(point[None])[0])
        for j in range(2):
            step = 1e-6 * np.eye(2)[j]
            high, low = acquisition.values(np.array([point + step, point - step]))
            assert slope[j] == pytest.approx((high - low) / 2e-6, rel=1e-3)


class Bowl:
    """A model whose mean and deviation both depend on the point, as much as on each other."""

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = points.T
        return 3 * x - 2 * y + x * y, np.exp(x - 2 * y)

    def gradient(self, point: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
        (mean,), (deviation,) = self.predict(point[None])
        x, y = point
        slopes = np.array([3 + y, -2 + x]), np.array([deviation, -2 * deviation])
        return float(mean), float(deviation), *slopes


@pytest.mark.parametrize("best", [-2e4, -300.0, -8.0, -0.3, 0.4, 2.0, 30.0])
@pytest.mark.parametrize(
    "made",
    [LogExpectedImprovement, ProbabilityOfImprovement, lambda model, _: PredictedLoss(model)],
)
def test_gradients_by_a_model_whose_deviation_has_one(best: float, made: Callable):
    """From far below what is predicted, where EI is 0 in floating point, to far above."""
    acquisition, point = made(Bowl(), best), np.array([0.3, 0.4])
    value, slope = acquisition.gradient(point)
    assert value == pytest.approx(acquisition.values(point[None])[0], rel=1e-12)
    for j in range(2):
        step = 1e-5 * np.eye(2)[j]
        high, low = acquisition.values(np.array([point + step, point - step]))
        assert slope[j] == pytest.approx((high - low) / 2e-5, rel=1e-5)


def test_the_maximum_is_not_below_that_of_a_fine_grid(model: GaussianProcess):
    acquisition = LogExpectedImprovement(model, float(model.losses.min()))
    point = maximise(
        acquisition,
        model.coordinates,
        np.random.default_rng(0),
        anchors=model.units[:3],
        taken=model.units,
    )
    ticks = np.linspace(0, 1, 101)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    assert acquisition.values(point[None])[0] >= acquisition.values(grid).max() - 1e-6


class Hill:
    """Highest at x = 0.3, k = 6, c = q; no category is like another."""

    def __init__(self, coordinates: Coordinates) -> None:
        self.coordinates = coordinates

    def values(self, points: np.ndarray) -> np.ndarray:
        x, k, c = points.T
        return -((x - 0.3) ** 2) - (k - 6.5 / 9) ** 2 - (np.abs(c - 0.5) > 0.1)

    def gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        return float(self.values(point[None])[0]), np.array([-2 * (point[0] - 0.3), 0.0, 0.0])


def test_mixed_coordinates_reach_the_top_and_keep_off_what_is_taken():
    coordinates = Coordinates.of(Space.parse(MIXED))
    arguments = {"anchors": np.array([[0.9, 0.5 / 9, 1 / 6]]), "taken": np.empty((0, 3))}
    point = maximise(Hill(coordinates), coordinates, np.random.default_rng(0), **arguments)
    assert point == pytest.approx([0.3, 6.5 / 9, 0.5], abs=1e-4)


def test_a_small_finite_space_is_tried_whole():
    finite = {name: MIXED[name] for name in ("k", "c")}
    coordinates = Coordinates.of(Space.parse(finite))
    whole = every_point(coordinates)
    assert whole is not None and len(whole) == 27
    assert every_point(Coordinates.of(Space.parse(MIXED))) is None

    class Sum:
        def values(self, points: np.ndarray) -> np.ndarray:
            return points.sum(axis=1)

        def gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
            raise AssertionError("nothing to climb")

    order = np.argsort(-whole.sum(axis=1), kind="stable")
    for place in range(26):
        point = maximise(
            Sum(),
            coordinates,
            np.random.default_rng(0),
            anchors=whole[:1],
            taken=whole[order[:place]],
        )
        assert point.sum() == pytest.approx(whole[order[place]].sum())


def test_a_larger_space_of_steps_alone_is_climbed_without_a_gradient():
    steps = {name: {"_type": "randint", "_value": [0, 60]} for name in "ab"}
    coordinates = Coordinates.of(Space.parse(steps))

    class Peak:
        def values(self, points: np.ndarray) -> np.ndarray:
            return -np.abs(points - [20.5 / 60, 41.5 / 60]).sum(axis=1)

        def gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
            raise AssertionError("nothing to climb")

    assert every_point(coordinates) is None
    nothing = {"anchors": np.array([[0.5 / 60, 0.5 / 60]]), "taken": np.empty((0, 2))}
    point = maximise(Peak(), coordinates, np.random.default_rng(0), **nothing)
    assert point == pytest.approx([20.5 / 60, 41.5 / 60])


def test_points_around_an_anchor_stay_inside_and_differ_from_it():
    anchors = np.array([[0.0, 1.0, 0.5], [0.2, 0.3, 0.4]])
    points = around(anchors, np.random.default_rng(0))
    assert points.shape == (2 * 64, 3)
    assert ((points >= 0) & (points <= 1)).all()
    assert (points != np.repeat(anchors, len(points) // 2, axis=0)).any(axis=1).all()


def test_points_around_an_anchor_go_from_near_to_far_some_coordinates_at_a_time():
    anchor = np.full((1, 40), 0.5)
    points = np.array([around(anchor, np.random.default_rng(seed)) for seed in range(20)])
    moved = points != 0.5  # (20, LOCAL, 40)
    assert moved.mean() == pytest.approx(0.5, abs=0.05)
    far = np.abs(points - 0.5).max(axis=(0, 2))
    assert far[0] < 0.01 and far[-1] > 0.4 and (np.diff(far[::16]) > 0).all()
    one = points[0, 0][moved[0, 0]] - 0.5
    assert len(np.unique(np.round(one, 12))) == len(one)  # each by its own draw


class Counted(Hill):
    """Notes at how many points, and at which first, it was asked."""

    def __init__(self, coordinates: Coordinates) -> None:
        super().__init__(coordinates)
        self.asked: list[np.ndarray] = []

    def values(self, points: np.ndarray) -> np.ndarray:
        self.asked.append(points)
        return super().values(points)


def test_candidates_follow_from_the_generator_and_a_climb_ends_where_nothing_is_gained():
    coordinates = Coordinates.of(Space.parse(MIXED))
    arguments = {"anchors": np.array([[0.3, 6.5 / 9, 0.5]]), "taken": np.empty((0, 3))}
    first, again = Counted(coordinates), Counted(coordinates)
    for hill in (first, again):
        maximise(hill, coordinates, np.random.default_rng(0), starts=1, **arguments)
    assert len(first.asked[0]) == SPREAD
    for one, other in zip(first.asked, again.asked, strict=True):
        np.testing.assert_array_equal(one, other)
    grids = [points for points in first.asked if len(points) in (3, 9)]
    assert len(grids) <= 2 * 2 * 3  # two climbs, two grids, at most three rounds of four


def test_four_climbs_start_from_either_kind_of_candidate(monkeypatch):
    coordinates, starts = Coordinates.of(Space.parse(MIXED)), []

    def noted(acquisition, coordinates, point, value, known):
        starts.append(value)
        return point, value

    monkeypatch.setattr(acquisition_optimizer, "_climb", noted)
    arguments = {"anchors": np.array([[0.9, 0.5 / 9, 1 / 6]]), "taken": np.empty((0, 3))}
    found = maximise(Hill(coordinates), coordinates, np.random.default_rng(0), **arguments)
    assert len(starts) == 8 and Hill(coordinates).values(found[None])[0] == max(starts)
    assert starts[:4] == sorted(starts[:4], reverse=True)
