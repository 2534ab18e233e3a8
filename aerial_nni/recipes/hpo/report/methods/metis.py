"""Method 6, Metis: mean and uncertainty, and what each trial was for."""

from collections import Counter

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from aerial_nni.recipes.hpo.report.methods.gp import GPChapter
from aerial_nni.recipes.hpo.report.methods.plane import Surface, plot_plane
from aerial_nni.reporting.search.marks import best_place, focus, mark, name_of
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.style import (
    BLUE,
    GREEN,
    INK,
    PINK,
    VERMILLION,
    legend_below,
    new_figure,
    styled,
)

LOOKS = {"exploitation": ("o", BLUE), "exploration": ("s", GREEN), "re-sampling": ("D", PINK)}
"""Origin of a trial -> its marker and colour."""


@styled
def plot_purposes(search: Search) -> Figure:
    """Every trial by its score, marked by what it was for."""
    figure = new_figure(3.4)
    axes = figure.add_subplot()
    origins = np.array([tried.origin for tried in search.scored])
    numbers = np.array([tried.number for tried in search.scored])
    others = ~np.isin(origins, list(LOOKS))
    axes.plot(numbers[others], search.scores[others], "o", color=INK, markerfacecolor="white",
              markersize=6)  # fmt: skip
    for origin, (marker, colour) in LOOKS.items():
        own = origins == origin
        axes.plot(numbers[own], search.scores[own], marker, color=colour, markersize=6)
    place = best_place(search)
    axes.plot(numbers[place], search.scores[place], "*", color=VERMILLION, markersize=14,
              markeredgecolor="white")  # fmt: skip
    low, high = focus(search.scores)
    axes.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.set_xlabel("trial")
    axes.set_ylabel("mean IoU on the validation patches")
    axes.set_title("What each trial was for")
    entries = [mark(name, *look) for name, look in LOOKS.items() if name in origins]
    if others.any():
        rest = (tried for tried in search.scored if tried.origin not in LOOKS)
        entries.insert(0, mark(name_of(rest), "o", INK, "white"))
    legend_below(figure, [*entries, mark("best trial", "*", VERMILLION, size=11)])
    return figure


class MetisChapter(GPChapter):
    """The tuner's own model, and what it was asked for."""

    template = "metis"

    def draw(self) -> dict[str, Figure]:
        """What each trial was for; mean and uncertainty where there are two parameters."""
        figures = {"method-purposes": plot_purposes(self.search)}
        if len(self.search.space.parameters) > 1:
            figures["method-surface"] = plot_plane(self.search, self.surfaces())
        return figures

    def surfaces(self) -> list[Surface]:
        """What is drawn over two parameters."""
        return [
            Surface(
                title="What the model expects",
                label="predicted mean IoU",
                values=lambda points: -self.model.predict(points)[0],
                peak="best predicted here: exploitation",
            ),
            Surface(
                title="How little it knows",
                label="deviation of the prediction, mean IoU",
                values=lambda points: self.model.predict(points)[1],
                colours="cividis",
                peak="least known here",
                marker="X",
            ),
        ]

    @property
    def purposes(self) -> dict[str, int]:
        """How many trials served each purpose, the most common one first."""
        origins = (tried.origin for tried in self.search.tried if tried.origin in LOOKS)
        return dict(Counter(origins).most_common())
