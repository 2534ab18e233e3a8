"""Method 4, SMAC: what its forest says of the parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.chapter import Chapter
from aerial_nni.recipes.hpo.report.methods.plane import Surface, plot_plane
from aerial_nni.recipes.hpo.report.methods.slices import POINTS, band, band_handles
from aerial_nni.reporting.search.axes import grid_of, parameter_axis
from aerial_nni.reporting.search.marks import mark
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.style import INK, legend_below, new_figure, styled

PANELS = 4
"""Parameters shown, the most important ones."""
BACKGROUND = 300
"""Random configurations over which a marginal prediction is the mean."""


@dataclass(frozen=True)
class Scored:
    """The tuner's forest, with what it predicts turned back into mean IoU."""

    forest: Any
    """Of logarithms of scaled losses, see `tuners.smac`."""
    scaled: np.ndarray
    """The losses that it was fitted to, scaled, rising: shape (n,)."""
    scores: np.ndarray
    """The same as mean IoU."""
    best: float
    """The least logarithm that it predicts at the trials."""

    def predict(self, points: np.ndarray, *, deviations: float = 0.0) -> np.ndarray:
        """Mean IoU at points (m, d), shape (m,), so many deviations over the trees higher."""
        mean, variance = (v[:, 0] for v in self.forest.predict_marginalized(points))
        scores: np.ndarray = np.interp(
            np.exp(mean - deviations * np.sqrt(variance)), self.scaled, self.scores
        )
        return scores

    def improvement(self, points: np.ndarray) -> np.ndarray:
        """The tuner's own criterion at points (m, d), shape (m,)."""
        from aerial_nni.tuners.smac import expected_improvement  # here, as it imports nni

        return expected_improvement(self.forest, points, self.best)


def grown(tuner: Any) -> Scored:
    """The tuner's forest given all trials."""
    from aerial_nni.tuners.smac import grow, log_scaled  # here, as it imports nni

    units, losses = tuner.observed()
    targets = log_scaled(losses)
    forest = grow(units, targets, seed=0)
    order = np.argsort(losses)
    best = float(forest.predict_marginalized(units)[0].min())
    return Scored(forest, np.exp(targets[order]), -losses[order], best)


@dataclass(frozen=True)
class Marginal:
    """The mean prediction along one parameter, and two deviations around it; each (m,)."""

    column: int
    ticks: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def marginals_info(search: Search, model: Scored) -> list[Marginal]:
    """Predicted mean IoU along single parameters, over random values of all the others."""
    found = []
    for column in search.importance.order[:PANELS]:
        ticks = grid_of(search.space.parameters[column], POINTS)
        mean, low, high = (marginal(search, model, column, ticks, d) for d in (0.0, -2.0, 2.0))
        found.append(Marginal(column, ticks, mean, low, high))
    return found


@styled
def plot_marginals(search: Search, marginals: Sequence[Marginal]) -> Figure:
    """A panel for each parameter, with the places of the trials."""
    across = min(2, len(marginals))
    rows = -(-len(marginals) // across)
    figure = new_figure(2.5 * rows + 0.6)
    grid = figure.subplots(rows, across, squeeze=False, sharey=True)
    for axes in grid.flat[len(marginals) :]:
        axes.set_axis_off()
    for axes, found in zip(grid.flat, marginals, strict=False):
        band(axes, found.ticks, found.mean, found.low, found.high)
        places = search.units[:, found.column]
        axes.plot(places, np.full(len(places), 0.03), "|", color=INK, markersize=8,
                  transform=axes.get_xaxis_transform())  # fmt: skip
        axes.set_title(search.space.parameters[found.column].name)
        parameter_axis(axes, search.space.parameters[found.column])
    for axes in grid[:, 0]:
        axes.set_ylabel("predicted mean IoU")
    legend_below(figure, [
        *band_handles("mean of the trees", "± 2 deviations over the trees"),
        mark("trials", "|", INK, size=8),
    ])  # fmt: skip
    return figure


def marginal(
    search: Search, model: Scored, column: int, ticks: np.ndarray, deviations: float
) -> np.ndarray:
    """The mean prediction at ticks (m,) of one coordinate, shape (m,)."""
    background = np.random.default_rng(0).random((BACKGROUND, len(search.space.parameters)))
    background = np.array([search.space.snap(point) for point in background])
    points = np.repeat(background[None], len(ticks), axis=0)  # (m, background, d)
    points[:, :, column] = ticks[:, None]
    predicted = model.predict(points.reshape(-1, points.shape[2]), deviations=deviations)
    means: np.ndarray = predicted.reshape(len(ticks), BACKGROUND).mean(axis=1)
    return means


class SMACChapter(Chapter):
    """The tuner's own forest, fitted to all trials of the search."""

    template = "smac"
    background = BACKGROUND

    def __init__(self, search: Search) -> None:
        from aerial_nni.tuners.smac import RANDOM_SHARE, TREES  # here, as it imports nni

        super().__init__(search)
        self.trees = TREES
        self.random_share = search.method["class_args"].get("random_share", RANDOM_SHARE)

    @cached_property
    def model(self) -> Scored | None:
        """The forest given all trials; None where SMAC3 is not installed."""
        try:
            return grown(self.tuner)
        except ImportError:
            return None

    def draw(self) -> dict[str, Figure]:
        """Marginal predictions, and surfaces of mean and improvement."""
        if self.model is None:
            return {}
        figures = {
            "method-marginals": plot_marginals(self.search, marginals_info(self.search, self.model))
        }
        if len(self.search.space.parameters) > 1:
            figures["method-surface"] = plot_plane(self.search, self._surfaces(self.model))
        return figures

    def _surfaces(self, model: Scored) -> list[Surface]:
        return [
            Surface(
                title="What the forest expects",
                label="predicted mean IoU",
                values=model.predict,
            ),
            Surface(
                title="Where trying is worth it",
                label="expected improvement of the scaled loss (log scale)",
                values=model.improvement,
                colours="magma",
                decades=3,
                peak="highest expected improvement here",
            ),
        ]
