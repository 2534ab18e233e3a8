"""Which configuration was given how many epochs: the brackets and rungs of a search by halving."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.hpo.tried import Tried
from aerial_nni.reports.words import percent, score, table


@dataclass(frozen=True)
class Ladder:
    """One configuration with its trials, the shortest first."""

    trials: tuple[Tried, ...]

    @property
    def budgets(self) -> list[int]:
        """Epochs of its trials, rising."""
        return [trial.budget or 0 for trial in self.trials]

    @property
    def start(self) -> int:
        """Epochs of its first trial: the bracket it belongs to."""
        return self.budgets[0]

    @property
    def top(self) -> int:
        """Epochs of its longest trial."""
        return self.budgets[-1]

    @property
    def score(self) -> float | None:
        """Mean IoU of the longest trial that has one."""
        return next((t.score for t in self.trials[::-1] if t.score is not None), None)

    def score_at(self, budget: int) -> float | None:
        """Mean IoU after the trial of a budget; None where there was none."""
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


def ladders(search: Search) -> list[Ladder]:
    """Every configuration, in the order of its first trial."""
    found: dict[str, list[Tried]] = {}
    for tried in search.tried:
        if tried.budget is not None:
            found.setdefault(repr(sorted(tried.config.items())), []).append(tried)
    return [
        Ladder(tuple(sorted(trials, key=lambda t: (t.budget or 0, t.number))))
        for trials in found.values()
    ]


def rungs(found: Sequence[Ladder]) -> list[int]:
    """The budgets that occur, rising."""
    return sorted({budget for ladder in found for budget in ladder.budgets})


def brackets(found: Sequence[Ladder]) -> dict[int, list[Ladder]]:
    """Epochs at the start -> the configurations that started so, the best at the start first."""
    groups: dict[int, list[Ladder]] = {}
    for ladder in found:
        groups.setdefault(ladder.start, []).append(ladder)
    return {
        start: sorted(groups[start], key=lambda one: -(one.trials[0].score or -1.0))
        for start in sorted(groups)
    }


def rung_table(search: Search) -> str:
    """How many configurations of each bracket reached each rung, and the best score there."""
    found = ladders(search)
    budgets = rungs(found)
    rows = []
    for start, group in brackets(found).items():
        row = [f"starts with {start}"]
        for budget in budgets:
            there = [ladder.score_at(budget) for ladder in group if ladder.top >= budget >= start]
            best = max((value for value in there if value is not None), default=None)
            row.append(f"{len(there)} (best {score(best, digits=3)})" if there else "")
        trials = [trial for ladder in group for trial in ladder.trials]
        row.append(str(sum(trial.epochs for trial in trials)))
        rows.append(row)
    header = ["bracket", *(f"after {budget} epochs" for budget in budgets), "epochs trained"]
    return table(header, rows)


def on_cost(search: Search) -> str:
    """What halving cost, against training every configuration to the end."""
    found = ladders(search)
    spent = sum(tried.epochs for tried in search.tried)
    saved = sum(tried.resumed for tried in search.tried)
    full = len(found) * max(rungs(found))
    text = (
        f"{len(found)} configurations were looked at for {spent:,} epochs. All of them at full "
        f"length would have cost {full:,}, so this is {percent(spent / full)} of it"
    )
    if saved:
        text += f"; without going on from checkpoints it would have been {spent + saved:,}"
    reached = sum(ladder.top == max(rungs(found)) for ladder in found)
    return f"{text}. {reached} of them reached {max(rungs(found))} epochs."
