"""The pictures of a search by halving: who went how far, and whether early scores told."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy import stats

from aerial_nni.reports.hpo.marks import COLOURS
from aerial_nni.reports.hpo.methods.ladders import Ladder, brackets, ladders, rungs
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.style import (
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
from aerial_nni.reports.words import some

SHADES = (BLUE, ORANGE, GREEN, PINK, SKY)
"""Colours of the brackets, the one with the fewest epochs at the start first."""
NARROWEST = 4
"""Columns that a bracket's panel has at least."""


@styled
def draw_brackets(search: Search) -> Figure:
    """A panel for each bracket; each column is a configuration, as high as its epochs."""
    found = ladders(search)
    groups, budgets = brackets(found), rungs(found)
    scores = [ladder.score for ladder in found if ladder.score is not None]
    norm = Normalize(min(scores), max(scores) if max(scores) > min(scores) else min(scores) + 1e-3)
    figure = new_figure(3.9)
    widths = [max(NARROWEST, len(group)) for group in groups.values()]
    panels = figure.subplots(1, len(groups), sharey=True, squeeze=False, width_ratios=widths)[0]
    for axes, (start, group) in zip(panels, groups.items(), strict=True):
        _columns(axes, search, group, budgets, norm)
        wide = max(NARROWEST, len(group)) > 0.35 * sum(widths)
        axes.set_title(f"Bracket from {some(start, 'epoch')}" if wide else f"from {start}")
        axes.set_xlabel(
            f"{len(group)} config." if len(group) < 8 else f"{len(group)} configurations"
        )
    panels[0].set_yscale("log")
    panels[0].set_yticks(budgets, [str(budget) for budget in budgets])
    panels[0].minorticks_off()
    panels[0].set_ylim(0.6 * budgets[0], 1.35 * budgets[-1])
    panels[0].set_ylabel("epochs given (log scale)")
    bar = figure.colorbar(ScalarMappable(norm, COLOURS), ax=list(panels), pad=0.01, aspect=30)
    bar.set_label("mean IoU after its last epoch")
    legend_below(figure, [
        Line2D([], [], color=INK, linewidth=1.2, label="a rung: the best go on, the others stop"),
        Line2D([], [], color=VERMILLION, marker="*", linestyle="", markersize=11,
               label="best trial"),
        Patch(facecolor="white", edgecolor=GREY, hatch="xxxx", label="no score"),
    ])  # fmt: skip
    return figure


def _columns(
    axes: Axes, search: Search, group: list[Ladder], budgets: list[int], norm: Normalize
) -> None:
    shades = mpl.colormaps[COLOURS]
    floor = 0.6 * budgets[0]
    for place, ladder in enumerate(group):
        looks = (
            {"facecolor": "white", "edgecolor": GREY, "hatch": "xxxx"}
            if ladder.score is None
            else {"facecolor": shades(norm(ladder.score)), "edgecolor": "white"}
        )
        axes.bar(place, ladder.top - floor, bottom=floor, width=0.9, linewidth=0.5, **looks)
        for budget in ladder.budgets:
            axes.plot([place - 0.45, place + 0.45], [budget] * 2, color=INK, linewidth=1.2)
        if search.best in ladder.trials:
            axes.plot(place, 1.16 * ladder.top, "*", color=VERMILLION, markersize=12, clip_on=False)
    axes.set_xlim(-0.7, max(NARROWEST, len(group)) - 0.3)
    axes.set_xticks([])
    axes.grid(visible=False, axis="x")


@styled
def draw_curves(search: Search) -> Figure:
    """Left the score of every configuration by epoch; right early scores against later ones."""
    found = ladders(search)
    groups, budgets = brackets(found), rungs(found)
    figure = new_figure(3.8)
    left, right = figure.subplots(1, 2, width_ratios=(1.4, 1))
    shades = dict(zip(groups, (SHADES[i % len(SHADES)] for i in range(len(groups))), strict=True))
    for ladder in found:
        epochs, scores = ladder.curve
        best = search.best in ladder.trials
        colour = VERMILLION if best else shades[ladder.start]
        left.plot(epochs, scores, color=colour, linewidth=2.4 if best else 1.0,
                  alpha=1.0 if best else 0.7, zorder=4 if best else 2)  # fmt: skip
        if len(epochs):
            left.plot(epochs[-1], scores[-1], "o", color=colour, markersize=5 if best else 3.5)
    for budget in budgets:
        left.axvline(budget, color=INK, linewidth=0.8, linestyle=":")
    left.set_xscale("log")
    left.set_xticks(budgets, [str(budget) for budget in budgets])
    left.minorticks_off()
    left.set_xlabel("epoch (log scale); dotted: the rungs")
    left.set_ylabel("mean IoU on the validation patches")
    left.set_title("Every configuration, as far as it went")
    _early_against_late(right, found, budgets)
    handles = [Line2D([], [], color=shades[start], label=f"bracket from {start}")
               for start in groups]  # fmt: skip
    legend_below(figure, [*handles, Line2D([], [], color=VERMILLION, linewidth=2.4,
                                           label="best configuration")], columns=6)  # fmt: skip
    return figure


def _early_against_late(axes: Axes, found: list[Ladder], budgets: list[int]) -> None:
    """Scores at one rung against those of the same configurations at the next."""
    markers = "osD^v"
    for place, (now, later) in enumerate(zip(budgets, budgets[1:], strict=False)):
        pairs = promoted(found, now, later)
        if len(pairs):
            axes.scatter(pairs[:, 0], pairs[:, 1], s=26, color=SHADES[place % len(SHADES)],
                         marker=markers[place % len(markers)], edgecolors="white", linewidths=0.6,
                         label=f"{now} → {later}")  # fmt: skip
    axes.set_xlabel("mean IoU at a rung")
    axes.set_ylabel("mean IoU at the next rung")
    axes.set_title("Did early scores tell?")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(title="epochs", loc="best")
    else:
        axes.text(0.5, 0.5, "nothing was promoted", ha="center", transform=axes.transAxes)


def promoted(found: list[Ladder], now: int, later: int) -> np.ndarray:
    """Scores at two rungs of the configurations that have both, shape (n, 2)."""
    pairs = [(ladder.score_at(now), ladder.score_at(later)) for ladder in found]
    return np.array([pair for pair in pairs if None not in pair], dtype=float).reshape(-1, 2)


def on_ranks(search: Search) -> str:
    """Whether the order at a rung was that at the next one, in a sentence."""
    found = ladders(search)
    budgets = rungs(found)
    said = []
    for now, later in zip(budgets, budgets[1:], strict=False):
        pairs = promoted(found, now, later)
        if len(pairs) >= 4 and np.ptp(pairs[:, 0]) > 0 and np.ptp(pairs[:, 1]) > 0:
            rank = float(stats.spearmanr(pairs[:, 0], pairs[:, 1]).statistic)
            said.append(f"{rank:.2f} from {now} to {later} epochs ({len(pairs)} configurations)")
    if not said:
        return "Too few configurations were promoted to say whether early scores told the later."
    return (
        f"The rank correlation of scores at one rung and the next is {', '.join(said)}. It is "
        "measured on promoted configurations only. These were alike good at the lower rung, so it "
        "says less than the order of all of them would."
    )
