"""Regularised evolution: the best of a few drawn from a population whose oldest die. Method 3.

Real, Aggarwal, Huang & Le 2019, Regularized Evolution for Image Classifier Architecture Search,
algorithm 1: the population is the last P trials; S of them are drawn, the best of these is the
parent, its mutated child is tried next and pushes the oldest out.

The paper's P = 100 and S = 25 were made for 20,000 trials; here P is half of the budget until it
is 100, and S as many as P until it is 25: few trials leave no time for a gentle selection.
*differs:* the paper changes one operation of an architecture; here each parameter changes with
probability 1/d, and one at least. A number moves by a normal deviate whose scale is itself drawn,
from fine to coarse; a category becomes another one. Trials that failed have no children.

A child's `origin` is the number of its parent among the tuner's trials, from 1.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from aerial_nni.tuners.encoding import Coordinates
from aerial_nni.tuners.trial import RANDOM, Trial
from aerial_nni.tuners.tuner import BadTuner, SpaceTuner

FINEST, COARSEST = 0.05, 0.4
"""Between these lies the standard deviation of a mutation, as a part of the range."""
PAPERS_POPULATION, PAPERS_SAMPLE = 100, 25
TRIES = 8
"""Mutations of a parent before a child is taken that was tried already."""
UNKNOWN = 20
"""Population where the budget is not known."""


@dataclass(frozen=True)
class Mutation:
    """What happens to a parent, whichever it is."""

    changes: np.ndarray
    """Shape (d,), bool: the coordinates that change."""
    steps: np.ndarray
    """Shape (d,): how far a number moves."""
    turns: np.ndarray
    """Shape (d,), 0 to 1: which other category is taken."""

    @classmethod
    def drawn(cls, dimensions: int, generator: np.random.Generator) -> "Mutation":
        """A mutation by the first draws of `generator`."""
        changes = generator.random(dimensions) < 1 / dimensions
        changes[generator.integers(dimensions)] |= not changes.any()
        scale = math.exp(generator.uniform(math.log(FINEST), math.log(COARSEST)))
        steps = scale * generator.normal(size=dimensions)
        return cls(changes, steps, generator.random(dimensions))

    def of(self, parents: np.ndarray, coordinates: Coordinates) -> np.ndarray:
        """The children of points (n, d), shape (n, d); each differs from its parent."""
        moved = _mirrored(parents + self.steps)
        for j, grid in enumerate(coordinates.grids):
            if grid is None or len(grid) == 1:
                continue
            old = np.abs(parents[:, j, None] - grid).argmin(axis=1)
            if coordinates.categorical[j]:
                new = (old + 1 + int(self.turns[j] * (len(grid) - 1))) % len(grid)
            else:
                new = np.abs(moved[:, j, None] - grid).argmin(axis=1)
                one = 1 if self.steps[j] > 0 else -1
                one_on = np.where((old + one < 0) | (old + one >= len(grid)), old - one, old + one)
                new = np.where(new == old, one_on, new)
            moved[:, j] = grid[new]
        return np.where(self.changes, moved, parents)


class EvolutionTuner(SpaceTuner):
    """Aging evolution with tournaments.

    Args:
        optimize_mode: "maximize" or "minimize" the reported result.
        seed: of all random choices.
        population: trials that may have children, P; None: half of the budget, 5 to 100.
        sample: trials drawn for a tournament, S; None: as many as the population, at most 25.
        rest: `startup` and `trials`, as every tuner takes them.

    Raises:
        BadTuner: an argument cannot be used.
    """

    def __init__(
        self,
        optimize_mode: str = "maximize",
        seed: int = 0,
        *,
        population: int | None = None,
        sample: int | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(optimize_mode, seed, **rest)
        for name, count in (("population", population), ("sample", sample)):
            if count is not None and count < 1:
                raise BadTuner(f"{name}={count} is below 1; give 1 or more, or leave it out")
        self._population = population
        self._sample = sample

    @property
    def population(self) -> int:
        """Trials that may have children."""
        if self._population is not None:
            return self._population
        return min(max(5, (self.budget or 2 * UNKNOWN) // 2), PAPERS_POPULATION)

    @property
    def sample(self) -> int:
        """Trials of a tournament."""
        return self._sample or min(self.population, PAPERS_SAMPLE)

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """The child, shape (d,), of the best of some trials of the population."""
        coordinates = Coordinates.of(self.space)
        mutations = _mutations(len(coordinates), generator)
        parent = self.choose(generator)
        if parent is None:
            self.origin = RANDOM
            return generator.random(len(coordinates))
        number = 1 + next(i for i, trial in enumerate(self.trials) if trial is parent)
        self.origin = f"mutation of trial {number}"
        children = [mutation.of(parent.unit[None], coordinates)[0] for mutation in mutations]
        tried = self.trials.tried()
        new = (child for child in children if self.space.at(child) not in tried)
        return next(new, children[0])

    def choose(self, generator: np.random.Generator) -> Trial | None:
        """The winner of a tournament among the living; None where every trial has failed."""
        living = [trial for trial in self.trials if trial.loss is not None][-self.population :]
        if not living:
            return None
        drawn = generator.integers(len(living), size=self.sample)
        best: Trial | None = min(
            (living[place] for place in drawn), key=lambda trial: trial.loss or 0.0
        )
        return best


def _mutations(dimensions: int, generator: np.random.Generator) -> list[Mutation]:
    """By the first draws of a generator; the second counts where the first one's child is known."""
    return [Mutation.drawn(dimensions, generator) for _ in range(TRIES)]


def _mirrored(units: np.ndarray) -> np.ndarray:
    """Coordinates that left the cube, mirrored back at its walls."""
    mirrored: np.ndarray = 1 - np.abs(1 - np.abs(units) % 2)
    return mirrored
