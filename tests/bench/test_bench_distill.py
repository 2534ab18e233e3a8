"""The benchmark of a teacher's cost: its table, on a few small pictures."""

from collections.abc import Callable
from typing import Any


def test_three_contestants_are_measured(measure: Callable[..., dict[str, Any]]):
    small = ["--patch", 16, "--batch", 2, "--steps", 1, "--rounds", 1, "--kind", "soft+pair"]
    sizes = ["--width", 2, "--depth", 1, "--teacher-width", 4, "--teacher-depth", 2]
    rows = measure("distill", *small, *sizes)["rows"]
    assert [next(iter(row.values())) for row in rows] == [
        "without a teacher",
        "the teacher is asked",
        "kept answers",
    ]
    assert all(list(row.values())[1] > 0 for row in rows)
