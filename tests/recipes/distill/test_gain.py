"""What a teacher is worth, seed by seed."""

import pytest

from aerial_nni.recipes.distill.gain import Worth, worth


def test_only_seeds_that_both_have_count():
    found = worth({1: 0.5, 2: 0.7, 3: 0.9}, {4: 0.1, 2: 0.6, 1: 0.2})
    assert found == Worth(
        student=pytest.approx(0.6), control=pytest.approx(0.4), difference=pytest.approx(0.2),
        spread=pytest.approx(0.02**0.5), seeds=2,
    )  # fmt: skip


def test_one_seed_has_no_spread_and_none_has_no_worth():
    found = worth({3: 0.5}, {3: 0.25, 4: 0.1})
    assert found == Worth(student=0.5, control=0.25, difference=0.25, spread=None, seeds=1)
    assert worth({1: 0.5}, {2: 0.5}) is None
