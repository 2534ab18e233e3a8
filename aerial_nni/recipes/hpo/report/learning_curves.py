"""Several searches over each other: the best score so far of each, by trial and by cost."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from aerial_nni.recipes.hpo.report.progress import best_so_far
from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.reporting.format import pluralize, score
from aerial_nni.reporting.group_comparison import LOOKS
from aerial_nni.reporting.style import legend_below, new_figure, styled

TOO_MANY = len(LOOKS)
"""Searches from which on two would look alike: the rest is in the table alone."""


@styled
def draw_courses(searches: Sequence[Search]) -> Figure:
    """The best score so far of each search: left by trial, right by epochs trained until then."""
    shown = searches[:TOO_MANY]
    figure = new_figure(3.6)
    left, right = figure.subplots(1, 2, sharey=True)
    handles: list[Artist] = []
    for search, (colour, marker, dashes) in zip(shown, LOOKS, strict=False):
        numbers = np.array([tried.number for tried in search.tried], dtype=float)
        costs = np.cumsum([tried.epochs for tried in search.tried]).astype(float)
        course = best_so_far(search.tried)
        label = f"{search.title} ({search.experiment.id})"
        for axes, places in ((left, numbers), (right, costs)):
            axes.step(places, course, where="post", color=colour, linestyle=dashes, linewidth=1.8)
            ends = axes.plot(places[-1], course[-1], color=colour, linestyle=dashes, marker=marker,
                             markersize=5.5, label=label)  # fmt: skip
        handles += ends
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        axes.set_xlim(left=0)
    left.set_xlabel("trial")
    right.set_xlabel("epochs trained until then, all trials together")
    left.set_ylabel("best mean IoU so far")
    left.set_title("By trial")
    right.set_title("By cost")
    legend_below(figure, handles, columns=2)
    return figure


def explain_courses(searches: Sequence[Search]) -> str:
    """Which search came furthest, and what that says, in Markdown."""
    ends = {search.experiment.id: float(best_so_far(search.tried)[-1]) for search in searches}
    first = max(ends, key=ends.__getitem__)
    leading = next(search for search in searches if search.experiment.id == first)
    epochs = sum(tried.epochs for tried in leading.tried)
    text = (
        f"The best score is of {leading.title} (`{first}`): {score(ends[first])} after "
        f"{pluralize(len(leading.tried), 'trial')} and {pluralize(epochs, 'epoch')}. All are of "
        "the same "
        "patches after the same split. One search of each method says little about the methods: "
        "another seed of the same one may end elsewhere."
    )
    if len(searches) > TOO_MANY:
        text += f" The figure has the first {TOO_MANY}."
    return text
