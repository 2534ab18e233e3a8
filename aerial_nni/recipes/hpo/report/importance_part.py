"""The chapter on the importance of the parameters: its figure, and what it says."""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.reporting.format import join_and, percent, pluralize
from aerial_nni.reporting.style import BLUE, INK, ORANGE, legend_below, new_figure, styled

FEW = 10
"""Trials for each parameter below which the order of the parameters is a guess."""
WIDE = (10, 90)
"""Percentiles over the resamples between which the bars of spread reach."""


@styled
def draw_importance(search: Search) -> Figure:
    """Share of each parameter alone and with its interactions, with the spread of both."""
    importance = search.importance
    order = importance.order
    rows = np.arange(len(order))
    figure = new_figure(0.46 * len(order) + 1.5)
    axes = figure.add_subplot()
    for shares, shift, colour, hatch in (
        (importance.total, -0.19, BLUE, None),
        (importance.main, 0.19, ORANGE, "////"),
    ):
        means = 100 * shares.mean(axis=0)[order]
        low, high = (100 * np.percentile(shares, bound, axis=0)[order] for bound in WIDE)
        axes.barh(rows + shift, means, height=0.36, color=colour, hatch=hatch, edgecolor=INK,
                  linewidth=0.6)  # fmt: skip
        axes.errorbar(means, rows + shift, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3,
                      xerr=np.maximum(0, [means - low, high - means]))  # fmt: skip
        for row, mean, end in zip(rows, means, np.maximum(high, means), strict=True):
            axes.text(end + 1, row + shift, f"{mean:.0f} %", va="center", fontsize=7.5)
    axes.set_yticks(rows, [importance.names[place] for place in order])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, 108)
    axes.set_xlabel("share of the variance of the forest's prediction over the search space, %")
    axes.set_title("Importance of each parameter")
    legend_below(figure, [
        Patch(facecolor=BLUE, edgecolor=INK, label="with its interactions"),
        Patch(facecolor=ORANGE, edgecolor=INK, hatch="////", label="alone"),
        Line2D([], [], color=INK, marker="|", markersize=8,
               label=f"{WIDE[0]} to {WIDE[1]} % of the resamples"),
    ])  # fmt: skip
    return figure


def explain_importance(search: Search, link: str | None) -> str:
    """What was computed, the figure, what it says and how far it can be trusted, in Markdown."""
    if link is None:
        return (
            f"A random forest fitted to {pluralize(len(search.scored), 'scored trial')} predicts "
            "the "
            "same score everywhere: nothing can be said of single parameters."
        )
    return "\n\n".join(
        [
            f"A random forest was fitted to {pluralize(len(search.scored), 'scored trial')}, and "
            "the "
            "variance of its prediction over the whole search space was taken apart as functional "
            "analysis of variance does (Hutter, Hoos and Leyton-Brown 2014):",
            "```math\nV_j = \\frac{\\operatorname{Var}_{x_j}\\big(\\operatorname{E}[f \\mid x_j]"
            "\\big)}{\\operatorname{Var}(f)}, \\qquad "
            "T_j = \\frac{\\operatorname{E}\\big[\\operatorname{Var}(f \\mid x_{-j})\\big]}"
            "{\\operatorname{Var}(f)}\n```",
            "$V_j$ is what parameter *j* explains alone, $T_j$ what it explains together with its "
            "interactions with others; the difference is due to combinations. The bars are means "
            f"over {len(search.importance.main)} forests, each fitted to the trials drawn anew "
            "with replacement, and the thin lines show how far these forests disagree."
            f"{_epochs(search)}",
            f"![Importance of each parameter, alone and with interactions]({link})",
            f"{_order(search)} {_trust(search)}",
        ]
    )


def _epochs(search: Search) -> str:
    """How trials of different lengths entered the forest."""
    text = ""
    if search.max_budget is not None:
        text += (
            " The epochs of a trial enter as one more coordinate, held at the most that any trial "
            "had."
        )
    if early := sum(tried.state == "EARLY_STOPPED" for tried in search.scored):
        text += (
            f" {pluralize(early, 'trial')} that {'was' if early == 1 else 'were'} stopped early "
            f"{'enters' if early == 1 else 'enter'} with the last score, as if it were that of a "
            "full trial."
        )
    return text


def _order(search: Search) -> str:
    """The leading parameters, and whether they lead clearly."""
    importance = search.importance
    means = importance.total.mean(axis=0)
    said = [
        f"`{importance.names[place]}` ({percent(means[place])})" for place in importance.order[:3]
    ]
    text = f"With interactions, {join_and(said)} matter{'s' if len(said) == 1 else ''} most."
    if len(importance.order) > 1:
        first, second = importance.order[:2]
        wins = float(np.mean(importance.total[:, first] > importance.total[:, second]))
        text += (
            f" `{importance.names[first]}` is ahead of `{importance.names[second]}` in "
            f"{percent(wins)} of the resamples."
        )
    return text


def _trust(search: Search) -> str:
    """What to make of it with this many trials and this much explained."""
    importance, count = search.importance, len(search.scored)
    size = len(search.space.parameters)
    text = []
    if not math.isnan(importance.explained):
        explained = percent(importance.explained) if importance.explained > 0 else "none"
        text.append(
            f"On trials that a tree had not seen, the forest explains {explained} of the variance "
            "of the scores."
        )
    if count < FEW * size:
        text.append(
            f"**With {pluralize(count, 'trial')} for {pluralize(size, 'parameter')} this is a "
            "hint, not a "
            "measurement:** a guided search looks where scores are high, so the rest of the space "
            "is seen thinly, and parameters that hardly varied there look unimportant."
        )
    return " ".join(text)
