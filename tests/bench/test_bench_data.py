"""The benchmark of the data pipeline: its table."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("pictures", [256], indirect=True)  # no less than a patch
def test_both_pipelines_are_measured(
    measure: Callable[..., dict[str, Any]],
):
    table = measure("data", "--batch", 2, "--rounds", 1)
    figures = {row["What"]: row["Figure"] for row in table["rows"]}
    build, opening, decoded, sampled, ratio = figures.values()
    assert min(build, opening, decoded, sampled) > 0
    assert ratio == pytest.approx(sampled / decoded)
    assert [row["Unit"] for row in table["rows"]] == ["s", "s", "patches/s", "patches/s", "times"]
    assert table["notes"][0].startswith("6 pictures of ")
