"""The brackets of Hyperband and BOHB: which configuration is trained for how long, and when.

    >>> brackets = Brackets(max_budget=9, trials=12)
    >>> entry = brackets.next()          # a place in a rung: entry.budget is 3 epochs
    >>> entry.trial = Trial(...)         # who takes it; its loss decides who is promoted
    >>> brackets.next()                  # None: there is nothing to start until a trial ends

Li et al. 2018, algorithm 1. A bracket starts n configurations on a small budget and promotes the
best 1/eta of each rung to eta times the budget, up to the full one (successive halving). Brackets
differ in how small they start. *differs:* a worker that would wait for a rung starts the next
bracket; a configuration is promoted as soon as no result that is still to come can keep it from it,
which picks the same ones; brackets repeat while there are trials, and fit into their number.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aerial_nni.tuners.space import Config
from aerial_nni.tuners.trial import Trial, key


@dataclass(eq=False, kw_only=True)
class Entry:
    """A place in a rung. `config` is None where a new configuration is to be chosen."""

    bracket: int
    """Number of the bracket, from 0."""
    rung: int
    """Number of the rung in its bracket, from 0."""
    budget: int
    """Whole epochs, those of the rungs before included."""
    config: Config | None = None
    trial: Trial | None = None

    @property
    def ended(self) -> bool:
        """Whether its trial has ended, well or not."""
        return self.trial is not None and not self.trial.pending

    @property
    def loss(self) -> float | None:
        """What its trial reached; None where it failed, was stopped early, or has not ended."""
        return None if self.trial is None or self.trial.failed else self.trial.loss


@dataclass
class Rung:
    """Configurations that are trained for the same time."""

    budget: int
    places: int
    entries: list[Entry] = field(default_factory=list)

    def ranked(self) -> list[Entry]:
        """Entries with a loss, the best first. Failed trials are not among them."""
        good = [entry for entry in self.entries if entry.loss is not None]
        return sorted(good, key=lambda entry: entry.loss or 0.0)


@dataclass
class Bracket:
    """One run of successive halving."""

    number: int
    rungs: list[Rung]

    def next(self) -> Entry | None:
        """A place that can be filled now: in the lowest rung first; None: results are missing."""
        for number, rung in enumerate(self.rungs):
            if number == 0 and len(rung.entries) < rung.places:
                return self.add(0)
            if number and (best := self._promotable(number)):
                return self.add(number, config=best.config)
        return None

    def add(self, rung: int, *, config: Config | None = None) -> Entry:
        """A new entry of a rung."""
        budget = self.rungs[rung].budget
        entry = Entry(bracket=self.number, rung=rung, budget=budget, config=config)
        self.rungs[rung].entries.append(entry)
        return entry

    def expected(self) -> list[int]:
        """How many entries each rung will have at its end: fewer than places where trials fail."""
        counts = [self.rungs[0].places]
        for below, rung in zip(self.rungs[:-1], self.rungs[1:], strict=True):
            open_ = counts[-1] - sum(entry.ended for entry in below.entries)
            counts.append(min(rung.places, len(below.ranked()) + open_))
        return counts

    @property
    def reserved(self) -> int:
        """Trials that it may still start."""
        started = sum(len(rung.entries) for rung in self.rungs)
        return max(0, sum(self.expected()) - started)

    def _promotable(self, number: int) -> Entry | None:
        """The best entry of the rung below that is certain to be promoted and was not yet."""
        below, rung = self.rungs[number - 1], self.rungs[number]
        ranked = below.ranked()
        missing = self.expected()[number - 1] - sum(entry.ended for entry in below.entries)
        promoted = {key(entry.config or {}) for entry in rung.entries}
        for entry in ranked[: max(0, rung.places - missing)]:
            if key(entry.config or {}) not in promoted:
                return entry
        return None


class Brackets:
    """Brackets one after another, the most aggressive first.

    With `trials` they fit into that number: the longest bracket is shortened, by starting on a
    larger budget, until it and the next one fit, and the last ones have fewer configurations, but
    always as many as it takes for one to reach the full budget. 12 trials with a full budget of 9
    epochs are twice 3 configurations of 3 epochs with the best one promoted to 9, and 2 of 9.

    Args:
        max_budget: the full budget R in epochs.
        min_budget: the smallest budget in epochs.
        eta: one in `eta` is promoted, to `eta` times the budget.
        trials: how many trials there are in all; None: it is not known.
    """

    def __init__(
        self, max_budget: int, *, min_budget: int = 1, eta: int = 3, trials: int | None = None
    ) -> None:
        self.max_budget, self.min_budget, self.eta = max_budget, min_budget, eta
        self.trials = trials
        self.elsewhere = 0
        """Trials outside the brackets that count among `trials`."""
        self.all: list[Bracket] = []
        self.closed = False
        self.depth = self._depth()
        self._next = self.depth

    def __iter__(self) -> Iterator[Entry]:
        return (entry for bracket in self.all for rung in bracket.rungs for entry in rung.entries)

    def next(self) -> Entry | None:
        """The next place to fill, which the caller fills at once; None: wait for a result."""
        for bracket in self.all:
            if entry := bracket.next():
                return entry
        started = len(list(self)) + self.elsewhere
        left = None
        if self.trials is not None and started < self.trials:
            left = self.trials - started - sum(bracket.reserved for bracket in self.all)
        if self.closed or (left is not None and left <= 0):
            return None
        return self._open(left).next()

    @property
    def waiting(self) -> bool:
        """Whether a trial that runs may lead to another."""
        return any(not entry.ended for entry in self)

    def close(self, entry: Entry) -> None:
        """Takes back `entry`, for which there is no configuration, nor for any later one."""
        self.closed = True
        self.all[entry.bracket].rungs[0].entries.remove(entry)
        for bracket in self.all:
            bracket.rungs[0].places = len(bracket.rungs[0].entries)

    def adopt(self, trial: Trial) -> Entry | None:
        """The place of a trial of an earlier run of the experiment; None: it is in no bracket.

        Trials come in the order in which they were started. Places of failed ones stay free.
        """
        budget = trial.budget or self.max_budget
        entry = self._promoted(trial, budget) or self._started(trial, budget)
        if entry is None:
            self.elsewhere += 1
        else:
            entry.trial = trial
        return entry

    def budgets(self, depth: int) -> list[int]:
        """Whole epochs of the rungs of a bracket with `depth` promotions, the last the full."""
        shares = [self.max_budget / self.eta**step for step in range(depth, -1, -1)]
        return [max(self.min_budget, math.floor(share + 0.5)) for share in shares]

    def sizes(self, depth: int, left: int | None, longest: int) -> list[int]:
        """Places of the rungs of a bracket that has at most `left` trials; [] where none fits.

        Li et al. 2018, algorithm 1, lines 3 and 6, with s = `depth` and s_max = `longest`.
        """
        for count in range(-(-(longest + 1) * self.eta**depth // (depth + 1)), 0, -1):
            places = [count // self.eta**step for step in range(depth + 1)]
            if places[-1] and (left is None or sum(places) <= left):
                return places
        return []

    def _depth(self) -> int:
        """Promotions of the longest bracket that leaves room for a second one."""
        depth = 0
        while self.min_budget * self.eta ** (depth + 1) <= self.max_budget:
            depth += 1
        while self.trials is not None and depth and self._two(depth) > self.trials:
            depth -= 1
        return depth

    def _two(self, depth: int) -> int:
        """Trials of the longest bracket and of the one after it that promotes anything."""
        following = self.sizes(depth - 1, None, depth) if depth > 1 else []
        return sum(self.sizes(depth, None, depth)) + sum(following)

    def _open(self, left: int | None) -> Bracket:
        """The next bracket, of at most `left` trials."""
        depth, places = next(
            (depth, places)
            for depth in range(self._next, -1, -1)
            if (places := self.sizes(depth, left, self.depth))
        )
        self._next = depth - 1 if depth else self.depth
        rungs = [Rung(*pair) for pair in zip(self.budgets(depth), places, strict=True)]
        self.all.append(Bracket(len(self.all), rungs))
        return self.all[-1]

    def _promoted(self, trial: Trial, budget: int) -> Entry | None:
        config = key(trial.config)
        for bracket in self.all:
            for number in range(1, len(bracket.rungs)):
                below, rung = bracket.rungs[number - 1 : number + 1]
                if rung.budget == budget and config in _configs(below.entries):
                    if config not in _configs(rung.entries):
                        return bracket.add(number, config=trial.config)
        return None

    def _started(self, trial: Trial, budget: int) -> Entry | None:
        def free() -> Bracket | None:
            for bracket in self.all:
                first = bracket.rungs[0]
                if first.budget == budget and len(first.entries) < first.places:
                    return bracket
            return None

        bracket = free()
        for _ in range(self.depth + 1 if bracket is None else 0):
            started = len(list(self)) + self.elsewhere
            reserved = sum(other.reserved for other in self.all)
            left = None if self.trials is None else self.trials - started - reserved
            if left is not None and left <= 0:
                break
            self._open(left)
            if bracket := free():
                break
        return bracket.add(0, config=trial.config) if bracket else None


def _configs(entries: Sequence[Entry]) -> set[str]:
    return {key(entry.config or {}) for entry in entries}
