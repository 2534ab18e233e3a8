"""The benchmark of the training loop: its table, and that contestants take turns."""

from collections.abc import Callable
from typing import Any

import pytest

from aerial_nni.bench.train import in_turns


def test_four_loops_are_measured(measure: Callable[..., dict[str, Any]]):
    small = ["--width", 2, "--patch", 32, "--batch", 2, "--steps", 1, "--rounds", 1]
    rows = measure("train", *small)["rows"]
    assert [row["Loop"] for row in rows] == [
        "plain loop, fp32",
        "model alone, one batch again and again",
        "Lightning Trainer",
        "aerial_nni with its data pipeline",
    ]
    speeds = [row["Patches per second"] for row in rows]
    assert min(speeds) > 0
    ratios = [row["Times the plain loop"] for row in rows]
    assert ratios == pytest.approx([speed / speeds[0] for speed in speeds])


def test_contestants_take_turns_after_a_warm_up():
    order = []
    seconds = {"a": iter([9.0, 3.0, 1.0, 2.0]), "b": iter([9.0, 5.0, 5.0, 7.0])}

    def turn(name: str) -> float:
        order.append(name)
        return next(seconds[name])

    medians = in_turns({name: lambda name=name: turn(name) for name in "ab"}, 3)
    assert order == ["a", "b"] * 4
    assert medians == {"a": 2.0, "b": 5.0}
