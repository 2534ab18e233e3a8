"""Method 3, regularised evolution: its text, and the family tree of the trials."""

from collections import Counter
from collections.abc import Mapping
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from aerial_nni.recipes.hpo.report.marks import best_place, focus, handles, is_chosen
from aerial_nni.recipes.hpo.report.methods.chapter import Chapter
from aerial_nni.recipes.hpo.report.methods.evolution_text import IDEA, LIMITS, MUTATION, SELECTION
from aerial_nni.recipes.hpo.report.methods.lineage import (
    Descent,
    ancestors,
    descents,
    generations,
    living,
)
from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.reporting.format import join_and, percent, pluralize
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
def draw_lineage(search: Search, found: list[Descent]) -> Figure:
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


@styled
def draw_population(search: Search, found: list[Descent], *, size: int) -> Figure:
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
    _mutations(right, search, found)
    legend_below(figure, [
        Patch(facecolor=BLUE, alpha=0.2, label="living: from worst to best"),
        Line2D([], [], color=BLUE, label="living: median"),
        Patch(facecolor="white", edgecolor=GREY, label="children"),
        Patch(facecolor=GREEN, edgecolor=GREY, label="children better than the parent"),
    ])  # fmt: skip
    return figure


def _mutations(axes: Axes, search: Search, found: list[Descent]) -> None:
    """Children by the parameters that changed, those better than their parents in front."""
    counts = Counter(name for descent in found for name in descent.changed)
    better = Counter(name for d in found if d.better for name in d.changed)
    names = sorted(search.space.names, key=lambda name: -counts[name])
    rows = np.arange(len(names))
    axes.barh(rows, [counts[name] for name in names], color="white", edgecolor=GREY, height=0.7)
    axes.barh(rows, [better[name] for name in names], color=GREEN, edgecolor=GREY, height=0.7)
    axes.set_yticks(rows, names)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("children in which it changed")
    axes.set_title("Which mutations helped")


def _here(search: Search, found: list[Descent]) -> str:
    """What the family tree of this search says in numbers."""
    scored = [descent for descent in found if descent.child.score is not None]
    if not scored:
        return "### In this search\n\nNo trial has a parent: results guided none of them."
    better = sum(descent.better for descent in scored)
    line = ancestors(found, search.best)
    depth = max(generations(found).values())
    text = [
        f"{better} of {len(scored)} children ({percent(better / len(scored))}) scored higher than "
        f"their parents. The longest line has {pluralize(depth, 'generation')}."
    ]
    if line:
        founder = line[0].parent
        steps = [
            f"{join_and([f'`{n}`' for n in d.changed])} (trial {d.child.number})" for d in line
        ]
        text.append(
            f"The best trial descends from trial {founder.number} over "
            f"{pluralize(len(line), 'generation')}; what changed on the way: "
            f"{', then '.join(steps)}."
        )
    else:
        text.append("The best trial has no parent: chance found it, not evolution.")
    return "### In this search\n\n" + " ".join(text)


class EvolutionChapter(Chapter):
    """The family tree of the trials."""

    @cached_property
    def found(self) -> list[Descent]:
        """Every child with its parent."""
        return descents(self.search)

    def draw(self) -> dict[str, Figure]:
        """The family tree, and the population with what its mutations were worth."""
        if not self.found:
            return {}
        size = self.tuner.population
        return {
            "method-lineage": draw_lineage(self.search, self.found),
            "method-population": draw_population(self.search, self.found, size=size),
        }

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with the best trial's ancestors."""
        from aerial_nni.tuners.evolution import COARSEST, FINEST  # here, as it imports nni

        population, sample = self.tuner.population, self.tuner.sample
        often = 1 - (1 - 1 / population) ** sample
        mutation = MUTATION.replace("{finest}", f"{FINEST:g}").replace(
            "{coarsest}", f"{COARSEST:g}"
        )
        return "\n\n".join(
            [
                IDEA,
                SELECTION,
                f"In this search the population has **{population}** trials and a tournament "
                f"**{sample}**, so the best member is among those drawn, and the parent, with a "
                f"probability of {percent(often)}. The paper's numbers (100 and 25) are for "
                "searches of thousands of trials.",
                *self._lineage(links),
                mutation,
                *self._population(links),
                _here(self.search, self.found),
                LIMITS,
            ]
        )

    def _lineage(self, links: Mapping[str, str]) -> list[str]:
        if "method-lineage" not in links:
            return []
        return [
            "![Family tree of the trials, with the best trial's ancestors]"
            f"({links['method-lineage']})",
            "*Figure: every trial of this search at its score, joined to the trial whose mutation "
            "it is. Trials far below the others lie outside.*",
        ]

    def _population(self, links: Mapping[str, str]) -> list[str]:
        if "method-population" not in links:
            return []
        return [
            "![Scores of the living population, and how often a mutation of each parameter "
            f"helped]({links['method-population']})",
            "*Figure: left the scores of the trials that could have children at each time; they "
            "rise when old, worse trials die and better children take their places. Right how many "
            "children had each parameter changed, and how many of them were better than their "
            "parents; a child with two changes counts in two rows.*",
        ]
