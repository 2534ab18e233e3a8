"""Where a search begins, and what it tries in place of a configuration that was tried before."""

import itertools

import numpy as np

from aerial_nni.tuners.space import Config, Space
from aerial_nni.tuners.trial import key

FEWEST = 5
"""Start-up trials below which a model would be fitted to almost nothing."""
ENUMERATED = 20_000
"""Finite spaces up to this size are searched whole for an untried configuration."""
TRIES = 256
"""Draws around a tried configuration of a larger space before it counts as exhausted."""


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
    space: Space, unit: np.ndarray, tried: set[str], generator: np.random.Generator
) -> Config | None:
    """The configuration at `unit` or, where it was tried, an untried one near; None: none is left.

    A small finite space is enumerated; in a large one points are drawn ever further away.
    """
    config = space.decode(unit)
    if key(config) not in tried:
        return config
    if space.size is not None and space.size <= ENUMERATED:
        return _nearest_untried(space, unit, tried)
    for attempt in range(TRIES):
        reach = 0.02 * 50 ** (attempt / TRIES)  # from 2 % of the range to all of it
        point = unit + reach * generator.normal(size=len(unit))
        config = space.decode(np.abs((point + 1) % 2 - 1) if attempt % 2 else np.clip(point, 0, 1))
        if key(config) not in tried:
            return config
    return None


def _nearest_untried(space: Space, unit: np.ndarray, tried: set[str]) -> Config | None:
    middles = [
        [(level + 0.5) / count for level in range(count)]
        if parameter.values or parameter.type == "randint"
        else sorted({parameter.snap(u) for u in np.linspace(0, 1, 8 * count)})
        for parameter in space.parameters
        for count in [parameter.levels or 1]
    ]
    best: Config | None = None
    nearest = np.inf
    for point in itertools.product(*middles):
        distance = float(((np.array(point) - unit) ** 2).sum())
        if distance < nearest:
            config = space.decode(point)
            if key(config) not in tried:
                best, nearest = config, distance
    return best
