"""Several searches over each other: the best score so far of each, by trial and by cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from aerial_nni.reporting.group_comparison import LOOKS
from aerial_nni.reporting.search.progress import best_so_far
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.search.tables import comparison_table
from aerial_nni.reporting.style import legend_below, new_figure, styled

TOO_MANY = len(LOOKS)
"""Searches from which on two would look alike: the rest is in the table alone."""


@styled
def plot_courses(searches: Sequence[Search]) -> Figure:
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


@dataclass(frozen=True)
class Others:
    """Several searches beside each other, as the document tells it."""

    searches: Sequence[Search]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.searches)

    @property
    def drawn(self) -> int:
        """How many the figure has at most."""
        return TOO_MANY

    @property
    def leading(self) -> Search:
        """The search with the highest score."""
        return max(self.searches, key=_end)

    @property
    def best(self) -> float:
        """That score."""
        return _end(self.leading)

    @property
    def epochs(self) -> int:
        """Epochs that search trained."""
        return sum(tried.epochs for tried in self.leading.tried)

    @property
    def table(self) -> str:
        """A search a row."""
        return comparison_table(self.searches)


def _end(search: Search) -> float:
    return float(best_so_far(search.tried)[-1])
