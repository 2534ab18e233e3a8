"""Encode points of the unit cube for a model: ordered coordinates, categories, grids."""

import math
from dataclasses import dataclass

import numpy as np

from aerial_nni.tuners.parameter import Parameter
from aerial_nni.tuners.space import Space

FINEST = 200
"""A grid of more values than this is as good as a continuum."""
APART = 0.5
"""Distance of two categories: with it the mean square over pairs of three is 1/6, as it is over
pairs of points of a continuous coordinate, so that one prior of length scales suits both."""


@dataclass(frozen=True)
class Coordinates:
    """What is known of each of d coordinates; points have the shape (n, d)."""

    categorical: np.ndarray
    """Shape (d,), bool: values without an order."""
    grids: tuple[np.ndarray | None, ...]
    """The places of the values of each coordinate, rising; None: any place from 0 to 1."""

    @classmethod
    def of(cls, space: Space) -> "Coordinates":
        """The coordinates of a search space."""
        categorical = [parameter.kind == "categorical" for parameter in space.parameters]
        return cls(np.array(categorical), tuple(_grid(p) for p in space.parameters))

    def __len__(self) -> int:
        return len(self.grids)

    @property
    def free(self) -> np.ndarray:
        """Indices of the coordinates without a grid."""
        return np.array([i for i, grid in enumerate(self.grids) if grid is None], dtype=int)

    def snap(self, units: np.ndarray) -> np.ndarray:
        """Points with each coordinate at the nearest place where a value is, shape (n, d)."""
        snapped: np.ndarray = np.clip(units, 0.0, 1.0)
        for column, grid in enumerate(self.grids):
            if grid is not None:
                between = (grid[1:] + grid[:-1]) / 2
                snapped[:, column] = grid[np.searchsorted(between, snapped[:, column])]
        return snapped

    def embed(self, units: np.ndarray) -> np.ndarray:
        """Points as numbers alone, shape (n, inputs): a category is a column for each value.

        Two categories are `APART`, as in `differences`.
        """
        columns = []
        for column, grid in enumerate(self.grids):
            values = units[:, column : column + 1]
            if self.categorical[column] and grid is not None:
                values = (np.abs(values - grid) < 0.5 / len(grid)) * APART / math.sqrt(2)
            columns.append(values)
        return np.hstack(columns)

    @property
    def sources(self) -> np.ndarray:
        """The coordinate that each column of `embed` comes from, shape (inputs,)."""
        widths = [
            len(grid) if categorical and grid is not None else 1
            for categorical, grid in zip(self.categorical, self.grids, strict=True)
        ]
        return np.repeat(np.arange(len(self)), widths)

    def differences(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Distances of (n, d) from (m, d) in each coordinate, shape (d, n, m).

        The difference where there is an order; 0 or `APART` between categories.
        """
        apart: np.ndarray = left.T[:, :, None] - right.T[:, None, :]
        apart[self.categorical] = APART * (np.abs(apart[self.categorical]) > 1e-9)
        return apart


def _grid(parameter: Parameter) -> np.ndarray | None:
    """Places of a parameter's values, shape (levels,); None where there are too many."""
    levels = parameter.levels
    if levels is None or (levels > FINEST and not parameter.values):
        return None
    return np.array([parameter.unit(level) for level in range(levels)])
