"""What a model says along single parameters, the others held at the best trial's values."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aerial_nni.reports.hpo.axes import grid_of, parameter_axis
from aerial_nni.reports.hpo.marks import best_place, focus, handles, scatter
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.style import BLUE, GREEN, legend_below, new_figure, styled

POINTS = 121
COLUMNS = 3
"""Parameters shown, the most important ones."""

Prediction = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Points (m, d) -> predicted mean IoU and its deviation, both (m,)."""


@styled
def draw_slices(
    search: Search,
    predict: Prediction,
    *,
    below: Callable[[np.ndarray], np.ndarray] | None = None,
    label: str = "",
    band: str = "mean ± 2 deviations",
) -> Figure:
    """Mean and deviation along the most important parameters; under it what `below` says."""
    columns = search.importance.order[:COLUMNS]
    figure = new_figure(4.9 if below else 3.4)
    rows = 2 if below else 1
    grid = figure.subplots(rows, len(columns), squeeze=False, sharey="row", sharex="col",
                           height_ratios=(2, 1) if below else (1,))  # fmt: skip
    for place, column in enumerate(columns):
        parameter = search.space.parameters[column]
        points = line_through_best(search, column)
        mean, deviation = predict(points)
        _band(grid[0, place], points[:, column], mean, deviation)
        scatter(grid[0, place], search, search.units[:, column], search.scores)
        grid[0, place].set_title(parameter.name)
        if below:
            _under(grid[1, place], points[:, column], below(points))
        parameter_axis(grid[-1, place], parameter)
    grid[0, 0].set_ylabel("mean IoU")
    low, high = focus(search.scores)
    grid[0, 0].set_ylim(low - 0.35 * (high - low), high + 0.35 * (high - low))
    if below:
        grid[1, 0].set_ylabel(label)
        grid[1, 0].set_ylim(bottom=0)
    legend_below(figure, [
        Line2D([], [], color=BLUE, label="predicted mean"),
        Patch(facecolor=BLUE, alpha=0.2, label=band),
        *handles(search),
    ])  # fmt: skip
    return figure


def line_through_best(search: Search, column: int) -> np.ndarray:
    """Points along one coordinate through the best trial, shape (m, d)."""
    ticks = grid_of(search.space.parameters[column], POINTS)
    points = np.repeat(search.units[best_place(search)][None], len(ticks), axis=0)
    points[:, column] = ticks
    return points


def few(places: np.ndarray) -> bool:
    """Whether there are single values to draw, not a line."""
    return len(places) < POINTS // 4


def _band(axes: Axes, places: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> None:
    if few(places):
        axes.errorbar(places, mean, yerr=2 * deviation, fmt="_", color=BLUE, markersize=16,
                      elinewidth=7, alpha=0.35, markeredgewidth=2)  # fmt: skip
        axes.plot(places, mean, "_", color=BLUE, markersize=16, markeredgewidth=2)
        return
    axes.fill_between(places, mean - 2 * deviation, mean + 2 * deviation, color=BLUE, alpha=0.2,
                      linewidth=0)  # fmt: skip
    axes.plot(places, mean, color=BLUE)


def _under(axes: Axes, places: np.ndarray, values: np.ndarray) -> None:
    if few(places):
        width = 0.5 * float(np.diff(places).min()) if len(places) > 1 else 0.3
        axes.bar(places, values, width=width, color=GREEN)
        return
    axes.fill_between(places, values, color=GREEN, alpha=0.45, linewidth=0)
    axes.plot(places, values, color=GREEN, linewidth=1.2)
