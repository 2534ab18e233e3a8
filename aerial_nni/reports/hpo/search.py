"""What the document of a search reads: every trial that was tried, and the runs that followed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from aerial_nni.reports.folder import Experiment, ResultUnusable, Trial
from aerial_nni.reports.hpo.importance import Importance, measure_importance
from aerial_nni.reports.hpo.tried import Tried
from aerial_nni.tuners.space import BadSpace, Space

SEARCH, BEST, DEFAULT = "search", "retrain best", "retrain default"
"""Values of the hidden parameter `_phase`: what a trial was for."""

PHASE = "_phase"
MULTI_FIDELITY = (5, 7)
"""Indices of the methods that give trials different numbers of epochs."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search for hyper-parameters that found at least one configuration."""

    experiment: Experiment
    space: Space
    tried: tuple[Tried, ...]
    """The trials of the search, in the order in which they were suggested."""
    retrained: Mapping[str, tuple[Trial, ...]]
    """`BEST` and `DEFAULT` -> the finished runs at full length, one for each seed."""

    @property
    def method(self) -> Mapping[str, Any]:
        """Index, name and arguments of the method; empty in a record of an older version."""
        return self.experiment.record.get("method") or {}

    @property
    def index(self) -> int | None:
        """The number of the method in the table of nine, None for a control."""
        return self.method.get("index")

    @property
    def name(self) -> str:
        """The method's short name, as on the command line."""
        return str(self.method.get("name") or "")

    @property
    def title(self) -> str:
        """The method's name as it stands in a heading."""
        return str(self.method.get("title") or self.name or "an unnamed method")

    @property
    def startup(self) -> int:
        """How many of the first trials were drawn without a look at results."""
        startup = (self.method.get("class_args") or {}).get("startup")
        return min(int(startup or 0), len(self.tried))

    @cached_property
    def scored(self) -> tuple[Tried, ...]:
        """Trials with a score whose configuration lies in the space: what models are fitted to."""
        return tuple(t for t in self.tried if t.score is not None and self.inside(t))

    def inside(self, tried: Tried) -> bool:
        """Whether a trial's configuration lies in the search space."""
        try:
            self.space.encode(tried.config)
        except BadSpace:  # copied and edited in the UI
            return False
        return True

    @cached_property
    def units(self) -> np.ndarray:
        """The scored trials in the unit cube, shape (n, d)."""
        return np.array([self.space.encode(tried.config) for tried in self.scored])

    @cached_property
    def scores(self) -> np.ndarray:
        """Their scores, shape (n,)."""
        return np.array([tried.score for tried in self.scored], dtype=float)

    @cached_property
    def failed_units(self) -> np.ndarray:
        """Trials without a score that lie in the space, shape (k, d)."""
        failed = [t for t in self.tried if t.score is None and self.inside(t)]
        units = np.array([self.space.encode(tried.config) for tried in failed])
        return units.reshape(-1, len(self.space.parameters))

    @cached_property
    def best(self) -> Tried:
        """The trial of the configuration that was retrained, else the best that reached its end.

        Scores after few epochs and after many are not alike: the most epochs count first.
        """
        again = [
            row["parameters"] for row in self.experiment.record["trials"] if phase(row) == BEST
        ]
        chosen = [tried for tried in self.scored if again and self._equal(tried.config, again[0])]
        done = chosen or [tried for tried in self.scored if tried.complete]
        if not done:
            raise ResultUnusable(
                f"no trial of the search in {self.experiment.folder} reached its end with a score"
            )
        return max(done, key=lambda tried: (tried.budget or 0, tried.score or 0.0))

    def _equal(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        return all(one.get(name) == other.get(name) for name in self.space.names)

    @cached_property
    def shown(self) -> tuple[Trial, ...]:
        """Finished runs of the best configuration, the one of which pictures are shown in front.

        These are its retrained runs, the best first, or the trial of the search where it was not
        retrained.
        """
        again = sorted(self.retrained[BEST], key=lambda trial: -trial.metrics["score"])
        if again or self.best.complete is None:
            return tuple(again)
        return (self.best.complete,)

    @cached_property
    def importance(self) -> Importance:
        """How much each parameter matters, by a forest fitted to the scored trials."""
        return measure_importance(
            self.units, self.scores, self.space.names, budgets=self.scored_budgets
        )

    def observed(
        self, before: int | None = None, *, budget: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, d) and losses (n,) as a tuner sees them; failed trials have the worst loss.

        The loss is minus the mean IoU. `before`: only trials with a smaller number. `budget`: only
        trials of so many epochs.
        """
        seen = [t for t in self.tried if self.inside(t) and (before is None or t.number < before)]
        seen = [tried for tried in seen if budget in (None, tried.budget)]
        worst = max((-t.score for t in seen if t.score is not None), default=0.0)
        units = np.array([self.space.encode(t.config) for t in seen])
        losses = [worst if t.score is None else -t.score for t in seen]
        return units.reshape(-1, len(self.space.parameters)), np.array(losses, dtype=float)

    @property
    def scored_budgets(self) -> np.ndarray | None:
        """Epochs allowed to the scored trials, shape (n,); None under a method without budgets."""
        budgets = [tried.budget for tried in self.scored]
        return None if None in budgets or not budgets else np.array(budgets, dtype=float)

    def default(self, name: str) -> Any:
        """The value of an option that the search started from."""
        return self.experiment.record["options"].get(name)


def read_search(experiment: Experiment) -> Search:
    """The search of an experiment.

    Raises:
        ResultUnusable: no trial of the search has a score, or the search space is damaged.
    """
    record = experiment.record
    try:
        space = Space.parse(record["space"])
    except BadSpace as error:
        raise ResultUnusable(f"the search space of {experiment.folder}: {error}") from error
    rows = [row for row in _in_order(record["trials"]) if phase(row) == SEARCH]
    search = Search(
        experiment=experiment,
        space=space,
        tried=tuple(
            Tried(number, row, experiment.folder / row["folder"] if row["folder"] else None)
            for number, row in enumerate(rows, start=1)
        ),
        retrained={name: _finished(experiment, name) for name in (BEST, DEFAULT)},
    )
    _ = search.best
    return search


def phase(row: Mapping[str, Any]) -> str:
    """What a trial was for: `SEARCH`, `BEST` or `DEFAULT`."""
    return str((row["parameters"] or {}).get(PHASE, SEARCH))


def _finished(experiment: Experiment, name: str) -> tuple[Trial, ...]:
    """The finished trials of a phase, in the order of their seeds."""
    folders = {row["folder"] for row in experiment.record["trials"] if phase(row) == name}
    found = [trial for trial in experiment.trials if trial.folder.name in folders]
    return tuple(sorted(found, key=lambda trial: trial.options["seed"]))


def _in_order(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: (row["sequence"] is None, row["sequence"] or 0))
