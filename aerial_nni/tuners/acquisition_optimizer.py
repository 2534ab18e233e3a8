"""Maximise an acquisition function over a search space."""

import itertools
import math

import numpy as np
from scipy.optimize import minimize
from scipy.stats import qmc

from aerial_nni.tuners.acquisition import Acquisition
from aerial_nni.tuners.encoding import Coordinates

SPREAD = 1024
"""Candidates all over the space; a finite space of no more points is tried whole."""
LOCAL = 64
"""Candidates around each anchor."""
ROUNDS = 4
"""Of climbing and moving along the grids."""


def maximise(
    acquisition: Acquisition,
    coordinates: Coordinates,
    generator: np.random.Generator,
    *,
    anchors: np.ndarray,
    taken: np.ndarray,
    starts: int = 4,
) -> np.ndarray:
    """The best point found, shape (d,), snapped to the grids and not one of `taken`.

    Candidates are spread over the space (Sobol) and crowd around the anchors; from the best of
    each kind the continuous coordinates climb along the gradient and those with a grid move
    through their values, in turn.

    Args:
        acquisition: what is to be large.
        coordinates: of the space.
        generator: of the candidates.
        anchors: points (k, d) that are good already.
        taken: points (t, d) that are not asked for.
        starts: climbs from either kind of candidate.
    """
    known = {_key(point) for point in coordinates.snap(taken)}
    whole = every_point(coordinates)
    if whole is not None:
        values = _without(known, whole, acquisition.values(whole))
        highest_of_all: np.ndarray = whole[int(np.argmax(values))]
        return highest_of_all
    best: np.ndarray = anchors[0]
    highest = -math.inf
    for candidates in (
        (
            qmc.Sobol(len(coordinates), scramble=False).random(SPREAD)
            + generator.random(len(coordinates))
        )
        % 1,
        around(anchors, generator),
    ):
        points = coordinates.snap(candidates)
        values = _without(known, points, acquisition.values(points))
        for place in np.argsort(-values, kind="stable")[:starts]:
            point, value = _climb(
                acquisition, coordinates, points[place], float(values[place]), known
            )
            if value > highest:
                best, highest = point, value
    return best


def every_point(coordinates: Coordinates) -> np.ndarray | None:
    """All points of a finite space, (size, d); None where there are more than `SPREAD`."""
    grids = [grid for grid in coordinates.grids if grid is not None]
    if len(grids) < len(coordinates) or math.prod(map(len, grids)) > SPREAD:
        return None
    return np.array(list(itertools.product(*grids)))


def around(anchors: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """`LOCAL` points near each anchor (k, d), shape (k * LOCAL, d), from near to far.

    Each keeps some of the anchor's coordinates, at least one is moved.
    """
    points = np.repeat(anchors, LOCAL, axis=0)
    reach = np.tile(np.geomspace(1e-3, 0.5, LOCAL), len(anchors))[:, None]
    moved = generator.random(points.shape) < 0.5
    moved[np.arange(len(points)), generator.integers(points.shape[1], size=len(points))] = True
    shifted = points + moved * reach * generator.normal(size=points.shape)
    mirrored: np.ndarray = 1 - np.abs(1 - np.abs(shifted) % 2)  # mirrored at 0 and 1
    return mirrored


def _climb(
    acquisition: Acquisition,
    coordinates: Coordinates,
    point: np.ndarray,
    value: float,
    known: set[bytes],
) -> tuple[np.ndarray, float]:
    """The best point that climbing and moving reach from `point`, and its value."""
    gridded = [j for j, grid in enumerate(coordinates.grids) if grid is not None]
    for _ in range(ROUNDS if gridded else 1):
        before = value
        point, value = _along_gradient(acquisition, coordinates.free, point, value)
        for j in gridded:
            grid = coordinates.grids[j]
            assert grid is not None
            points = np.repeat(point[None, :], len(grid), axis=0)
            points[:, j] = grid
            values = _without(known, points, acquisition.values(points))
            if values.max() > value:
                point, value = points[int(np.argmax(values))], float(values.max())
        if value - before < 1e-4:
            break
    return point, value


def _along_gradient(
    acquisition: Acquisition, free: np.ndarray, point: np.ndarray, value: float
) -> tuple[np.ndarray, float]:
    """`point` with its continuous coordinates at a local maximum (L-BFGS-B)."""
    if not len(free):
        return point, value

    def descend(inner: np.ndarray) -> tuple[float, np.ndarray]:
        trial = point.copy()
        trial[free] = inner
        height, slope = acquisition.gradient(trial)
        return -height, -slope[free]

    found = minimize(
        descend,
        point[free],
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * len(free),
        options={"maxiter": 50},
    )
    if -found.fun <= value:
        return point, value
    climbed = point.copy()
    climbed[free] = np.clip(found.x, 0.0, 1.0)
    return climbed, -float(found.fun)


def _without(known: set[bytes], points: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (m,), those of points that are taken minus infinity."""
    return np.array(
        [-math.inf if _key(p) in known else v for p, v in zip(points, values, strict=True)]
    )


def _key(point: np.ndarray) -> bytes:
    return np.round(point, 9).tobytes()
