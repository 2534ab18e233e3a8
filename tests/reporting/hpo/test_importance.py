"""Importance finds what a known function depends on, and axes write values as they are."""

import math

import numpy as np
import pytest
from scipy import stats

from aerial_nni.reporting.search.axes import ticks, write_value
from aerial_nni.reporting.search.importance import measure_importance
from aerial_nni.reporting.search.marks import focus
from aerial_nni.reporting.search.space import write_range
from aerial_nni.reporting.statistics import welch_difference
from aerial_nni.tuners.space import Space


def _points(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(3).random((count, size))


def test_the_leading_parameter_is_found() -> None:
    units = _points(60, 3)
    scores = 0.5 - (units[:, 1] - 0.4) ** 2 + 0.02 * units[:, 0]
    found = measure_importance(units, scores, ("a", "b", "c"))
    assert found.first[0] == "b"
    assert found.main.mean(axis=0)[1] > 0.7 and found.total.mean(axis=0)[2] < 0.1
    assert found.explained > 0.5


def test_an_interaction_counts_in_the_total_only() -> None:
    units = _points(150, 2)
    scores = np.where((units[:, 0] > 0.5) == (units[:, 1] > 0.5), 1.0, 0.0)
    found = measure_importance(units, scores, ("a", "b"))
    assert (found.total.mean(axis=0) > found.main.mean(axis=0) + 0.3).all()


def test_epochs_do_not_pass_for_a_parameter() -> None:
    units = _points(60, 2)
    budgets = np.random.default_rng(4).choice([1.0, 9.0], size=60)
    scores = 0.1 * budgets + 0.2 * units[:, 0]
    found = measure_importance(units, scores, ("a", "b"), budgets=budgets)
    assert found.first[0] == "a" and found.main.mean(axis=0)[0] > 0.7


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_trials_give_numbers_all_the_same(count: int) -> None:
    found = measure_importance(_points(count, 3), np.arange(count) * 0.1, ("a", "b", "c"))
    assert np.isfinite(found.total).all() and np.isnan(found.explained)
    assert (found.main <= found.total).all() and found.known == (count > 2)


def test_it_repeats() -> None:
    units = _points(20, 2)
    one, two = (measure_importance(units, units[:, 0], ("a", "b")).total for _ in range(2))
    assert np.array_equal(one, two)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"_type": "loguniform", "_value": [1e-4, 1e-2]}, ["0.0001", "0.001", "0.01"]),
        ({"_type": "uniform", "_value": [0.0, 0.5]}, ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
        ({"_type": "choice", "_value": ["ce", "ce+dice"]}, ["ce", "ce+dice"]),
        ({"_type": "choice", "_value": [True, False]}, ["yes", "no"]),
        ({"_type": "randint", "_value": [2, 6]}, ["2", "3", "4", "5"]),
        ({"_type": "loguniform", "_value": [0.0045, 0.0049]}, ["0.0045", "0.0049"]),
    ],
    ids=str,
)
def test_axes_have_readable_marks(spec: dict, words: list[str]) -> None:
    (parameter,) = Space.parse({"it": spec}).parameters
    found = ticks(parameter)
    places = [place for place, _ in found]
    assert places == sorted(places) and 0 <= places[0] and places[-1] <= 1
    shown = [word for _, word in found]
    assert set(words) <= set(shown) and len(shown) <= 8


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"_type": "loguniform", "_value": [1e-4, 1e-2]}, "0.0001 to 0.01, log scale"),
        ({"_type": "quniform", "_value": [0, 0.4, 0.05]}, "0 to 0.4, in steps of 0.05"),
        ({"_type": "randint", "_value": [2, 6]}, "whole numbers from 2 to 5"),
        ({"_type": "normal", "_value": [0, 1]}, "normal with mean 0 and deviation 1"),
        ({"_type": "choice", "_value": [4, 8]}, "4, 8"),
    ],
    ids=str,
)
def test_ranges_are_written_out(spec: dict, said: str) -> None:
    assert write_range(Space.parse({"it": spec}).parameters[0]) == said


def test_values_are_short() -> None:
    written = [write_value(v) for v in (0.00312345, 1.2e-5, True, 16, "ce", (1, 2), None)]
    assert written == ["0.00312", "1.2e-05", "yes", "16", "ce", "1, 2", "–"]


def test_one_disaster_does_not_flatten_the_axis() -> None:
    low, high = focus(np.array([0.05, 0.49, 0.5, 0.51, 0.52]))
    assert high == 0.52 and low > 0.4
    low, high = focus(np.array([0.3, 0.3]))
    assert low < high


def interval(control: list[float], treated: list[float]) -> tuple[float, float]:
    found = welch_difference(control, treated)
    return found.low, found.high


def test_the_interval_is_welchs() -> None:
    low, high = interval([0.50, 0.51, 0.52], [0.55, 0.56, 0.58])
    assert 0 < low < 0.0533 < high
    # Variances 1 and 250, so that 3 and 5 scores have 4.053 degrees of freedom, not Student's 6.
    low, high = interval([1, 2, 3], [10, 20, 30, 40, 50])
    error = math.sqrt(1 / 3 + 250 / 5)
    freedom = error**4 / ((1 / 3) ** 2 / 2 + (250 / 5) ** 2 / 4)
    assert freedom == pytest.approx(4.053, abs=1e-3)
    reach = stats.t.ppf(0.975, freedom) * error
    assert (low, high) == pytest.approx((28 - reach, 28 + reach))
    assert all(np.isnan(interval([0.5], [0.6, 0.7])))
    assert interval([0.5, 0.5], [0.6, 0.6]) == pytest.approx((0.1, 0.1))
