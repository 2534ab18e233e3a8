"""A random forest as SMAC fits it, for the pictures: mean and spread over its trees."""

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

TREES = 10
"""As many as in SMAC3's facade for hyper-parameters."""


@dataclass(frozen=True)
class Forest:
    """Trees fitted to logarithms of scaled losses; losses come out again."""

    trees: list[DecisionTreeRegressor]
    floor: float
    """The loss whose scaled value is 0."""
    span: float
    """Losses from the scaled value 0 to 1."""

    def each(self, points: np.ndarray) -> np.ndarray:
        """The loss that each tree predicts at points (m, d), shape (trees, m)."""
        return self.floor + self.span * np.exp(self.logs(points))

    def logs(self, points: np.ndarray) -> np.ndarray:
        """The logarithm of the scaled loss that each tree predicts, shape (trees, m)."""
        return np.stack([tree.predict(points) for tree in self.trees])

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean loss and its deviation over the trees at points (m, d), both (m,)."""
        losses = self.each(points)
        return losses.mean(axis=0), losses.std(axis=0)

    def predict_marginalized(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of the logarithm, shape (m, 1) each: what SMAC's criterion asks for."""
        logs = self.logs(X)
        variance = np.maximum(logs.var(axis=0), 1e-12)
        return logs.mean(axis=0)[:, None], variance[:, None]


def grow(units: np.ndarray, losses: np.ndarray) -> Forest:
    """The forest of losses (n,) at units (n, d): each tree sees the trials drawn anew."""
    from aerial_nni.tuners.smac import log_scaled  # here, as it imports nni

    targets = log_scaled(losses)
    least, most = float(losses.min()), float(losses.max())
    lowest = float(np.exp(targets.min()))  # of the least loss; the largest one is at 1
    floor = (least - lowest * most) / (1 - lowest) if lowest < 1 else least - 1e-6
    model = RandomForestRegressor(TREES, random_state=0, n_jobs=1).fit(units, targets)
    return Forest(list(model.estimators_), floor, most - floor)
