"""The densities of good and of other trials: what TPE and BOHB go by."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aerial_nni.reporting.format import pluralize
from aerial_nni.reporting.search.axes import grid_of, parameter_axis, write_value
from aerial_nni.reporting.search.marks import mark
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.style import BLUE, GREEN, GREY, INK, legend_below, new_figure, styled
from aerial_nni.tuners.density import CELLS, Density, Ratio
from aerial_nni.tuners.parameter import Parameter

COLUMNS = 3
"""Parameters shown, the most important ones."""
POINTS = 201


@dataclass(frozen=True)
class DensityPanel:
    """The densities along one parameter, each at `ticks` (m,) of the unit axis."""

    column: int
    parameter: Parameter
    ticks: np.ndarray
    good: np.ndarray
    bad: np.ndarray
    single: bool
    """Whether the parameter has single values: these have bars and probabilities that sum to 1."""


def densities_info(search: Search, ratio: Ratio) -> list[DensityPanel]:
    """Densities of the most important parameters among good and bad trials."""
    panels = []
    for column in search.importance.order[:COLUMNS]:
        parameter = search.space.parameters[column]
        single = parameter.levels is not None and parameter.levels <= CELLS
        ticks = grid_of(parameter, POINTS)
        likely, other = (
            _curve(density, column, ticks, single=single) for density in (ratio.good, ratio.bad)
        )
        panels.append(DensityPanel(column, parameter, ticks, likely, other, single))
    return panels


@styled
def plot_densities(search: Search, ratio: Ratio) -> Figure:
    """Above the two densities along each parameter, below their ratio."""
    panels = densities_info(search, ratio)
    figure = new_figure(4.9)
    grid = figure.subplots(2, len(panels), squeeze=False, sharex="col", height_ratios=(1.6, 1))
    for (above, below), panel in zip(grid.T, panels, strict=True):
        if panel.single:
            _bars(above, panel.ticks, panel.good, panel.bad)
        else:
            _curves(above, panel.ticks, panel.good, panel.bad)
            _rug(above, ratio, panel.column)
        _ratio(below, panel.ticks, panel.good / panel.bad, single=panel.single)
        above.set_title(panel.parameter.name)
        above.set_ylim(bottom=0)
        parameter_axis(below, panel.parameter)
        above.set_xlabel("")
    grid[0, 0].set_ylabel("density, or probability")
    grid[1, 0].set_ylabel("l(x) / g(x), log scale")
    good, bad = (len(density.centres) for density in (ratio.good, ratio.bad))
    numbers = not all(panel.single for panel in panels)
    legend_below(figure, [
        Line2D([], [], color=GREEN, linewidth=2, label=f"l(x): {pluralize(good, 'good trial')}"),
        Line2D([], [], color=GREY, linestyle="--", label=f"g(x): {pluralize(bad, 'other trial')}"),
        *([mark("where the trials were", "|", INK, size=9)] if numbers else []),
        Patch(facecolor=BLUE, alpha=0.5, label="their ratio"),
    ])  # fmt: skip
    return figure


def _curve(density: Density, column: int, ticks: np.ndarray, *, single: bool) -> np.ndarray:
    """The marginal density at ticks (m,); of single values, probabilities that sum to 1."""
    values = density.marginal(column, ticks)
    return values / values.sum() if single else values


def _bars(axes: Axes, ticks: np.ndarray, good: np.ndarray, bad: np.ndarray) -> None:
    width = 0.36 * (float(np.diff(ticks).min()) if len(ticks) > 1 else 0.5)
    axes.bar(ticks - width / 2, good, width=width, color=GREEN)
    axes.bar(ticks + width / 2, bad, width=width, color="white", edgecolor=GREY, linestyle="--")


def _curves(axes: Axes, ticks: np.ndarray, good: np.ndarray, bad: np.ndarray) -> None:
    axes.fill_between(ticks, good, color=GREEN, alpha=0.2, linewidth=0)
    axes.plot(ticks, good, color=GREEN, linewidth=2)
    axes.plot(ticks, bad, color=GREY, linestyle="--")


def _rug(axes: Axes, ratio: Ratio, column: int) -> None:
    """Short lines at the values of the trials, the good ones above the others."""
    transform = axes.get_xaxis_transform()
    for density, height, colour in ((ratio.good, 0.06, GREEN), (ratio.bad, 0.015, GREY)):
        values = density.centres[:, column]
        axes.plot(values, np.full(len(values), height), "|", color=colour, markersize=9,
                  markeredgewidth=1.4, transform=transform, zorder=4)  # fmt: skip


def _ratio(axes: Axes, ticks: np.ndarray, ratio: np.ndarray, *, single: bool) -> None:
    axes.set_yscale("log")
    if single:
        width = 0.6 * (float(np.diff(ticks).min()) if len(ticks) > 1 else 0.5)
        axes.bar(ticks, ratio - 1, bottom=1, width=width, color=BLUE, alpha=0.5)
    else:
        axes.fill_between(ticks, 1, ratio, color=BLUE, alpha=0.35, linewidth=0)
        axes.plot(ticks, ratio, color=BLUE, linewidth=1.4)
    axes.axhline(1, color=INK, linewidth=0.9)
    reach = max(2.2, 1.15 * float(np.maximum(ratio, 1 / ratio).max()))
    axes.set_ylim(1 / reach, reach)
    marks = [mark for mark in (0.1, 0.2, 0.5, 1, 2, 5, 10) if 1 / reach <= mark <= reach]
    axes.set_yticks(marks, [f"{mark:g}" for mark in marks])
    axes.minorticks_off()


@dataclass(frozen=True)
class GoodTrials:
    """The good trials of a model, and what they have in common."""

    count: int
    trials: int
    """How many there are, good or not."""
    least: float
    """The lowest mean IoU among the good ones."""
    typical: list[str]
    """Parameter and values, as code and text."""


def good_trials(search: Search, ratio: Ratio, losses: np.ndarray) -> GoodTrials:
    """Which values are typical of good trials; the model was fitted to losses (n,)."""
    good = ratio.good.centres
    typical = []
    for column in search.importance.order[:COLUMNS]:
        parameter = search.space.parameters[column]
        values = sorted(good[:, column])
        if parameter.kind == "categorical":
            most = max(set(values), key=values.count)
            said = f"{write_value(parameter.from_unit(most))} ({values.count(most)} of them)"
        else:
            low, high = (write_value(parameter.from_unit(v)) for v in (values[0], values[-1]))
            said = low if low == high else f"{low} to {high}"
        typical.append(f"`{parameter.name}` {said}")
    return GoodTrials(len(good), len(losses), -float(np.sort(losses)[len(good) - 1]), typical)
