"""Differences of scores: intervals against SciPy's own tests, and the words for them."""

import math

import pytest
from scipy import stats

from aerial_nni.reporting.statistics import Difference, paired_difference, verdict, welch_difference

OURS, THEIRS = (0.61, 0.64, 0.60), (0.55, 0.58, 0.52, 0.57)


def test_welch_is_that_of_scipy():
    found = welch_difference(THEIRS, OURS)
    ends = stats.ttest_ind(OURS, THEIRS, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(ends.low), pytest.approx(ends.high))
    assert found.gap == pytest.approx(sum(OURS) / 3 - sum(THEIRS) / 4)
    assert found.spread == pytest.approx(math.hypot(0.0208167, 0.0264575), abs=1e-6)
    assert found.certain == (ends.low > 0)


def test_paired_is_that_of_scipy():
    gains = (0.06, 0.05, 0.09)
    found = paired_difference(gains)
    ends = stats.ttest_1samp(gains, 0).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(ends.low), pytest.approx(ends.high))


def test_one_run_says_nothing_of_chance():
    for found in (welch_difference([0.5], [0.6, 0.7]), paired_difference([0.1])):
        assert found.spread is None and not found.known and not found.certain
        said = verdict(found, nothing="", harm="", noun="run")
        assert said == "**One run has no spread: whether that is more than chance is not known.**"


def test_runs_that_are_all_alike_differ_for_certain():
    found = welch_difference([0.5, 0.5], [0.6, 0.6])
    assert found.low == found.high == pytest.approx(0.1) and found.certain


@pytest.mark.parametrize(
    ("gap", "spread", "low", "high", "said"),
    [
        (0.05, 0.01, 0.02, 0.08, "That is **more than the seeds explain**: "),
        (-0.05, 0.01, -0.08, -0.02, "It did harm, more than the seeds explain: "),
        (0.01, 0.02, -0.02, 0.04, "smaller than its spread: it may be chance**"),
        (0.05, 0.02, -0.02, 0.12, "larger than its spread, but "),
    ],
)
def test_the_words_follow_the_interval(
    gap: float, spread: float, low: float, high: float, said: str
):
    found = Difference(gap=gap, spread=spread, low=low, high=high, test="Welch's t")
    text = verdict(found, nothing="Nothing is shown.", harm="It did harm")
    assert said in text and f"reaches from {low:+.4f} to {high:+.4f}" in text
    assert ("Nothing is shown." in text) == ("may be chance" in text)
