"""The densities of good and of other trials: what TPE and BOHB go by."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aerial_nni.recipes.hpo.report.axes import grid_of, parameter_axis, write_value
from aerial_nni.recipes.hpo.report.marks import mark
from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.reporting.format import join_and, pluralize
from aerial_nni.reporting.style import BLUE, GREEN, GREY, INK, legend_below, new_figure, styled
from aerial_nni.tuners.density import CELLS, Density, Ratio

COLUMNS = 3
"""Parameters shown, the most important ones."""
POINTS = 201


@styled
def draw_densities(search: Search, ratio: Ratio) -> Figure:
    """Densities of the most important parameters among good and bad trials, and their ratio."""
    columns = search.importance.order[:COLUMNS]
    figure = new_figure(4.9)
    grid = figure.subplots(2, len(columns), squeeze=False, sharex="col", height_ratios=(1.6, 1))
    numbers = False
    for place, column in enumerate(columns):
        above, below = grid[:, place]
        parameter = search.space.parameters[column]
        single = parameter.levels is not None and parameter.levels <= CELLS
        ticks = grid_of(parameter, POINTS)
        likely, other = (
            _curve(density, column, ticks, single=single) for density in (ratio.good, ratio.bad)
        )
        if single:
            _bars(above, ticks, likely, other)
        else:
            _curves(above, ticks, likely, other)
            _rug(above, ratio, column)
            numbers = True
        _ratio(below, ticks, likely / other, single=single)
        above.set_title(parameter.name)
        above.set_ylim(bottom=0)
        parameter_axis(below, parameter)
        above.set_xlabel("")
    grid[0, 0].set_ylabel("density, or probability")
    grid[1, 0].set_ylabel("l(x) / g(x), log scale")
    good, bad = (len(density.centres) for density in (ratio.good, ratio.bad))
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


def caption(search: Search) -> str:
    """What stands under the figure of the densities."""
    return (
        "*Figure: the densities after the last trial of this search, along the parameters that "
        f"{search.importance.leading}. Above, where good trials lie and where the others do; "
        "numbers with few values and categories have bars, the left one of each pair for the good "
        "trials. Below, the ratio of the two; above the line at 1 a value is more common among "
        "good trials. The tuner takes the ratio of the densities over all parameters together, of "
        "which these are the margins.*"
    )


def on_good(search: Search, ratio: Ratio, losses: np.ndarray) -> str:
    """Which values are typical of good trials; the model was fitted to losses (n,)."""
    good = ratio.good.centres
    least = -np.sort(losses)[len(good) - 1]
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
    return (
        f"{len(good)} of {pluralize(len(losses), 'trial')} count as good, those with a mean IoU "
        "from "
        f"{least:.4f}. They have {join_and(typical)}."
    )
