"""Method 2, simulated annealing: how the neighbourhood shrank."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from aerial_nni.recipes.hpo.report.methods.chapter import Chapter
from aerial_nni.reporting.search.axes import parameter_axis
from aerial_nni.reporting.search.marks import COLOURS, colours, is_chosen, mark, name_of
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.style import GREEN, INK, SKY, legend_below, new_figure, styled
from aerial_nni.tuners.parameter import Parameter

ROWS = 3
"""Parameters whose values are drawn, the most important ones."""

Width = Callable[[int], float]
"""Trials that ended -> width of the neighbourhood, as a part of each parameter's range."""


@dataclass(frozen=True)
class Course:
    """The values of one parameter by trial; places on its unit axis, each of shape (n,)."""

    parameter: Parameter
    numbers: np.ndarray
    """Of the scored trials."""
    units: np.ndarray
    best: np.ndarray
    """Of the best trial until then."""
    low: np.ndarray
    """Where the neighbourhood began, NaN for categories and before results guided."""
    high: np.ndarray


def neighbourhood_info(search: Search, width: Width) -> list[Course]:
    """Values of the most important parameters, with the neighbourhood of the best trial so far."""
    numbers = np.array([tried.number for tried in search.scored])
    best = np.array([search.scores[: i + 1].argmax() for i in range(len(numbers))])
    half = np.array([width(int(number)) / 2 for number in numbers])
    guided = numbers >= max(1, search.startup)
    courses = []
    for column in search.importance.order[:ROWS]:
        parameter, units = search.space.parameters[column], search.units[:, column]
        banded = guided & (parameter.kind != "categorical")
        middle = np.where(banded, np.clip(units[best], half, 1 - half), np.nan)
        courses.append(Course(parameter, numbers, units, units[best], middle - half, middle + half))
    return courses


@styled
def plot_neighbourhood(search: Search, width: Width) -> Figure:
    """A panel for each parameter, the trials coloured by score."""
    courses = neighbourhood_info(search, width)
    figure = new_figure(1.75 * len(courses) + 0.9)
    panels = figure.subplots(len(courses), 1, sharex=True, squeeze=False)[:, 0]
    for axes, course in zip(panels, courses, strict=True):
        _plot_course(axes, search, course)
        parameter_axis(axes, course.parameter, vertical=True)
    panels[-1].set_xlabel("trial")
    panels[-1].xaxis.set_major_locator(MaxNLocator(12, integer=True))
    panels[0].set_title("Where each trial lay, and the neighbourhood of the best one before it")
    bar = figure.colorbar(panels[0].collections[-1], ax=list(panels), pad=0.01, aspect=40)
    bar.set_label("mean IoU")
    rings = [tried for tried in search.scored if not tried.chosen]
    banded = any(course.parameter.kind != "categorical" for course in courses)
    legend_below(figure, [
        *([Patch(facecolor=SKY, alpha=0.35, label="neighbourhood of the best trial so far")]
          if banded and len(rings) < len(search.scored) else []),
        Line2D([], [], color=INK, linewidth=1, label="best trial so far"),
        *([mark(name_of(rings), "o", INK, "none", size=8)] if rings else []),
        mark("trial, coloured by its score", "o", GREEN, size=5),
    ])  # fmt: skip
    return figure


def _plot_course(axes: Axes, search: Search, course: Course) -> None:
    """Discs are coloured by score, with a ring where no result chose."""
    numbers, units, chosen = course.numbers, course.units, is_chosen(search)
    axes.fill_between(numbers + 0.5, course.low, course.high, step="post", color=SKY, alpha=0.35,
                      linewidth=0)  # fmt: skip
    axes.step(numbers + 0.5, course.best, where="post", color=INK, linewidth=1)
    axes.scatter(numbers[~chosen], units[~chosen], s=60, facecolors="none", edgecolors=INK,
                 zorder=4)  # fmt: skip
    axes.scatter(numbers, units, s=26, c=search.scores, cmap=COLOURS, norm=colours(search.scores),
                 edgecolors="white", linewidths=0.6, zorder=5)  # fmt: skip


class AnnealChapter(Chapter):
    """The trials inside their shrinking neighbourhood."""

    template = "anneal"

    @property
    def rank(self) -> float:
        """Mean rank of the centre of a neighbourhood."""
        return float(self.tuner.average_rank)

    @property
    def share(self) -> float:
        """Share of the suggestions around the best trial."""
        return 1 / self.rank

    @property
    def shrink(self) -> float:
        """How fast the neighbourhood becomes narrow."""
        return float(self.tuner.shrink)

    def width(self, trials: int) -> float:
        """Width of the neighbourhood after so many trials."""
        from aerial_nni.tuners.anneal import neighbourhood_width  # here, as it imports nni

        return neighbourhood_width(trials, shrink=self.shrink)

    def draw(self) -> dict[str, Figure]:
        """The values of every trial inside the neighbourhood."""
        return {"method-neighbourhood": plot_neighbourhood(self.search, self.width)}
