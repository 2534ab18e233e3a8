"""The comparison of losses as the document reads it."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from aerial_nni.recipes.drone.loss_presets import LOSSES, options_of, said_of
from aerial_nni.recipes.drone.report.comparison import compare_losses
from aerial_nni.recipes.drone.report.pictures import plot_sweeps
from aerial_nni.recipes.drone.report.reading import FOUND, LossComparison
from aerial_nni.recipes.drone.scores import SCORES
from aerial_nni.reporting.group_comparison import Group

SPLIT = {"rule": "tile", "seed": 0, "leaky": False, "val_patches": 4}


def group(name: str, *scores: float) -> Group:
    trials = tuple(
        SimpleNamespace(
            folder=Path("nowhere"),
            options={"seed": seed},
            metrics={
                "score": score,
                "split": SPLIT,
                "data": {"name": "town"},
                "cost": {},
                "final": dict.fromkeys(SCORES.values(), score),
            },
        )
        for seed, score in enumerate(scores)
    )
    return Group(said_of(name), trials)  # type: ignore[arg-type]


def flight(
    *groups: Group, trials: tuple[dict[str, Any], ...] = (), method: dict[str, Any] | None = None
) -> LossComparison:
    experiment: Any = SimpleNamespace(record={"trials": trials, "method": method or {}})
    return LossComparison(experiment=experiment, search=None, losses=groups, best=())


def test_the_winner_is_the_loss_that_was_searched_with():
    groups = group("focal", 0.9), group("inverse-ce", 0.5)
    assert flight(*groups).winner is groups[0]
    rows = (
        {"parameters": {"_phase": "loss: focal", **LOSSES["focal"]}},
        {"parameters": {"_phase": "search", **LOSSES["inverse-ce"], "lr": 0.1}},
    )
    assert flight(*groups, trials=rows[:1]).winner is groups[0]
    assert flight(*groups, trials=rows).winner is groups[1]


def test_the_winner_may_be_a_loss_that_is_its_own_name():
    own = "log-dice+5*focal"
    groups = group("focal", 0.9), group(own, 0.5)
    rows = ({"parameters": {"_phase": "search", **options_of(own), "lr": 0.1}},)
    found = flight(*groups, trials=rows, method={"losses": ["focal", own]})
    assert found.winner is groups[1] and found.winner.name == "log-dice + 5 · focal"


def test_without_a_search_a_loss_with_a_failed_seed_wins_only_where_all_have():
    groups = group("focal", 0.9), group("dice", 0.3, 0.5)
    assert flight(*groups, method={"seeds": [1, 2]}).winner is groups[1]
    assert flight(*groups, method={"seeds": [1, 2, 3]}).winner is groups[0]


def test_the_number_of_seeds_is_said_as_it_is():
    def seeds(*groups: Group) -> tuple[str, bool]:
        facts = compare_losses(flight(*groups))
        return facts.seeds, facts.several

    assert seeds(group("focal", 0.1, 0.2), group("dice", 0.3, 0.5)) == ("2", True)
    assert seeds(group("focal", 0.1), group("dice", 0.3, 0.4, 0.5)) == ("1 to 3", True)
    assert seeds(group("focal", 0.1)) == ("1", False)


def test_what_the_search_found_is_shown_unless_its_control_is_above_it():
    found = flight(group("focal", 0.3, 0.4), group("dice", 0.1, 0.2))
    for scores, name in (((0.2, 0.4), "focal"), ((0.3, 0.5), FOUND)):
        best = group("focal", *scores).trials
        shown = dataclasses.replace(found, best=best)
        assert shown.chosen.name == (said_of(name) if name in LOSSES else name)
        assert shown.trial.metrics["score"] == max(shown.chosen.scores)


def test_rates_are_written_as_numbers():
    rates, losses = np.geomspace(1e-7, 1, 8), np.linspace(2, 1, 8)
    found: Any = SimpleNamespace(sweeps={"focal": (rates, losses, 1e-3)})
    figure = plot_sweeps(found)
    figure.draw_without_rendering()
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert {"0.001", "1"} <= set(labels) and not any("$" in label for label in labels)
