"""What a model says along single parameters, the others held at the best trial's values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aerial_nni.reporting.search.axes import grid_of, parameter_axis
from aerial_nni.reporting.search.marks import best_place, focus, handles, scatter, spread
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.style import BLUE, GREEN, legend_below, new_figure, styled
from aerial_nni.tuners.acquisition import Model

POINTS = 121
COLUMNS = 3
"""Parameters shown, the most important ones."""


@dataclass(frozen=True)
class Slice:
    """What a model says along one parameter, at m points through the best trial; each (m,)."""

    column: int
    places: np.ndarray
    """On the parameter's unit axis."""
    mean: np.ndarray
    """Predicted mean IoU."""
    deviation: np.ndarray
    improvement: np.ndarray
    """Expected, of the mean IoU."""


def slices_info(
    search: Search, model: Model, improvement: Callable[[np.ndarray], np.ndarray]
) -> list[Slice]:
    """Mean, deviation and improvement along the most important parameters."""
    found = []
    for column in search.importance.order[:COLUMNS]:
        points = line_through_best(search, column)
        loss, deviation = model.predict(points)
        found.append(Slice(column, points[:, column], -loss, deviation, improvement(points)))
    return found


@styled
def plot_slices(search: Search, slices: Sequence[Slice]) -> Figure:
    """Above the prediction along each parameter with the trials; under it the improvement."""
    figure = new_figure(4.9)
    grid = figure.subplots(2, len(slices), squeeze=False, sharey="row", sharex="col",
                           height_ratios=(2, 1))  # fmt: skip
    for (above, below), one in zip(grid.T, slices, strict=True):
        around = 2 * one.deviation
        band(above, one.places, one.mean, one.mean - around, one.mean + around)
        scatter(above, search, spread(search, one.column), search.scores)
        above.set_title(search.space.parameters[one.column].name)
        _under(below, one.places, one.improvement)
        parameter_axis(below, search.space.parameters[one.column])
    low, high = focus(search.scores)
    grid[0, 0].set_ylim(low - 0.35 * (high - low), high + 0.35 * (high - low))
    grid[0, 0].set_ylabel("mean IoU")
    grid[1, 0].set_ylabel("expected improvement")
    grid[1, 0].set_ylim(bottom=0)
    legend_below(figure, [*band_handles("predicted mean", "mean ± 2 deviations"), *handles(search)])
    return figure


def line_through_best(search: Search, column: int) -> np.ndarray:
    """Points along one coordinate through the best trial, shape (m, d)."""
    ticks = grid_of(search.space.parameters[column], POINTS)
    points = np.repeat(search.units[best_place(search)][None], len(ticks), axis=0)
    points[:, column] = ticks
    return points


def band(
    axes: Axes, places: np.ndarray, mean: np.ndarray, low: np.ndarray, high: np.ndarray
) -> None:
    """A mean and its range along a parameter, as bars where it has single values; each (m,)."""
    if _few(places):
        axes.vlines(places, low, high, color=BLUE, linewidth=8, alpha=0.25)
        axes.plot(places, mean, "_", color=BLUE, markersize=16, markeredgewidth=2)
        return
    axes.fill_between(places, low, high, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(places, mean, color=BLUE)


def band_handles(mean: str, spread: str) -> list[Line2D | Patch]:
    """Legend entries of what `band` draws."""
    return [Line2D([], [], color=BLUE, label=mean), Patch(facecolor=BLUE, alpha=0.2, label=spread)]


def _few(places: np.ndarray) -> bool:
    """Whether there are single values to draw, not a line."""
    return len(places) < POINTS // 4


def _under(axes: Axes, places: np.ndarray, values: np.ndarray) -> None:
    if _few(places):
        width = 0.5 * float(np.diff(places).min()) if len(places) > 1 else 0.3
        axes.bar(places, values, width=width, color=GREEN)
        return
    axes.fill_between(places, values, color=GREEN, alpha=0.45, linewidth=0)
    axes.plot(places, values, color=GREEN, linewidth=1.2)
