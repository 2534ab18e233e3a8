"""The densities of good and bad trials, and where they were split: what TPE and BOHB go by."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from scipy import stats

from aerial_nni.reports.hpo.axes import grid_of, parameter_axis
from aerial_nni.reports.hpo.marks import focus
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.hpo.tried import Tried
from aerial_nni.reports.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILLION,
    legend_below,
    new_figure,
    styled,
)
from aerial_nni.tuners.density import CELLS, Density, Ratio, fit

COLUMNS = 3
"""Parameters shown, the most important ones."""
POINTS = 201


@dataclass(frozen=True, kw_only=True)
class Split:
    """Trials of one model, split into good and bad ones, and the densities of both."""

    ratio: Ratio
    good: np.ndarray
    """Points of the good trials, shape (k, d)."""
    bad: np.ndarray
    """Points of the others, shape (m, d)."""
    threshold: float
    """Mean IoU between the two."""


def split(search: Search, units: np.ndarray, losses: np.ndarray, *, share: float) -> Split:
    """The model as the tuner fits it to losses (n,) at units (n, d), a `share` of them good."""
    wanted = math.ceil(share * len(losses))
    none = np.empty((0, units.shape[1]))
    ratio = fit(search.space, units, losses, good=wanted, pending=none)
    count = len(ratio.good.centres)
    ranked = -np.sort(losses, kind="stable")
    edge = ranked[count - 1 : count + 1].mean()
    return Split(ratio=ratio, good=ratio.good.centres, bad=ratio.bad.centres, threshold=float(edge))


@styled
def draw_densities(search: Search, found: Split) -> Figure:
    """Densities of the most important parameters among good and bad trials, and their ratio."""
    columns = search.importance.order[:COLUMNS]
    figure = new_figure(4.9)
    grid = figure.subplots(2, len(columns), squeeze=False, sharex="col", height_ratios=(1.6, 1))
    for place, column in enumerate(columns):
        above, below = grid[:, place]
        parameter = search.space.parameters[column]
        single = parameter.levels is not None and parameter.levels <= CELLS
        ticks = grid_of(parameter, POINTS)
        good, bad = (
            _curve(density, column, ticks, single=single)
            for density in (found.ratio.good, found.ratio.bad)
        )
        if single:
            _bars(above, ticks, good, bad)
        else:
            _curves(above, ticks, good, bad)
            _rug(above, found, column)
        _ratio(below, ticks, good / bad, single=single)
        above.set_title(parameter.name)
        above.set_ylim(bottom=0)
        parameter_axis(below, parameter)
        above.set_xlabel("")
    grid[0, 0].set_ylabel("density, or probability")
    grid[1, 0].set_ylabel("l(x) / g(x), log scale")
    legend_below(figure, [
        Line2D([], [], color=GREEN, linewidth=2, label=f"l(x): {len(found.good)} good trials"),
        Line2D([], [], color=GREY, linestyle="--", label=f"g(x): {len(found.bad)} other trials"),
        Line2D([], [], color=INK, marker="|", linestyle="", markersize=9,
               label="where the trials were"),
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


def _rug(axes: Axes, found: Split, column: int) -> None:
    """Short lines at the values of the trials, the good ones above the others."""
    transform = axes.get_xaxis_transform()
    for units, height, colour in ((found.good, 0.06, GREEN), (found.bad, 0.015, GREY)):
        values = units[:, column]
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


@dataclass(frozen=True, kw_only=True)
class Bets:
    """What the ratio said of guided trials before they ran; arrays of shape (k,)."""

    tried: list[Tried]
    log_ratio: np.ndarray
    score: np.ndarray


def bets(search: Search, *, share: float, most: int = 60) -> Bets:
    """The ratio at each of the last guided trials with a score, from the trials before it."""
    guided = [tried for tried in search.scored if tried.number > max(3, search.startup)][-most:]
    values = []
    for tried in guided:
        units, losses = search.observed(before=tried.number)
        found = split(search, units, losses, share=share)
        values.append(float(found.ratio.log(search.space.encode(tried.config)[None])[0]))
    scores = np.array([tried.score for tried in guided], dtype=float)
    return Bets(tried=guided, log_ratio=np.array(values), score=scores)


@styled
def draw_split(search: Search, found: Split, made: Bets) -> Figure:
    """Left which trials count as good; right the ratio at each guided trial and its score."""
    figure = new_figure(3.6)
    left, right = figure.subplots(1, 2, sharey=True)
    numbers = np.array([tried.number for tried in search.scored])
    good = search.scores >= found.threshold
    left.plot(numbers[~good], search.scores[~good], "o", color="white", markeredgecolor=GREY,
              label="other trials")  # fmt: skip
    left.plot(numbers[good], search.scores[good], "o", color=GREEN, label="good trials",
              markersize=5)  # fmt: skip
    left.axhline(found.threshold, color=INK, linestyle="--", linewidth=1.2, label="y*")
    if search.startup:
        left.axvspan(0.5, search.startup + 0.5, color=GREY, alpha=0.12, linewidth=0)
    low, high = focus(search.scores)
    left.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))
    left.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    left.set_xlabel("trial (grey: start-up)")
    left.set_ylabel("mean IoU")
    left.set_title("Good and other trials, after the last one")
    left.legend(loc="lower right")
    if len(made.tried):
        right.plot(made.log_ratio, made.score, "o", color=VERMILLION, markersize=5)
    right.axvline(0, color=INK, linewidth=0.9)
    right.set_xlabel("log of l(x) / g(x) when the trial was chosen")
    right.set_title("What the ratio promised, and the score")
    return figure


def on_bets(made: Bets) -> str:
    """Whether a higher ratio meant a higher score, in a sentence."""
    if len(made.score) < 5 or np.ptp(made.log_ratio) == 0 or np.ptp(made.score) == 0:
        return "Too few trials were guided to say whether a higher ratio meant a higher score."
    rank = float(stats.spearmanr(made.log_ratio, made.score).statistic)
    reading = (
        "the ratio mostly knew which would be better"
        if rank > 0.5
        else "the ratio had an inkling of which would be better"
        if rank > 0.2
        else "among the trials it chose, the ratio did not tell which would be better"
    )
    return (
        f"The rank correlation of the ratio with the score, over {len(made.score)} guided trials, "
        f"is {rank:.2f}: {reading}."
    )
