"""The two densities of tree-structured Parzen estimators, shared by TPE and BOHB.

    >>> ratio = fit(space, units, losses, share=0.15, pending=running)
    >>> ratio.good.marginal(0, np.linspace(0, 1, 101))      # a curve to draw
    >>> ratio.log(points).argmax()                          # where l(x) / g(x) is highest

Bergstra et al. 2011 model p(x | loss) by l(x) where the loss is among the best and by g(x) where it
is not; the expected improvement is highest where l(x) / g(x) is (sec. 4.1). Each density is a
mixture of one product kernel per observation (Falkner et al. 2018, sec. 3.2; Watanabe 2023, eq. 5)
and of a uniform part of the weight of one, for what nobody has tried yet.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, ndtr, ndtri

from aerial_nni.tuners.parameter import Parameter
from aerial_nni.tuners.space import Space

CELLS = 64
"""A number with more values than this is treated as if it had all of them."""

NARROWEST = 0.05
"""The least width of a number's kernel: points that lie close together say little of what is
between them. Chosen by 40 trials on ten functions of two to six parameters."""

TINY = 1e-300
"""Added to densities of which the logarithm is taken."""


class Density:
    """A mixture of product kernels over the unit cube and a uniform part.

    A number's kernel is a normal distribution cut off at 0 and 1; where it has few values, each has
    the probability of its cell. A category keeps 1 - `mixing` for itself and shares the rest with
    all (Aitchison & Aitken 1976, eq. 7).

    Args:
        space: says what kind each coordinate is.
        centres: the observations, shape (n, d) in the unit cube.
        widths: standard deviation of each kernel in each coordinate, shape (n, d).
        mixing: probability, 0 to 1, that a category is drawn like any other.
    """

    def __init__(
        self, space: Space, centres: np.ndarray, *, widths: np.ndarray, mixing: float
    ) -> None:
        self.space, self.centres, self.widths, self.mixing = space, centres, widths, mixing
        self.weights = np.full(len(centres) + 1, 1 / (len(centres) + 1))

    def log(self, points: np.ndarray) -> np.ndarray:
        """The logarithm of the density at points (m, d), shape (m,)."""
        kernels = np.zeros((len(points), len(self.weights)))
        for index in range(len(self.space.parameters)):
            kernels += np.log(self._kernels(index, points[:, index]) + TINY)
        return np.asarray(logsumexp(kernels, b=self.weights, axis=1))

    def marginal(self, index: int, units: np.ndarray) -> np.ndarray:
        """The density of coordinate `index` alone at `units` (m,), shape (m,).

        Of a category, and of a number with few values, it is the probability of the value there.
        """
        return np.asarray(self._kernels(index, units) @ self.weights)

    def sample(
        self, count: int, generator: np.random.Generator, *, wider: float = 1.0
    ) -> np.ndarray:
        """Points (count, d) drawn from the density, of kernels that are `wider` by a factor."""
        chosen = generator.choice(len(self.weights), size=count, p=self.weights)
        draws = generator.random((count, len(self.space.parameters)))
        near = np.flatnonzero(chosen < len(self.centres))  # the others are the uniform part's
        for index in range(len(self.space.parameters)):
            draws[near, index] = self._around(index, chosen[near], draws[near, index], wider)
        return draws

    def _around(
        self, index: int, rows: np.ndarray, uniform: np.ndarray, wider: float
    ) -> np.ndarray:
        """Draws (m,) from the kernels `rows` (m,) of one coordinate, made from uniform draws."""
        centres, widths = self.centres[rows, index], self.widths[rows, index] * wider
        if self.space.parameters[index].kind == "categorical":
            mixing = min(1.0, self.mixing * wider)
            return np.where(uniform < mixing, uniform / mixing, centres)
        low, high = ndtr(-centres / widths), ndtr((1 - centres) / widths)
        points: np.ndarray = np.clip(centres + widths * ndtri(low + uniform * (high - low)), 0, 1)
        return points

    def _kernels(self, index: int, units: np.ndarray) -> np.ndarray:
        """Every component's density of one coordinate, shape (m, n + 1), the uniform part last."""
        parameter = self.space.parameters[index]
        centres, widths = self.centres[:, index], self.widths[:, index]
        levels = parameter.levels or 0
        if parameter.kind == "categorical":
            same = np.floor(units[:, None] * levels) == np.floor(centres * levels)
            values = self.mixing / levels + (1 - self.mixing) * same
            return _with_uniform(values, np.full(len(units), 1 / levels))
        inside = ndtr((1 - centres) / widths) - ndtr(-centres / widths)
        if 0 < levels <= CELLS:
            edges = cell_edges(parameter)
            cells = np.clip(np.searchsorted(edges, units, side="right") - 1, 0, len(edges) - 2)
            mass = np.diff(ndtr((edges[:, None] - centres) / widths), axis=0) / inside
            return _with_uniform(mass[cells], np.diff(edges)[cells])
        squares = ((units[:, None] - centres) / widths) ** 2
        values = np.exp(-squares / 2) / (np.sqrt(2 * np.pi) * widths * inside)
        return _with_uniform(values, np.ones(len(units)))


@dataclass(frozen=True)
class Ratio:
    """Where good trials are denser than bad ones."""

    good: Density
    bad: Density

    def log(self, points: np.ndarray) -> np.ndarray:
        """The logarithm of l(x) / g(x) at points (m, d), shape (m,)."""
        ratio: np.ndarray = self.good.log(points) - self.bad.log(points)
        return ratio

    def best_of(
        self, count: int, generator: np.random.Generator, *, wider: float = 1.0
    ) -> np.ndarray:
        """The point (d,) of `count` draws from l(x) at which the ratio is highest.

        The kernels are `wider` by a factor while drawing (Falkner et al. 2018, sec. 4.1).
        """
        space = self.good.space
        drawn = self.good.sample(count, generator, wider=wider)
        draws = np.array([space.snap(point) for point in drawn])
        return np.asarray(draws[self.log(draws).argmax()])


def fit(
    space: Space, units: np.ndarray, losses: np.ndarray, *, share: float, pending: np.ndarray
) -> Ratio:
    """The densities of the points with the least losses, and of all other ones.

    Points whose loss is the worst of several, failed ones among them, are never good. Trials that
    run count as bad ones, so that others keep away from them.

    Args:
        space: the parameters of the coordinates.
        units: observed points, shape (n, d), n >= 1.
        losses: shape (n,).
        share: of the observed points that are good, rounded up.
        pending: points of trials that run, shape (p, d).
    """
    order = np.argsort(losses, kind="stable")
    good = math.ceil(share * len(losses))
    count = max(1, min(good, int((losses < losses.max()).sum())))
    bad = np.vstack([units[order[count:]], pending])
    return Ratio(parzen(space, units[order[:count]]), parzen(space, bad))


def parzen(space: Space, centres: np.ndarray) -> Density:
    """The density of points (n, d): kernels reach as far as the farther neighbour.

    Bergstra et al. 2011, sec. 4.2: the width in each coordinate is the larger distance to the
    neighbours on both sides. *differs:* the least width is the same for few and for many points;
    theirs, one over their number, keeps a handful of good points from being told apart.
    """
    count, dimensions = centres.shape
    widths = np.ones((count, dimensions))
    for index in range(dimensions if count else 0):
        widths[:, index] = _reach(centres[:, index])
    return Density(space, centres, widths=np.maximum(widths, NARROWEST), mixing=1 / (count + 1))


def _reach(values: np.ndarray) -> np.ndarray:
    """The larger distance of each value (n,) to its neighbours, of the outer ones to the next."""
    order = np.argsort(values, kind="stable")
    gaps = np.diff(values[order], prepend=0.0, append=1.0)
    if len(values) > 1:
        gaps[0], gaps[-1] = gaps[1], gaps[-2]
    reach = np.empty(len(values))
    reach[order] = np.maximum(gaps[:-1], gaps[1:])
    return reach


def cell_edges(parameter: Parameter) -> np.ndarray:
    """Where the cells of a number's `levels` values meet in the unit interval: (levels + 1,)."""
    units = np.array([parameter.unit(level) for level in range(parameter.levels or 1)])
    return np.concatenate([[0.0], (units[1:] + units[:-1]) / 2, [1.0]])


def _with_uniform(values: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    return np.hstack([values, uniform[:, None]])
