"""How much each parameter matters: shares of the variance of a random forest's prediction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import RandomForestRegressor

RESAMPLES = 16
"""Forests, each fitted to the trials drawn with replacement: their spread is the uncertainty."""
TREES = 24
OUTSIDE = 120
"""Trees of the forest whose error on unseen trials is measured."""
BACKGROUND = 256
"""Points of the search space over which the variance is taken."""
LEVELS = 16
"""Values of a parameter at which the mean over all the others is taken."""


@dataclass(frozen=True, kw_only=True)
class Importance:
    """Shares of the variance over the search space, one row for each resample of the trials."""

    names: tuple[str, ...]
    """The parameters in the order of the search space."""
    main: np.ndarray
    """Share by the parameter alone, shape (resamples, d), 0 to 1."""
    total: np.ndarray
    """Share with all its interactions, shape (resamples, d)."""
    explained: float
    """R² of the forest on trials that each tree did not see; NaN with too few trials."""

    @property
    def known(self) -> bool:
        """Whether the trials tell the parameters apart at all."""
        return bool(self.total.any())

    @property
    def leading(self) -> str:
        """What sets the first ones of `order` apart: `those that` followed by this."""
        return "mattered most" if self.known else "came first in the search space"

    @property
    def order(self) -> list[int]:
        """Places of the parameters, the most important first."""
        return [int(place) for place in np.argsort(-self.total.mean(axis=0), kind="stable")]

    @property
    def first(self) -> list[str]:
        """Names of the parameters, the most important first."""
        return [self.names[place] for place in self.order]


def measure_importance(
    units: np.ndarray,
    scores: np.ndarray,
    names: Sequence[str],
    *,
    budgets: np.ndarray | None = None,
    seed: int = 0,
) -> Importance:
    """Importance of each coordinate of the unit cube for the score.

    The forest's prediction f is taken apart over the whole search space, as functional ANOVA does
    (Hutter, Hoos and Leyton-Brown 2014): V_j = Var(E[f | x_j]) / Var(f) for a parameter alone, and
    T_j = E[Var(f | all but x_j)] / Var(f) with its interactions (Jansen 1999, by swapping one
    column). *differs:* from the paper both are estimated on random points, and the spread is over
    resampled trials instead of single trees.

    Args:
        units: configurations, shape (n, d), 0 to 1.
        scores: their scores, shape (n,).
        names: names of the coordinates.
        budgets: epochs of each trial, shape (n,). They enter the forest as one more coordinate,
            held at the largest budget while the parameters vary.
        seed: of the forests and the points.
    """
    generator = np.random.default_rng(seed)
    count, size = units.shape
    rows = units if budgets is None else np.column_stack([units, budgets])
    points = generator.random((2, BACKGROUND, size))
    main, total = np.zeros((RESAMPLES, size)), np.zeros((RESAMPLES, size))
    for place in range(RESAMPLES):
        chosen = generator.integers(count, size=count)
        forest = _forest(rows[chosen], scores[chosen], seed=place)
        largest = None if budgets is None else float(budgets.max())
        main[place], total[place] = _shares(forest, points, largest)
    return Importance(
        names=tuple(names), main=main, total=total, explained=_out_of_bag(rows, scores)
    )


def _forest(rows: np.ndarray, scores: np.ndarray, *, seed: int) -> RandomForestRegressor:
    forest = RandomForestRegressor(TREES, min_samples_leaf=2, random_state=seed, n_jobs=1)
    return forest.fit(rows, scores)


def _shares(
    forest: RandomForestRegressor, points: np.ndarray, largest: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """V_j and T_j, each of shape (d,); zeros where the forest predicts the same everywhere."""
    base, other = points
    size = base.shape[1]
    values = forest.predict(_questions(base, other, largest))
    at_base, rest = values[:BACKGROUND], values[BACKGROUND:].reshape(size, -1)
    variance = at_base.var()
    if variance < 1e-12:
        return np.zeros(size), np.zeros(size)
    swapped, lines = rest[:, :BACKGROUND], rest[:, BACKGROUND:].reshape(size, LEVELS, -1)
    total = ((at_base - swapped) ** 2).mean(axis=1) / (2 * variance)
    main = lines.mean(axis=2).var(axis=1) / variance
    total = np.minimum(total, 1.0)
    return np.minimum(main, total), total  # estimates: exact ones are never the other way round


def _questions(base: np.ndarray, other: np.ndarray, largest: float | None) -> np.ndarray:
    """All points at which a forest is asked, in one array, as each call of it costs much.

    First the background; then for each coordinate the background with this column swapped, and a
    part of it with the column at each of `LEVELS` values.
    """
    rows = [base]
    some = base[: BACKGROUND // 4]
    for place in range(base.shape[1]):
        swapped = base.copy()
        swapped[:, place] = other[:, place]
        lines = np.repeat(some[None], LEVELS, axis=0)  # (levels, m, d)
        lines[:, :, place] = ((np.arange(LEVELS) + 0.5) / LEVELS)[:, None]
        rows += [swapped, lines.reshape(-1, base.shape[1])]
    units = np.concatenate(rows)
    return units if largest is None else np.column_stack([units, np.full(len(units), largest)])


def _out_of_bag(rows: np.ndarray, scores: np.ndarray) -> float:
    """R² on trials outside each tree's sample; NaN where some trial was in all of them."""
    if len(rows) < 8 or scores.var() == 0:
        return float("nan")
    forest = RandomForestRegressor(
        OUTSIDE, min_samples_leaf=2, random_state=0, n_jobs=1, oob_score=True, bootstrap=True
    ).fit(rows, scores)
    return float(forest.oob_score_)
