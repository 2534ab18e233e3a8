"""What the document of a search reads: every trial that was tried, and the runs that followed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from aerial_nni.reporting.folder import Experiment, ResultUnusable, Trial
from aerial_nni.reporting.search.importance import Importance, measure_importance
from aerial_nni.reporting.search.search_trial import Tried
from aerial_nni.tuners.parameter import BadSpace
from aerial_nni.tuners.space import Space
from aerial_nni.tuners.trial import BEST, DEFAULT, PHASE, SEARCH, STARTUP, key


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search for hyper-parameters that found at least one configuration."""

    experiment: Experiment
    space: Space
    tried: tuple[Tried, ...]
    """The trials of the search, in the order in which they were suggested."""
    retrained: Mapping[str, tuple[Trial, ...]]
    """`BEST` and `DEFAULT` -> the finished runs at full length, one for each seed."""
    again: str = BEST
    """Phase of the runs that repeat the best configuration."""

    @property
    def method(self) -> Mapping[str, Any]:
        """What the record says of the method: index, name, title, arguments, ..."""
        method: Mapping[str, Any] = self.experiment.record["method"]
        return method

    @property
    def title(self) -> str:
        """The method's name as it stands in a heading."""
        return str(self.method["title"])

    @property
    def max_budget(self) -> int | None:
        """Epochs of a full trial under a multi-fidelity method, None under another."""
        budget: int | None = self.method["class_args"].get("max_budget")
        return budget

    @property
    def startup(self) -> int:
        """Number of the last start-up trial, 0 where there is none."""
        return max((tried.number for tried in self.tried if tried.kind == STARTUP), default=0)

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
        rows = self.experiment.record["trials"]
        again = {self._key(row["parameters"]) for row in rows if phase(row) == self.again}
        complete = [tried for tried in self.scored if tried.complete]
        usable = self.scored if self.retrained[BEST] else complete
        done = [tried for tried in usable if self._key(tried.config) in again] or complete
        if not done:
            raise ResultUnusable(
                f"no trial of the search in {self.experiment.folder} reached its end with a score"
            )
        return max(done, key=lambda tried: (tried.budget or math.inf, tried.score or 0.0))

    def _key(self, parameters: Mapping[str, Any]) -> str:
        return key({name: parameters.get(name) for name in self.space.names})

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

    def scores_of(self, phase: str) -> list[float]:
        """Scores of the finished runs of `BEST` or `DEFAULT`."""
        return [float(trial.metrics["score"]) for trial in self.retrained[phase]]

    @cached_property
    def importance(self) -> Importance:
        """How much each parameter matters, by a forest fitted to the scored trials."""
        return measure_importance(
            self.units, self.scores, self.space.names, budgets=self.scored_budgets
        )

    @property
    def scored_budgets(self) -> np.ndarray | None:
        """Epochs allowed to the scored trials, shape (n,); None under a method without budgets."""
        if self.max_budget is None:
            return None
        return np.array([tried.budget or self.max_budget for tried in self.scored], dtype=float)

    def default(self, name: str) -> Any:
        """The value of an option that the search started from."""
        return self.experiment.record["options"].get(name)


def read_search(experiment: Experiment, *, best: str = BEST) -> Search:
    """The search of an experiment; `best` is the phase of its runs of the best configuration.

    Raises:
        ResultUnusable: no trial of the search has a score, or the search space is damaged.
    """
    record = experiment.record
    try:
        space = Space.parse(record["space"])
    except BadSpace as error:
        raise ResultUnusable(f"the search space of {experiment.folder}: {error}") from error
    rows = [row for row in record["trials"] if phase(row) == SEARCH]
    search = Search(
        experiment=experiment,
        space=space,
        tried=tuple(
            Tried(number, row, experiment.folder / row["folder"] if row["folder"] else None)
            for number, row in enumerate(rows, start=1)
        ),
        retrained={BEST: finished(experiment, best), DEFAULT: finished(experiment, DEFAULT)},
        again=best,
    )
    _ = search.best
    return search


def phase(row: Mapping[str, Any]) -> str:
    """What a trial was for: `SEARCH`, `BEST` or `DEFAULT`."""
    return str(row["parameters"].get(PHASE, SEARCH))


def finished(experiment: Experiment, name: str) -> tuple[Trial, ...]:
    """The finished trials of a phase, in the order of their seeds."""
    folders = {row["folder"] for row in experiment.record["trials"] if phase(row) == name}
    found = [trial for trial in experiment.trials if trial.folder.name in folders]
    return tuple(sorted(found, key=lambda trial: trial.options["seed"]))


def trials_of(search: Search | None) -> list[tuple[str, Trial]]:
    """The trials of a search that reached their end, with what each was for."""
    return [
        (f"trial {tried.number} of the search", tried.complete)
        for tried in (search.tried if search else ())
        if tried.complete is not None
    ]
