"""What a model says along single parameters, the others held at the best trial's values."""

from collections.abc import Callable

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


@styled
def plot_slices(
    search: Search, model: Model, improvement: Callable[[np.ndarray], np.ndarray]
) -> Figure:
    """Mean and deviation along the most important parameters; under it the improvement."""
    columns = search.importance.order[:COLUMNS]
    figure = new_figure(4.9)
    grid = figure.subplots(2, len(columns), squeeze=False, sharey="row", sharex="col",
                           height_ratios=(2, 1))  # fmt: skip
    for place, column in enumerate(columns):
        parameter = search.space.parameters[column]
        points = line_through_best(search, column)
        loss, deviation = model.predict(points)
        band(grid[0, place], points[:, column], -loss, -loss - 2 * deviation, -loss + 2 * deviation)
        scatter(grid[0, place], search, spread(search, column), search.scores)
        grid[0, place].set_title(parameter.name)
        _under(grid[1, place], points[:, column], improvement(points))
        parameter_axis(grid[1, place], parameter)
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
