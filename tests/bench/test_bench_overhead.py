"""The benchmark of what an experiment adds: its table, and that the loop runs the same trial."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aerial_nni.bench import many, overhead
from aerial_nni.bench.overhead import Searched
from aerial_nni.config import run_folder


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
                score = run_folder.read_json(folder / run_folder.METRICS)["score"]
                found.append((run_folder.read_json(folder / run_folder.OPTIONS), score))
        return seconds

    monkeypatch.setattr(overhead, "_search", search_small)
    monkeypatch.setattr(overhead, "_loop", compare)
    rows = measure("overhead", "--trials", 1)["rows"]
    in_the_experiment, by_hand = found
    assert in_the_experiment == by_hand
    first_step, searched, looped, added, end = (row["Seconds"] for row in rows)
    assert first_step > 0 and looped > 0 and end > 0
    assert added == pytest.approx(searched - looped)


@pytest.mark.slow
def test_a_thousandth_trial_costs_no_more_than_a_hundredth(
    measure: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    search = overhead._search

    def search_small(runs: Path, flags: list[str]) -> Searched | None:
        return None if runs.name == "warm" else search(runs, [*flags, "--patch", "32"])

    monkeypatch.setattr(overhead, "_search", search_small)
    cost, seen = measure("overhead", "--trials", 1, "--many", 1000)["parts"]
    first, half, last = cost["rows"][0], cost["rows"][len(cost["rows"]) // 2], cost["rows"][-1]
    assert int(last["Trials"]) == 1000
    for who in many.WHO:
        assert int(last[f"{who}: open files"]) < int(first[f"{who}: open files"]) + 20
        memory = f"{who}: memory (MiB)"  # the manager's grows until it first collects its garbage
        assert float(last[memory]) < 1.25 * float(half[memory])
        spent = f"{who}: processor time for each (s)"  # of no other process, so of no busy machine
        assert float(last[spent]) < 1.5 * float(first[spent]) + 0.02
    assert {"`list`", "`report`", "the server's list of trials"} <= {
        row["What"] for row in seen["rows"]
    }
