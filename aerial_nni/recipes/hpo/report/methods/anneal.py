"""Method 2, simulated annealing: its text, and how the neighbourhood shrank."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from aerial_nni.recipes.hpo.report.axes import parameter_axis
from aerial_nni.recipes.hpo.report.marks import COLOURS, colours, is_chosen, mark, name_of
from aerial_nni.recipes.hpo.report.methods.anneal_text import CENTRE, IDEA, LIMITS, WIDTH
from aerial_nni.recipes.hpo.report.methods.chapter import Chapter, on_records
from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.reporting.format import percent
from aerial_nni.reporting.style import GREEN, INK, SKY, legend_below, new_figure, styled

ROWS = 3
"""Parameters whose values are drawn, the most important ones."""

Width = Callable[[int], float]
"""Trials that ended -> width of the neighbourhood, as a part of each parameter's range."""


@styled
def draw_neighbourhood(search: Search, width: Width) -> Figure:
    """Values of the most important parameters by trial, with the neighbourhood of the best one."""
    columns = search.importance.order[:ROWS]
    figure = new_figure(1.75 * len(columns) + 0.9)
    panels = figure.subplots(len(columns), 1, sharex=True, squeeze=False)[:, 0]
    for axes, column in zip(panels, columns, strict=True):
        _values(axes, search, column, width)
        parameter_axis(axes, search.space.parameters[column], vertical=True)
    panels[-1].set_xlabel("trial")
    panels[-1].xaxis.set_major_locator(MaxNLocator(12, integer=True))
    panels[0].set_title("Where each trial lay, and the neighbourhood of the best one before it")
    bar = figure.colorbar(panels[0].collections[-1], ax=list(panels), pad=0.01, aspect=40)
    bar.set_label("mean IoU")
    rings = [tried for tried in search.scored if not tried.chosen]
    banded = any(search.space.parameters[c].kind != "categorical" for c in columns)
    legend_below(figure, [
        *([Patch(facecolor=SKY, alpha=0.35, label="neighbourhood of the best trial so far")]
          if banded and len(rings) < len(search.scored) else []),
        Line2D([], [], color=INK, linewidth=1, label="best trial so far"),
        *([mark(name_of(rings), "o", INK, "none", size=8)] if rings else []),
        mark("trial, coloured by its score", "o", GREEN, size=5),
    ])  # fmt: skip
    return figure


def _values(axes: Axes, search: Search, column: int, width: Width) -> None:
    """One parameter's values; discs are coloured by score, with a ring where no result chose."""
    numbers = np.array([tried.number for tried in search.scored])
    units, chosen = search.units[:, column], is_chosen(search)
    best = np.array([search.scores[: i + 1].argmax() for i in range(len(numbers))])
    guided = numbers >= max(1, search.startup)
    if search.space.parameters[column].kind != "categorical":
        half = np.array([width(int(number)) / 2 for number in numbers])
        middle = np.clip(units[best], half, 1 - half)
        axes.fill_between((numbers + 0.5)[guided], (middle - half)[guided],
                          (middle + half)[guided], step="post", color=SKY, alpha=0.35,
                          linewidth=0)  # fmt: skip
    axes.step(numbers + 0.5, units[best], where="post", color=INK, linewidth=1)
    axes.scatter(numbers[~chosen], units[~chosen], s=60, facecolors="none", edgecolors=INK,
                 zorder=4)  # fmt: skip
    axes.scatter(numbers, units, s=26, c=search.scores, cmap=COLOURS, norm=colours(search.scores),
                 edgecolors="white", linewidths=0.6, zorder=5)  # fmt: skip


class AnnealChapter(Chapter):
    """The trials inside their shrinking neighbourhood."""

    def width(self, trials: int) -> float:
        """Width of the neighbourhood after so many trials."""
        from aerial_nni.tuners.anneal import neighbourhood_width  # here, as it imports nni

        return neighbourhood_width(trials, shrink=self.tuner.shrink)

    def draw(self) -> dict[str, Figure]:
        """The values of every trial inside the neighbourhood."""
        return {"method-neighbourhood": draw_neighbourhood(self.search, self.width)}

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with how far the neighbourhood shrank."""
        share = 1 / self.tuner.average_rank
        centre = (
            CENTRE.replace("{rank}", f"{self.tuner.average_rank:g}")
            .replace("{share}", percent(share))
            .replace("{second}", percent(share * (1 - share)))
        )
        width = WIDTH.replace("{shrink}", f"{self.tuner.shrink:g}")
        for trials in (10, 30, 100):
            width = width.replace(f"{{after{trials}}}", percent(self.width(trials)))
        return "\n\n".join(
            [
                IDEA,
                centre,
                width,
                "![Values of parameters by trial, inside the neighbourhood of the best trial so "
                f"far]({links['method-neighbourhood']})",
                "*Figure: the values of every trial of this search, coloured by score. The band is "
                "the neighbourhood around the best trial until then; a trial outside it had "
                "another good trial as its centre, or leapt along a parameter with steps. "
                "Categories have no band.*",
                f"### In this search\n\n{on_records(self.search)} At the end the neighbourhood "
                f"is {percent(self.width(len(self.search.tried)))} of each range wide.",
                LIMITS,
            ]
        )
