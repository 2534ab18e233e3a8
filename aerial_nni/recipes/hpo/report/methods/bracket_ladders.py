"""Which configuration was given how many epochs: the brackets and rungs of a search by halving."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from aerial_nni.reporting.format import pluralize, score, table
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.search.search_trial import Tried
from aerial_nni.tuners.brackets import Bracket, Brackets
from aerial_nni.tuners.trial import key


@dataclass(frozen=True)
class Ladder:
    """One configuration with its trials, the shortest first."""

    trials: tuple[Tried, ...]

    @property
    def budgets(self) -> list[int]:
        """Epochs of its trials, rising."""
        return [trial.budget or 0 for trial in self.trials]

    @property
    def top(self) -> int:
        """Epochs of its longest trial."""
        return self.budgets[-1]

    @property
    def score(self) -> float | None:
        """Mean IoU of the longest trial that has one."""
        return next((t.score for t in self.trials[::-1] if t.score is not None), None)

    def score_at(self, budget: int) -> float | None:
        """Mean IoU of the trial of a budget; None where there was none."""
        return next((trial.score for trial in self.trials if trial.budget == budget), None)

    @cached_property
    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Epochs and the mean IoU after each, over all of its trials."""
        scores: dict[int, float] = {}
        for trial in self.trials:
            if trial.history is not None:
                epochs = trial.history["epoch"].astype(int)
                scores.update(zip(epochs.tolist(), trial.history["mean_iou"], strict=True))
        there = sorted(scores)
        return np.array(there), np.array([scores[epoch] for epoch in there])


Group = list[Ladder]
"""The configurations of a bracket, the best after the first rung in front."""


def groups_of(search: Search, brackets: Brackets) -> list[Group]:
    """The brackets as the tuner has filled them, in their order."""
    return [group for bracket in brackets.all if (group := _group(search, bracket))]


def _group(search: Search, bracket: Bracket) -> Group:
    found: dict[str, list[Tried]] = {}
    for rung in bracket.rungs:
        for entry in rung.entries:
            if entry.trial is not None and entry.trial.id is not None:
                tried = search.tried[entry.trial.id - 1]
                found.setdefault(key(tried.config), []).append(tried)
    ladders = [Ladder(tuple(trials)) for trials in found.values()]
    return sorted(ladders, key=lambda ladder: -(ladder.trials[0].score or -1.0))


def rungs(groups: Sequence[Group]) -> list[int]:
    """The budgets that occur, rising."""
    return sorted({budget for group in groups for ladder in group for budget in ladder.budgets})


def rung_table(groups: Sequence[Group]) -> str:
    """How many configurations of each bracket reached each rung, and the best score there."""
    budgets = rungs(groups)
    rows = []
    for number, group in enumerate(groups, start=1):
        row = [str(number)]
        for budget in budgets:
            there = [ladder.score_at(budget) for ladder in group if budget in ladder.budgets]
            best = max((value for value in there if value is not None), default=None)
            row.append(f"{len(there)} (best {score(best, digits=3)})" if there else "")
        trials = [trial for ladder in group for trial in ladder.trials]
        row.append(str(sum(trial.epochs for trial in trials)))
        rows.append(row)
    header = [
        "bracket",
        *(f"after {pluralize(budget, 'epoch')}" for budget in budgets),
        "epochs trained",
    ]
    return table(header, rows)


@dataclass(frozen=True)
class Sizes:
    """How long and how large the brackets of a search are."""

    trials: int | None
    depth: int
    """Halvings of the longest bracket."""
    full_depth: int
    """What it would be with any number of trials."""
    brackets: list[str]
    """Configurations × epochs at each rung of each bracket."""


def sizes_of(brackets: Brackets) -> Sizes:
    """The plan of the brackets that were begun."""
    full = Brackets(brackets.max_budget, min_budget=brackets.min_budget, eta=brackets.eta).depth
    planned = [
        " → ".join(f"{rung.places} × {rung.budget}" for rung in bracket.rungs)
        for bracket in brackets.all
        if bracket.rungs[0].entries
    ]
    return Sizes(brackets.trials, brackets.depth, full, planned)


@dataclass(frozen=True)
class Cost:
    """What halving cost; all but `configurations` and `reached` in epochs."""

    configurations: int
    spent: int
    saved: int
    """Not trained because promoted configurations went on from checkpoints."""
    longest: int
    """Of a trial at full length."""
    reached: int
    """Configurations that got so many."""

    @property
    def full(self) -> int:
        """Of training every configuration to the end."""
        return self.configurations * self.longest


def cost_of(search: Search, groups: Sequence[Group]) -> Cost:
    """The cost of the brackets of a search."""
    longest = search.max_budget or max(rungs(groups))
    return Cost(
        configurations=sum(map(len, groups)),
        spent=sum(tried.epochs for tried in search.tried),
        saved=sum(tried.resumed for tried in search.tried),
        longest=longest,
        reached=sum(ladder.top == longest for group in groups for ladder in group),
    )
