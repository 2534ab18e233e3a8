"""Score against cost over all milestones, a mark for each row of the table."""

from collections.abc import Callable, Sequence
from statistics import mean, stdev

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from matplotlib.transforms import offset_copy

from aerial_nni.reporting.overview.rows import Row
from aerial_nni.reporting.search.marks import mark
from aerial_nni.reporting.style import legend_below, new_figure, styled

COSTS: dict[str, tuple[str, Callable[[Row], float | None]]] = {
    "parameters": ("parameters, thousands", lambda row: mean(row.parameters) / 1e3),
    "multiply_adds": (
        "multiply-adds of a patch, millions",
        lambda row: mean(row.multiply_adds) / 1e6,
    ),
    "seconds": (
        "time of a patch, milliseconds",
        lambda row: None if row.seconds is None else 1e3 * row.seconds,
    ),
}
"""A cost's label and the function that takes it from a row; None: not measured."""

APART = 6.0
"""Points between marks at nearly the same place, the cheaper on the left: none hides another."""


ASIDE = "marks that are close are a little apart"


@styled
def draw_costs(found: Sequence[Row]) -> Figure:
    """Mean IoU with its deviation against each cost, on log scales.

    There is no panel for a time that but one of several rows has.
    """
    panels = [(label, cost) for label, cost in COSTS.values()
              if sum(cost(row) is not None for row in found) > min(1, len(found) - 1)]  # fmt: skip
    figure = new_figure(4.2)
    axes_row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    # Marks that are moved aside do not count where matplotlib looks for the limits.
    low = min(mean(row.scores) - _spread(row) for row in found)
    high = max(mean(row.scores) + _spread(row) for row in found)
    margin = max(0.01, 0.1 * (high - low))
    axes_row[0].set_ylim(low - margin, high + margin)
    for axes, (label, cost) in zip(axes_row, panels, strict=True):
        _draw_panel(figure, axes, found, cost)
        axes.set_xlabel(f"{label} (log scale)\n{ASIDE}")
    axes_row[0].set_ylabel("mean IoU on the validation patches")
    axes_row[0].set_title("Score against cost; mean ± standard deviation over runs")
    named = {row.name: row for row in found}
    handles = [mark(row.name, row.marker, row.colour, _face(row)) for row in named.values()]
    legend_below(figure, handles, columns=5)
    return figure


def _draw_panel(
    figure: Figure, axes: Axes, found: Sequence[Row], cost: Callable[[Row], float | None]
) -> None:
    places = [(row, place) for row in found if (place := cost(row)) is not None]
    low, high = min(place for _, place in places), max(place for _, place in places)
    axes.set_xscale("log")
    axes.set_xlim(low / 1.6, high * 1.6)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 40 * low else (1,)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    places.sort(key=lambda one: one[1])
    close = 0.06 * (axes.get_ylim()[1] - axes.get_ylim()[0])
    marks = [(place, mean(row.scores)) for row, place in places]
    for number, (row, place) in enumerate(places):
        near = [abs(y - marks[number][1]) < close and 0.9 < x / place < 1.1 for x, y in marks]
        side = (sum(near[:number]) - sum(near[number + 1 :])) / 2
        aside = offset_copy(axes.transData, figure, x=APART * side, units="points")
        axes.errorbar(*marks[number], yerr=_spread(row) or None, color=row.colour, transform=aside,
                      marker=row.marker, markersize=7, markerfacecolor=_face(row), capsize=3,
                      linewidth=1.2, linestyle="", zorder=4)  # fmt: skip


def _spread(row: Row) -> float:
    return stdev(row.scores) if len(row.scores) > 1 else 0.0


def _face(row: Row) -> str:
    """What fills a mark: those of controls are hollow."""
    return "white" if row.control else row.colour
