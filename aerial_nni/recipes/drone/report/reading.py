"""What the document of drone scenes reads: the runs of each loss, the search, the best's runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from aerial_nni.config.run_folder import LR_FINDER, read_history
from aerial_nni.recipes.drone.loss_presets import LOSSES, PREFIX, options_of, said_of
from aerial_nni.recipes.drone.scores import scores_of
from aerial_nni.reporting.folder import Experiment, ResultUnusable, Trial
from aerial_nni.reporting.group_comparison import Group
from aerial_nni.reporting.search.search import Search, finished, phase, read_search
from aerial_nni.tuners.trial import BEST, SEARCH

FOUND = "what the search found"
"""Name of the group of the best configuration's runs."""


@dataclass(frozen=True, kw_only=True)
class LossComparison:
    """An experiment with at least one DeepLabV3 that reached its end."""

    experiment: Experiment
    search: Search | None
    """None where nothing was searched."""
    losses: tuple[Group, ...]
    """The runs of each loss that has some, in the order in which they were asked for."""
    best: tuple[Trial, ...]
    """The runs of the best configuration."""

    @property
    def method(self) -> Mapping[str, Any]:
        """What the record says: losses, seeds, epochs, and of a search its method."""
        method: Mapping[str, Any] = self.experiment.record.get("method", {})
        return method

    @property
    def groups(self) -> tuple[Group, ...]:
        """All that is compared."""
        return (*self.losses, *([Group(FOUND, self.best)] if self.best else []))

    @cached_property
    def winner(self) -> Group:
        """The loss with which the search went on; without a search that with the highest mean.

        As in `tuners.grid_first`, a loss of which a run failed is none where another has all.
        """
        searched = (row["parameters"] for row in self.experiment.record.get("trials", ())
                    if phase(row) == SEARCH)  # fmt: skip
        used: Mapping[str, Any] = next(searched, {})
        for name in self.method.get("losses", LOSSES):
            for group in self.losses:
                if group.name == said_of(name) and options_of(name).items() <= used.items():
                    return group
        wanted = len(self.method.get("seeds", ()))
        whole = [group for group in self.losses if len(group.trials) >= wanted]
        return max(whole or self.losses, key=lambda group: float(np.mean(group.scores)))

    @property
    def chosen(self) -> Group:
        """What is shown: what the search found, unless its control, the best loss, is above it."""
        found = Group(FOUND, self.best)
        if self.best and np.mean(found.scores) >= np.mean(self.winner.scores):
            return found
        return self.winner

    @cached_property
    def shown(self) -> list[Trial]:
        """The runs that are shown, the best in front."""
        return sorted(self.chosen.trials, key=lambda trial: -trial.metrics["score"])

    @property
    def trial(self) -> Trial:
        """The run that is shown."""
        return self.shown[0]

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the shown run says of its backbone and weights; empty for a U-Net."""
        facts: Mapping[str, Any] = self.trial.metrics.get("deeplab", {})
        return facts

    @cached_property
    def sweeps(self) -> dict[str, tuple[np.ndarray, np.ndarray, float | None]]:
        """Group -> rates, losses and the suggested rate of its run that looked for it."""
        found = {}
        for group in self.groups:
            for trial in group.trials:
                path = trial.folder / LR_FINDER
                if path.is_file() and (rows := read_history(path)):
                    rates, losses = (np.array([row[name] for row in rows]) for name in rows[0])
                    suggested = trial.metrics["lr_finder"]["suggested"]
                    found[group.name] = (rates, losses, suggested)
        return found

    def scores(self, group: Group) -> dict[str, list[float]]:
        """Name of a score -> its value in each run of a group."""
        return group.each(scores_of)


def read_flight(experiment: Experiment) -> LossComparison:
    """The comparison of an experiment, or a drone trial that was run by hand.

    Raises:
        ResultUnusable: no run of a loss reached its end, or the search is damaged.
    """
    record = experiment.record
    if experiment.by_hand:
        alone = (experiment.best,)
        return LossComparison(
            experiment=experiment, search=None, best=(),
            losses=(Group(f"`{experiment.best.options['loss']}`", alone),),
        )  # fmt: skip
    asked = record["method"].get("losses", list(LOSSES))
    groups = [Group(said_of(name), finished(experiment, f"{PREFIX}{name}")) for name in asked]
    losses = tuple(group for group in groups if group.trials)
    if not losses:
        raise ResultUnusable(
            f"no run of a loss in {experiment.folder} reached its end; go on with: "
            f"python -m aerial_nni.run resume {experiment.id}"
        )
    return LossComparison(
        experiment=experiment,
        search=read_search(experiment) if _searched(record) else None,
        losses=losses,
        best=finished(experiment, BEST),
    )


def _searched(record: Mapping[str, Any]) -> bool:
    """Whether a trial of the search has a score."""
    return bool(record["method"].get("search_trials")) and any(
        phase(row) == SEARCH and row["score"] is not None for row in record["trials"]
    )
