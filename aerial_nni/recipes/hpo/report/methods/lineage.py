"""Who descends from whom in a search by evolution, and who is alive when."""

import re
from dataclasses import dataclass

import numpy as np

from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.search.search_trial import Tried


@dataclass(frozen=True)
class Descent:
    """A child and the trial whose mutation it is."""

    child: Tried
    parent: Tried
    changed: tuple[str, ...]
    """Parameters that the mutation changed."""

    @property
    def better(self) -> bool:
        """Whether the child scored higher."""
        return self.child.score is not None and self.child.score > (self.parent.score or 0.0)


def descents(search: Search) -> list[Descent]:
    """The descent of every child, in order; its parent is told by its number."""
    inside = [tried for tried in search.tried if search.inside(tried)]
    found = []
    for child in inside:
        if match := re.fullmatch(r"mutation of trial (\d+)", child.origin):
            parent = inside[int(match[1]) - 1]
            found.append(Descent(child, parent, _differing(search, parent, child)))
    return found


def _differing(search: Search, one: Tried, other: Tried) -> tuple[str, ...]:
    """Names of the parameters with different values; rounding does not count."""
    left, right = (search.space.encode(tried.config) for tried in (one, other))
    return tuple(
        name
        for name, apart in zip(search.space.names, np.abs(left - right), strict=True)
        if apart > 1e-6
    )


def ancestors(found: list[Descent], tried: Tried) -> list[Descent]:
    """The descents that lead to a trial, the first one in front."""
    by_child = {descent.child.number: descent for descent in found}
    line: list[Descent] = []
    number = tried.number
    while number in by_child:
        line.append(by_child[number])
        number = by_child[number].parent.number
    return line[::-1]


def generations(found: list[Descent]) -> dict[int, int]:
    """Number of a trial -> how many ancestors its line has; start-up trials are not in it."""
    depth: dict[int, int] = {}
    for descent in found:
        depth[descent.child.number] = depth.get(descent.parent.number, 0) + 1
    return depth


def living(search: Search, size: int) -> np.ndarray:
    """Lowest, median and highest score among the `size` youngest scored trials, shape (n, 3)."""
    rows = []
    for place in range(len(search.scored)):
        scores = search.scores[max(0, place + 1 - size) : place + 1]
        rows.append([scores.min(), float(np.median(scores)), scores.max()])
    return np.array(rows)
