"""Initial design of a search, and replacements for configurations already tried."""

import math
from collections.abc import Iterator

import numpy as np

from aerial_nni.tuners.parameter import BOUNDED, Parameter, Place
from aerial_nni.tuners.space import Places, Space

FEWEST = 5
"""Start-up trials below which a model would be fitted to almost nothing."""
ENUMERATED = 20_000
"""Finite spaces up to this size are searched whole for an untried configuration."""
TRIES = 256
"""Draws around a tried configuration of a larger space."""


def startup_count(dimensions: int, budget: int | None) -> int:
    """Trials of the start-up design: twice the dimensions, at most a fifth of the budget.

    Never fewer than five, and never more than half of the budget: a ten-trial search whose first
    ten trials are random is a random search.
    """
    wanted = max(FEWEST, 2 * dimensions)
    if budget is None:
        return wanted
    return max(1, min(max(FEWEST, min(wanted, budget // 5)), budget // 2))


def latin_hypercube(count: int, dimensions: int, *, seed: int) -> np.ndarray:
    """Points (count, dimensions) in the unit cube, one in each `count`-th of every coordinate.

    McKay, Beckman & Conover 1979, sec. 2.
    """
    generator = np.random.default_rng([seed, count, dimensions])
    cells = [generator.permutation(count) for _ in range(dimensions)]
    return (np.stack(cells, axis=1) + generator.random((count, dimensions))) / count


def untried_near(
    space: Space, unit: np.ndarray, tried: set[Places], generator: np.random.Generator
) -> Places | None:
    """What is at `unit` or, where it was tried, something untried near it; None: nothing is left.

    A small finite space is searched whole. In another one points are drawn ever further away;
    where all of them were tried, what comes first in the order of the levels is taken.
    """
    places = space.at(unit)
    if places not in tried:
        return places
    if space.size is not None and space.size <= ENUMERATED:
        return _nearest_untried(space, unit, tried)
    for attempt in range(TRIES):
        reach = 0.02 * 50 ** (attempt / TRIES)  # from 2 % of the range to all of it
        point = unit + reach * generator.normal(size=len(unit))
        places = space.at(np.abs((point + 1) % 2 - 1) if attempt % 2 else np.clip(point, 0, 1))
        if places not in tried:
            return places
    return next((places for places in in_order(space) if places not in tried), None)


def in_order(space: Space, *, cuts: int = 0, first: int = 0) -> Iterator[Places]:
    """Every configuration of a space in the order of its levels, the last parameter's fastest.

    A continuum is cut into `cuts` values, its ends among them where it has ends.

    Args:
        space: of the configurations.
        cuts: values of a continuum; 0: a space with one has no configurations to go through.
        first: how many configurations are left out at the beginning.
    """
    counts = [parameter.levels or cuts for parameter in space.parameters]
    for number in range(first, math.prod(counts)):
        places: list[Place] = []
        for parameter, count in zip(reversed(space.parameters), reversed(counts), strict=True):
            number, level = divmod(number, count)
            places.append(level if parameter.levels else parameter.at(_cut(parameter, level, cuts)))
        yield tuple(reversed(places))


def _cut(parameter: Parameter, number: int, cuts: int) -> float:
    """Where one of the cuts of a continuum lies, 0 to 1."""
    ends = parameter.type in BOUNDED and cuts > 1
    return number / (cuts - 1) if ends else (number + 0.5) / cuts


def _nearest_untried(space: Space, unit: np.ndarray, tried: set[Places]) -> Places | None:
    """The untried configuration of a finite space whose point is nearest."""
    left = [places for places in in_order(space) if places not in tried]
    if not left:
        return None
    columns = [
        np.array([parameter.unit(level) for level in range(parameter.levels or 0)])
        for parameter in space.parameters
    ]
    levels = np.array(left, dtype=int)  # (n, d)
    points = np.stack([column[levels[:, j]] for j, column in enumerate(columns)], axis=1)
    return left[int(((points - unit) ** 2).sum(axis=1).argmin())]
