"""Default options against the best configuration: both at full length, over several seeds."""

from dataclasses import dataclass
from statistics import mean
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import pluralize, table
from aerial_nni.reporting.group_comparison import Group, beside_table, plot_groups
from aerial_nni.reporting.search.axes import write_value
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.statistics import Difference, welch_difference
from aerial_nni.tuners.trial import BEST, DEFAULT

NAMES = {DEFAULT: "default options", BEST: "best configuration"}


class Both(NamedTuple):
    """A number of the default options, and of the best configuration."""

    default: Any
    best: Any


@dataclass(frozen=True)
class Retraining:
    """What `retraining.md.j2` tells of the runs that followed a search."""

    search: Search

    def _runs(self, phase: str) -> tuple[Trial, ...]:
        return self.search.retrained[phase]

    @property
    def default(self) -> list[float]:
        """Scores of the default options, one for each seed."""
        return self.search.scores_of(DEFAULT)

    @property
    def best(self) -> list[float]:
        """Scores of the best configuration."""
        return self.search.scores_of(BEST)

    @property
    def gain(self) -> float:
        """The best configuration less the default options."""
        return self.again - mean(self.default)

    @property
    def again(self) -> float:
        """The mean score of the best configuration, trained again."""
        return mean(self.best)

    @property
    def difference(self) -> Difference:
        """The same with its interval."""
        return welch_difference(self.default, self.best)

    @property
    def epochs(self) -> int:
        """For how long the best configuration was trained again."""
        return int(self._runs(BEST)[0].options["epochs"])

    @property
    def longer_than(self) -> int | None:
        """Epochs of the search's trials where they had fewer."""
        before = self.search.default("epochs")
        return before if before is not None and before < self.epochs else None

    @property
    def lengths(self) -> list[int]:
        """Epochs that the retrained runs of the best configuration had."""
        return sorted({run.metrics["epochs_run"] for run in self._runs(BEST)})

    @property
    def repeats(self) -> bool:
        """Whether one of them repeats the trial: their mean has its luck in it."""
        seeds = {run.options["seed"] for run in self._runs(BEST)}
        return self.search.default("seed") in seeds and self.search.best.length in self.lengths

    @property
    def total_epochs(self) -> Both:
        """Over all seeds."""
        return Both(*(sum(t.metrics["epochs_run"] for t in self._runs(name)) for name in NAMES))

    @property
    def run_seconds(self) -> Both:
        """Mean training time of a run."""
        return Both(*(max(1e-9, mean(map(_seconds, self._runs(name)))) for name in NAMES))

    @property
    def configurations(self) -> str:
        """The values of the best trial beside those of the default options."""
        rows = [
            [f"`{name}`", write_value(self.search.default(name)), f"**{write_value(value)}**"]
            for name, value in self.search.best.config.items()
        ]
        return table(["parameter", "default", "best trial"], rows)

    @property
    def table(self) -> str:
        """Scores and costs of both, a column each."""
        return beside_table([group for group in self._groups if group.trials])

    @property
    def _groups(self) -> list[Group]:
        return [Group(name, self._runs(phase)) for phase, name in NAMES.items()]

    def plot(self) -> Figure:
        """Both as `plot_groups` draws them, with the score of the best trial of the search."""
        found = self.search.best
        label = f"best trial of the search ({pluralize(found.length, 'epoch')})"
        level = None if found.score is None else (found.score, label)
        return plot_groups(*self._groups, level=level)


@dataclass(frozen=True)
class SearchCost:
    """What a search cost, and the runs after it."""

    epochs: int
    seconds: float
    saved: int
    """Epochs that were not trained because promoted configurations went on."""
    runs: int
    run_seconds: float

    @classmethod
    def of(cls, search: Search) -> "SearchCost":
        """The cost of a search."""
        again = [trial for phase in (BEST, DEFAULT) for trial in search.retrained[phase]]
        return cls(
            epochs=sum(tried.epochs for tried in search.tried),
            seconds=sum(tried.seconds for tried in search.tried),
            saved=sum(tried.resumed for tried in search.tried),
            runs=len(again),
            run_seconds=sum(map(_seconds, again)),
        )


def _seconds(trial: Trial) -> float:
    return float(trial.metrics["cost"]["training_seconds"])
