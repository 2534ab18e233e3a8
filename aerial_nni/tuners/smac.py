"""SMAC: expected improvement over a random forest. Method 4.

Hutter, Hoos & Leyton-Brown 2011, Sequential Model-Based Optimization for General Algorithm
Configuration; Lindauer et al. 2022, SMAC3. One suggestion:

1. With probability `random_share` the point is drawn at random (Hutter et al. 2011, sec. 4.3).
2. Losses are scaled to 0..1 and their logarithm is learnt by SMAC3's own random forest, whose
   leaves hold the logarithm of the mean (sec. 4.1). Trials that run enter with what it predicts.
3. The point has the largest expected improvement over the best predicted loss, found among
   random points and by walks from the best of them and from the best trials (sec. 4.3).

SMAC3's facade is not driven itself: it writes a folder, keeps its random state between
suggestions, so that a resumed search would not repeat, starts its walks in an order that changes
from process to process (that of a set of text), and takes about a second for the third step.
"""

import importlib.util
from typing import Any, Protocol

import numpy as np
from scipy.special import ndtr

from aerial_nni.config.errors import UserError
from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.trial import RANDOM
from aerial_nni.tuners.tuner import BadTuner, SpaceTuner

TREES = 10
"""And all else about the forest as SMAC3's facade for hyper-parameters has it."""
RANDOM_SHARE = 0.1
"""*differs:* 0.2 in SMAC3's facade, which leaves too few guided trials of some dozens."""
SPREAD = 4000
"""Random points that are judged."""
WALKS = 10
"""From as many of the best of these, and as many of the best trials."""
STEPS = 20
NEIGHBOURS = 32
"""Points around a walk's place that are judged in a step."""
NEAREST, FURTHEST = 0.005, 0.2
"""Between these lies the standard deviation of a neighbour's distance."""


MISSING = "the method smac needs SMAC3; type: python -m pip install 'smac>=2.4,<3'"


class TunerUnavailable(UserError, ImportError):
    """A library that a method needs cannot be imported; the message says what to type."""


class Forest(Protocol):
    """What is used of SMAC3's forest: means and variances over its trees, shape (n, 1) each."""

    def predict_marginalized(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """At points (n, d)."""


class SMACTuner(SpaceTuner):
    """Sequential model-based algorithm configuration.

    Args:
        optimize_mode: "maximize" or "minimize" the reported result.
        seed: of all random choices.
        random_share: how often a suggestion is drawn at random, 0 to 1.
        rest: `startup` and `trials`, as every tuner takes them.

    Raises:
        BadTuner: an argument cannot be used.
        TunerUnavailable: SMAC3 is not there.
    """

    def __init__(
        self,
        optimize_mode: str = "maximize",
        seed: int = 0,
        *,
        random_share: float = RANDOM_SHARE,
        **rest: Any,
    ) -> None:
        super().__init__(optimize_mode, seed, **rest)
        if not 0 <= random_share <= 1:
            raise BadTuner(f"random_share={random_share} is not from 0 to 1; give {RANDOM_SHARE}")
        if importlib.util.find_spec("smac") is None:
            raise TunerUnavailable(MISSING)
        self.random_share = random_share

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """The point of largest expected improvement, shape (d,), or now and then a random one."""
        units, losses = self.observed()
        if generator.random() < self.random_share:
            self.origin = RANDOM
            return generator.random(len(self.space.parameters))
        seed = int(generator.integers(2**31))
        targets, pending = log_scaled(losses), self.pending()
        forest = grow(units, targets, seed=seed)
        if len(pending):
            believed = forest.predict_marginalized(pending)[0][:, 0]
            units, targets = np.vstack([units, pending]), np.concatenate([targets, believed])
            forest = grow(units, targets, seed=seed)
        return _most_promising(forest, Coordinates.of(self.space), units, generator)


def log_scaled(losses: np.ndarray) -> np.ndarray:
    """Logarithms of losses (n,) scaled to 0..1, so that differences among good ones count.

    As in SMAC3, 0 is as far below the least loss as the fifth percentile is above it.
    """
    least, most = losses.min(), losses.max()
    floor = 2 * least - np.percentile(losses, 5)
    if most == floor:
        return np.zeros(len(losses))
    scaled: np.ndarray = np.log(np.maximum((losses - floor) / (most - floor), 1e-10))
    return scaled


def expected_improvement(forest: Forest, points: np.ndarray, best: float) -> np.ndarray:
    """How much less than exp(`best`) is expected at points (n, d), shape (n,).

    Hutter et al. 2009, An experimental investigation of model-based parameter optimisation: SPO
    and beyond, sec. 5.2: the loss is log-normal with the mean and variance over the trees.
    """
    mean, variance = (values[:, 0] for values in forest.predict_marginalized(points))
    deviation = np.sqrt(variance)
    v = (best - mean) / deviation
    expected = np.exp(best) * ndtr(v)
    expected -= np.exp(variance / 2 + mean) * ndtr(v - deviation)
    improvement: np.ndarray = np.maximum(expected, 0.0)
    return improvement


def _most_promising(
    forest: Forest, coordinates: Coordinates, units: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """The point (d,) of largest expected improvement that is none of the trials' (n, d)."""
    predicted = forest.predict_marginalized(units)[0][:, 0]
    best = float(predicted.min())
    spread = coordinates.snap(generator.random((SPREAD, len(coordinates))))
    judged, values = [spread], [expected_improvement(forest, spread, best)]
    starts = [spread[_falling(values[0], generator)[:WALKS]]]
    starts.append(units[_falling(-predicted, generator)[:WALKS]])
    places = np.vstack(starts)
    heights = expected_improvement(forest, places, best)
    for _ in range(STEPS):
        near = coordinates.snap(_neighbours(places, coordinates, generator))
        there = expected_improvement(forest, near, best)
        judged.append(near)
        values.append(there)
        highest = there.reshape(len(places), NEIGHBOURS).argmax(axis=1)
        rows = np.arange(len(places)) * NEIGHBOURS + highest
        onward = there[rows] >= heights  # also along a plateau, of which a forest has many
        places = np.where(onward[:, None], near[rows], places)
        heights = np.where(onward, there[rows], heights)
    points = np.vstack(judged)
    tried = {_key(unit) for unit in units}
    order = _falling(np.concatenate(values), generator)
    return next((points[i] for i in order if _key(points[i]) not in tried), points[order[0]])


def _neighbours(
    places: np.ndarray, coordinates: Coordinates, generator: np.random.Generator
) -> np.ndarray:
    """`NEIGHBOURS` points that differ from each place (p, d) in one coordinate, one after another.

    A number moves a little, a category is drawn anew. Shape (p * NEIGHBOURS, d).
    """
    points = np.repeat(places, NEIGHBOURS, axis=0)
    rows = np.arange(len(points))
    columns = generator.integers(len(coordinates), size=len(points))
    reach = np.exp(generator.uniform(np.log(NEAREST), np.log(FURTHEST), size=len(points)))
    moved = np.clip(points[rows, columns] + reach * generator.normal(size=len(points)), 0, 1)
    anew = generator.random(len(points))
    points[rows, columns] = np.where(coordinates.categorical[columns], anew, moved)
    return points


def _falling(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Indices (n,) from the largest value to the least, those of equal ones in random order."""
    return np.lexsort((generator.random(len(values)), -values))


def _key(point: np.ndarray) -> bytes:
    return np.round(point, 9).tobytes()


def grow(units: np.ndarray, targets: np.ndarray, *, seed: int) -> Forest:
    """SMAC3's forest, fitted to points (n, d) and targets (n,)."""
    try:  # here, since it takes a second that the first trial need not wait for
        from ConfigSpace import ConfigurationSpace
        from smac.model.random_forest.random_forest import RandomForest
    except ImportError as error:
        raise TunerUnavailable(f"{MISSING} (importing it: {error})") from error
    space = ConfigurationSpace({str(j): (0.0, 1.0) for j in range(units.shape[1])})
    forest = RandomForest(
        space,
        n_trees=TREES,
        ratio_features=1.0,
        min_samples_split=2,
        min_samples_leaf=1,
        log_y=True,
        # SMAC3's 2**20 grows the same trees, but reserves 150 MB and half a second for each.
        max_leaf_nodes=len(units) + 1,
        n_jobs=1,
        seed=seed,
    )
    forest.train(units, targets[:, None])
    return forest
