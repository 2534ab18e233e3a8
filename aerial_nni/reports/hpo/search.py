"""What the document of a search reads: every trial that was tried, and the runs that followed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni import results
from aerial_nni.reports.folder import Experiment, ResultUnusable, Trial
from aerial_nni.reports.hpo.importance import Importance, measure_importance
from aerial_nni.tuners.space import BadSpace, Space

SEARCH, BEST, DEFAULT = "search", "retrain best", "retrain default"
"""Values of the hidden parameter `_phase`: what a trial was for."""

PHASE, BUDGET = "_phase", "TRIAL_BUDGET"
MULTI_FIDELITY = (5, 7)
"""Indices of the methods that give trials different numbers of epochs."""


@dataclass(frozen=True)
class Tried:
    """One trial of the search, as the record and its folder tell it."""

    number: int
    """Its place among the trials of the search, from 1."""
    row: Mapping[str, Any]
    """Its entry in `experiment.json`."""
    folder: Path | None

    @property
    def state(self) -> str:
        """NNI's word for how it ended."""
        return str(self.row["state"])

    @cached_property
    def config(self) -> dict[str, Any]:
        """The values that were tried, without NNI's and our own hidden keys."""
        return visible(self.row["parameters"])

    @property
    def budget(self) -> int | None:
        """Epochs that a multi-fidelity method allowed it, None under another method."""
        budget = self.row["parameters"].get(BUDGET)
        return None if budget is None else round(budget)

    @cached_property
    def score(self) -> float | None:
        """Mean IoU; of a trial that was stopped early, the last it reported; None where none."""
        if self.row["score"] is not None:
            return float(self.row["score"])
        if self.state == "EARLY_STOPPED" and self.history is not None:
            return float(self.history["mean_iou"][-1])
        return None

    @cached_property
    def complete(self) -> Trial | None:
        """Its result folder if it reached its end."""
        done = self.folder is not None and (self.folder / results.METRICS).is_file()
        return Trial(self.folder) if done and self.folder is not None else None

    @cached_property
    def history(self) -> dict[str, np.ndarray] | None:
        """Its epochs as `Trial.history`, None where it finished none."""
        if self.folder is None or not (self.folder / results.HISTORY).is_file():
            return None
        try:
            return Trial(self.folder).history
        except ResultUnusable:
            return None

    @cached_property
    def resumed(self) -> int:
        """Epochs it did not train because it went on from another trial's checkpoint."""
        if self.folder is None or not (self.folder / results.OPTIONS).is_file():
            return 0
        return int(Trial(self.folder).options.get("resumed_epochs", 0))

    @property
    def epochs(self) -> int:
        """Epochs it trained itself."""
        return 0 if self.history is None else len(self.history["epoch"]) - self.resumed

    @property
    def seconds(self) -> float:
        """Time of the epochs it trained itself, with validation."""
        return 0.0 if self.history is None else float(self.history["seconds"][self.resumed :].sum())

    @property
    def reason(self) -> str:
        """Why it has no score, as far as that was recorded."""
        recorded = str(self.row.get("reason") or "")
        if recorded or self.folder is None or not (self.folder / results.FAILURE).is_file():
            return recorded
        return (self.folder / results.FAILURE).read_text(encoding="utf-8").strip()


def visible(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters without the budget and the keys that begin with an underscore."""
    return {k: v for k, v in parameters.items() if not k.startswith("_") and k != BUDGET}


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
