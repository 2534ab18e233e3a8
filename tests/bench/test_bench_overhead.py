"""The benchmark of what an experiment adds: its table, and that the loop runs the same trial."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aerial_nni import results
from aerial_nni.bench import overhead
from aerial_nni.bench.overhead import Searched


@pytest.mark.slow
def test_an_experiment_and_a_loop_of_the_same_trial_are_measured(
    measure: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    search, loop = overhead._search, overhead._loop
    found = []

    def search_small(runs: Path, flags: list[str]) -> Searched | None:
        warm_up = runs.name != "runs"
        return None if warm_up else search(runs, [*flags, "--patch", "32"])

    def compare(searched: Searched, out: Path) -> float:
        seconds = loop(searched, out)
        for trial in searched.trials:
            for folder in (searched.folder / trial["folder"], out / trial["id"]):
                score = results.read_json(folder / results.METRICS)["score"]
                found.append((results.read_json(folder / results.OPTIONS), score))
        return seconds

    monkeypatch.setattr(overhead, "_search", search_small)
    monkeypatch.setattr(overhead, "_loop", compare)
    rows = measure("overhead", "--trials", 1)["rows"]
    in_the_experiment, by_hand = found
    assert in_the_experiment == by_hand
    first_step, searched, looped, added, end = (row["Seconds"] for row in rows)
    assert first_step > 0 and looped > 0 and end > 0
    assert added == pytest.approx(searched - looped)
