"""What a document says of the search that its experiment began with; see `templates/search.md.j2`.

{% import "reporting/templates/search.md.j2" as searched %}
{{ searched.whole(part, links) }}
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean, median

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.reporting.render import render
from aerial_nni.reporting.search.axes import write_value
from aerial_nni.reporting.search.importance_plot import plot_importance
from aerial_nni.reporting.search.progress import plot_progress
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.search.search_trial import ADDED, GRID
from aerial_nni.reporting.search.space import space_file, space_table
from aerial_nni.reporting.search.tables import best_table, failure_table, trial_table
from aerial_nni.tuners.trial import DEFAULT, GUIDED, PROMOTED, RANDOM, STARTUP

KINDS = (STARTUP, RANDOM, GRID, ADDED, PROMOTED, GUIDED)
"""Kinds of trials in the order in which they are told."""
FEW = 10
"""Trials for each parameter below which the order of the parameters is a guess."""


@dataclass(frozen=True)
class Scores:
    """How many trials of a kind there were, the best score of them and the median."""

    count: int
    best: float
    median: float


@dataclass(frozen=True)
class Leading:
    """How clearly a parameter is the most important one."""

    shares: list[tuple[str, float]]
    """The first three with their shares."""
    ahead: float
    """Share of the resamples in which the first is ahead of the second; NaN of a single one."""


@dataclass(frozen=True)
class SearchPart:
    """The facts of a search that templates tell."""

    search: Search

    def figures(self) -> dict[str, Figure]:
        """Figures by the names of their files."""
        figures = {"progress": plot_progress(self.search)}
        if self.search.importance.known:
            figures["importance"] = plot_importance(self.search.importance)
        return figures

    @property
    def kinds(self) -> dict[str, int]:
        """How many trials there were of each kind that occurs."""
        kinds = [tried.kind for tried in self.search.tried]
        return {kind: kinds.count(kind) for kind in KINDS if kind in kinds}

    @property
    def with_score(self) -> int:
        """Trials with a score, those outside of the space too."""
        return sum(tried.score is not None for tried in self.search.tried)

    # The space.

    @property
    def logarithmic(self) -> bool:
        """Whether a parameter has a log scale."""
        return any(parameter.log for parameter in self.search.space.parameters)

    @property
    def missing(self) -> Sequence[str]:
        """What the full space has that this one lacks."""
        return tuple(self.search.method.get("missing", ()))

    @property
    def reason(self) -> str:
        """Why it was reduced."""
        return str(self.search.method.get("reason", "")).rstrip(".")

    @property
    def given(self) -> list[str]:
        """Options that the command fixed, with their values."""
        given = self.search.method.get("given") or {}
        return [f"`{name}` {write_value(value)}" for name, value in given.items()]

    @property
    def space_table(self) -> str:
        """Every parameter with its values."""
        return space_table(self.search)

    @property
    def space_file(self) -> str:
        """The file of the space as it was written; empty where it was not kept."""
        return space_file(self.search)

    # Its course.

    @property
    def comparable(self) -> bool:
        """Whether early and late trials had the same epochs."""
        return self.search.max_budget is None

    @property
    def startup(self) -> Scores | None:
        """Scores of the start-up trials."""
        return self._of_kind(STARTUP)

    @property
    def guided(self) -> Scores | None:
        """Scores of the trials that results guided."""
        return self._of_kind(GUIDED)

    def _of_kind(self, kind: str) -> Scores | None:
        scores = [float(t.score or 0.0) for t in self.search.scored if t.kind == kind]
        return Scores(len(scores), max(scores), median(scores)) if scores else None

    @property
    def above_default(self) -> int | None:
        """Scored trials above the mean of the default options; None where these were not run."""
        defaults = self.search.scores_of(DEFAULT)
        if not defaults:
            return None
        return sum((tried.score or 0) > mean(defaults) for tried in self.search.scored)

    @property
    def default_lengths(self) -> list[int]:
        """Epochs that runs of the default options had."""
        return sorted({trial.metrics["epochs_run"] for trial in self.search.retrained[DEFAULT]})

    @property
    def lengths(self) -> list[int]:
        """Epochs that trials had: one number, or the least and the most."""
        lengths = {trial.length for trial in self.search.scored}
        return sorted({min(lengths), max(lengths)})

    @property
    def same_lengths(self) -> bool:
        """Whether all of them had what the default options had."""
        return {trial.length for trial in self.search.scored} == set(self.default_lengths)

    # Importance.

    @property
    def stopped_early(self) -> int:
        """Trials that enter the forest with the score at which they were stopped."""
        return sum(tried.state == "EARLY_STOPPED" for tried in self.search.scored)

    @cached_property
    def leading(self) -> Leading:
        """The parameters that matter most."""
        importance = self.search.importance
        means = importance.total.mean(axis=0)
        shares = [(importance.names[place], float(means[place])) for place in importance.order[:3]]
        if len(importance.order) == 1:
            return Leading(shares, math.nan)
        first, second = (importance.total[:, place] for place in importance.order[:2])
        return Leading(shares, float(np.mean(first > second)))

    @property
    def few(self) -> bool:
        """Whether the trials are too few for a measurement."""
        return len(self.search.scored) < FEW * len(self.search.space.parameters)

    # Tables.

    @property
    def best_table(self) -> str:
        """The trials with the highest scores."""
        return best_table(self.search)

    @property
    def trial_table(self) -> str:
        """All trials."""
        return trial_table(self.search, self.search.tried)

    @property
    def failure_table(self) -> str:
        """Trials without a score; empty where there is none."""
        return failure_table(self.search)


def draw_search(search: Search) -> dict[str, Figure]:
    """Figures by the names of their files."""
    return SearchPart(search).figures()


def explain_search(search: Search, links: Mapping[str, str]) -> list[str]:
    """Space, course, importance and all trials, in Markdown, without the chapter's title."""
    return [
        render("reporting/templates/search_chapter.md.j2", part=SearchPart(search), links=links)
    ]
