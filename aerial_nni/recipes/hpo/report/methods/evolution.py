"""Method 3, regularised evolution: the family tree of the trials."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from aerial_nni.recipes.hpo.report.methods.chapter import Chapter
from aerial_nni.recipes.hpo.report.methods.lineage import (
    Descent,
    ancestors,
    descents,
    generations,
    living,
)
from aerial_nni.reporting.search.marks import best_place, focus, handles, is_chosen
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILLION,
    legend_below,
    new_figure,
    styled,
)


@styled
def plot_lineage(search: Search, found: list[Descent]) -> Figure:
    """Every trial by its score, joined to its parent; the best trial's ancestors stand out."""
    figure = new_figure(4.4)
    axes = figure.add_subplot()
    line = ancestors(found, search.best)
    in_line = {descent.child.number for descent in line}
    for descent in found:
        if descent.child.score is None:
            continue
        own = descent.child.number in in_line
        axes.plot(
            [descent.parent.number, descent.child.number],
            [descent.parent.score or 0.0, descent.child.score],
            color=VERMILLION if own else GREEN if descent.better else GREY,
            linewidth=2.4 if own else 1.2 if descent.better else 0.7,
            alpha=1.0 if own or descent.better else 0.6,
            zorder=3 if own else 2,
        )
    numbers = np.array([tried.number for tried in search.scored])
    child, place = is_chosen(search), best_place(search)
    axes.plot(numbers[~child], search.scores[~child], "o", color=INK, markerfacecolor="white",
              markersize=6, zorder=4)  # fmt: skip
    axes.plot(numbers[child], search.scores[child], "o", color=INK, markersize=4.5, zorder=4)
    axes.plot(numbers[place], search.scores[place], "*", color=VERMILLION, markersize=14,
              markeredgecolor="white", zorder=5)  # fmt: skip
    low, high = focus(search.scores)
    axes.set_ylim(low - 0.08 * (high - low), high + 0.1 * (high - low))
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.set_xlabel("trial")
    axes.set_ylabel("mean IoU on the validation patches")
    axes.set_title("Parents and children")
    legend_below(figure, [
        *handles(search),
        Line2D([], [], color=GREEN, linewidth=1.4, label="better than its parent"),
        Line2D([], [], color=GREY, linewidth=0.8, label="not better"),
        Line2D([], [], color=VERMILLION, linewidth=2.4, label="line of the best trial"),
    ])  # fmt: skip
    return figure


@dataclass(frozen=True)
class Mutations:
    """How often each parameter changed in a child, and how often that child was better."""

    names: list[str]
    """The one that changed most often in front."""
    children: list[int]
    better: list[int]


def mutations_info(search: Search, found: list[Descent]) -> Mutations:
    """Children by the parameters that changed; one with two changes counts twice."""
    counts = Counter(name for descent in found for name in descent.changed)
    better = Counter(name for d in found if d.better for name in d.changed)
    names = sorted(search.space.names, key=lambda name: -counts[name])
    return Mutations(names, [counts[name] for name in names], [better[name] for name in names])


@styled
def plot_population(search: Search, mutations: Mutations, *, size: int) -> Figure:
    """Left the scores of the living; right how often each parameter's mutation helped."""
    figure = new_figure(3.6)
    left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
    numbers = [tried.number for tried in search.scored]
    low, middle, high = living(search, size).T
    left.fill_between(numbers, low, high, step="post", color=BLUE, alpha=0.2, linewidth=0)
    left.step(numbers, middle, where="post", color=BLUE)
    left.step(numbers, high, where="post", color=BLUE, linewidth=1, linestyle="--")
    left.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    bottom, top = focus(search.scores)
    left.set_ylim(bottom - 0.15 * (top - bottom), top + 0.1 * (top - bottom))
    left.set_xlabel("trial")
    left.set_ylabel("mean IoU")
    left.set_title(f"The living: the {size} youngest trials")
    _plot_mutations(right, mutations)
    legend_below(figure, [
        Patch(facecolor=BLUE, alpha=0.2, label="living: from worst to best"),
        Line2D([], [], color=BLUE, label="living: median"),
        Patch(facecolor="white", edgecolor=GREY, label="children"),
        Patch(facecolor=GREEN, edgecolor=GREY, label="children better than the parent"),
    ])  # fmt: skip
    return figure


def _plot_mutations(axes: Axes, mutations: Mutations) -> None:
    """All children behind, those better than their parents in front."""
    rows = np.arange(len(mutations.names))
    axes.barh(rows, mutations.children, color="white", edgecolor=GREY, height=0.7)
    axes.barh(rows, mutations.better, color=GREEN, edgecolor=GREY, height=0.7)
    axes.set_yticks(rows, mutations.names)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("children in which it changed")
    axes.set_title("Which mutations helped")


class EvolutionChapter(Chapter):
    """The family tree of the trials."""

    template = "evolution"

    def __init__(self, search: Search) -> None:
        from aerial_nni.tuners.evolution import COARSEST, FINEST  # here, as it imports nni

        super().__init__(search)
        self.finest, self.coarsest = FINEST, COARSEST

    @property
    def population(self) -> int:
        """Trials that are alive at a time."""
        return int(self.tuner.population)

    @property
    def sample(self) -> int:
        """Trials in a tournament."""
        return int(self.tuner.sample)

    @property
    def best_is_drawn(self) -> float:
        """Probability that a tournament has the best member in it."""
        return 1 - (1 - 1 / self.population) ** self.sample

    @cached_property
    def found(self) -> list[Descent]:
        """Every child with its parent."""
        return descents(self.search)

    @property
    def children(self) -> int:
        """Children with a score."""
        return sum(descent.child.score is not None for descent in self.found)

    @property
    def better(self) -> int:
        """Children that scored higher than their parents."""
        return sum(descent.better for descent in self.found)

    @property
    def longest_line(self) -> int:
        """Generations of the longest line."""
        return max(generations(self.found).values())

    @property
    def line(self) -> list[Descent]:
        """How the best trial descends from a start-up trial; empty if it is one."""
        return ancestors(self.found, self.search.best)

    def draw(self) -> dict[str, Figure]:
        """The family tree, and the population with what its mutations were worth."""
        if not self.found:
            return {}
        return {
            "method-lineage": plot_lineage(self.search, self.found),
            "method-population": plot_population(
                self.search, mutations_info(self.search, self.found), size=self.population
            ),
        }
