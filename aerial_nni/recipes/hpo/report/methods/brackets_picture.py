"""The pictures of a search by halving: who went how far, and how its score rose."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aerial_nni.recipes.hpo.report.methods.bracket_ladders import Group, Ladder, rungs
from aerial_nni.reporting.format import pluralize
from aerial_nni.reporting.search.marks import COLOURS, mark
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    SKY,
    VERMILLION,
    legend_below,
    new_figure,
    styled,
)

SHADES = (BLUE, ORANGE, GREEN, PINK, SKY)
"""Colours of the budgets at which a bracket begins, the fewest epochs first."""
GAP = 2
"""Columns left free between two brackets."""


@styled
def plot_brackets(search: Search, groups: Sequence[Group]) -> Figure:
    """Each column is a configuration, as high as its epochs; brackets stand side by side."""
    budgets = rungs(groups)
    scores = [ladder.score for group in groups for ladder in group if ladder.score is not None]
    norm = Normalize(min(scores), max(scores) if max(scores) > min(scores) else min(scores) + 1e-3)
    figure = new_figure(3.9)
    axes = figure.add_subplot()
    left, middles = 0, []
    for group in groups:
        for place, ladder in enumerate(group, start=left):
            _column(axes, place, ladder, norm, floor=0.6 * budgets[0])
            if search.best in ladder.trials:
                axes.plot(place, 1.16 * ladder.top, "*", color=VERMILLION, markersize=12)
        middles.append(left + (len(group) - 1) / 2)
        left += len(group) + GAP
    axes.set_yscale("log")
    axes.set_yticks(budgets, [str(budget) for budget in budgets])
    axes.minorticks_off()
    axes.set_ylim(0.6 * budgets[0], 1.4 * budgets[-1])
    axes.set_xlim(-1, left - GAP)
    axes.set_xticks(middles, [str(number) for number in range(1, len(groups) + 1)])
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("bracket; each column is a configuration")
    axes.set_ylabel("epochs given (log scale)")
    axes.set_title("How long each configuration was trained")
    bar = figure.colorbar(ScalarMappable(norm, COLOURS), ax=axes, pad=0.01, aspect=30)
    bar.set_label("mean IoU, its best epoch")
    legend_below(figure, [
        Line2D([], [], color=INK, linewidth=1.2, label="a rung: the best go on, the others stop"),
        mark("best trial", "*", VERMILLION, size=11),
        *([Patch(facecolor="white", edgecolor=GREY, hatch="xxxx", label="no score")]
          if len(scores) < sum(map(len, groups)) else []),
    ])  # fmt: skip
    return figure


def _column(axes: Axes, place: int, ladder: Ladder, norm: Normalize, *, floor: float) -> None:
    looks = (
        {"facecolor": "white", "edgecolor": GREY, "hatch": "xxxx"}
        if ladder.score is None
        else {"facecolor": mpl.colormaps[COLOURS](norm(ladder.score)), "edgecolor": "white"}
    )
    axes.bar(place, ladder.top - floor, bottom=floor, width=0.9, linewidth=0.5, **looks)
    for budget in ladder.budgets:
        axes.plot([place - 0.45, place + 0.45], [budget] * 2, color=INK, linewidth=1.2)


@styled
def plot_curves(search: Search, groups: Sequence[Group]) -> Figure:
    """The score of every configuration by epoch, as far as it went."""
    budgets = rungs(groups)
    figure = new_figure(3.8)
    axes = figure.add_subplot()
    for ladder in (ladder for group in groups for ladder in group):
        epochs, scores = ladder.curve
        best = search.best in ladder.trials
        colour = VERMILLION if best else _shade(ladder, budgets)
        axes.plot(epochs, scores, color=colour, linewidth=2.4 if best else 1.0,
                  alpha=1.0 if best else 0.7, zorder=4 if best else 2)  # fmt: skip
        axes.plot(epochs[-1:], scores[-1:], "o", color=colour, markersize=5 if best else 3.5)
    for budget in budgets:
        axes.axvline(budget, color=INK, linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    axes.set_xticks(budgets, [str(budget) for budget in budgets])
    axes.minorticks_off()
    axes.set_xlabel("epoch (log scale); dotted: the rungs")
    axes.set_ylabel("mean IoU on the validation patches")
    axes.set_title("Every configuration, as far as it went")
    starts = {group[0].budgets[0]: group[0] for group in groups if group}
    legend_below(figure, [
        *(Line2D([], [], color=_shade(starts[start], budgets),
                 label=f"began with {pluralize(start, 'epoch')}") for start in sorted(starts)),
        Line2D([], [], color=VERMILLION, linewidth=2.4, label="best configuration"),
    ])  # fmt: skip
    return figure


def _shade(ladder: Ladder, budgets: list[int]) -> str:
    return SHADES[budgets.index(ladder.budgets[0]) % len(SHADES)]
