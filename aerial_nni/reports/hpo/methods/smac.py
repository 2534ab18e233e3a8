"""Method 4, SMAC: its text, and what its forest says of the parameters."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aerial_nni.reports.hpo.axes import grid_of, parameter_axis
from aerial_nni.reports.hpo.methods.chapter import Chapter
from aerial_nni.reports.hpo.methods.foresight import (
    Foresight,
    draw_foresight,
    look_ahead,
    on_foresight,
)
from aerial_nni.reports.hpo.methods.forest import TREES, Forest, grow
from aerial_nni.reports.hpo.methods.gp import on_pair
from aerial_nni.reports.hpo.methods.plane import Surface, Values, draw_plane
from aerial_nni.reports.hpo.methods.replica import tuner_of
from aerial_nni.reports.hpo.methods.slices import few
from aerial_nni.reports.hpo.methods.smac_text import CHOICE, IDEA, LIMITS, MODEL
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.style import BLUE, GREY, INK, legend_below, new_figure, styled
from aerial_nni.reports.words import percent

PANELS = 4
"""Parameters shown, the most important ones."""
BACKGROUND = 300
"""Random configurations over which a marginal prediction is the mean."""


def improvement(search: Search, forest: Forest) -> Values:
    """The tuner's own criterion, asked of the forest."""
    from aerial_nni.tuners.smac import expected_improvement  # here, as it imports nni

    best = float(forest.predict_marginalized(search.observed()[0])[0].min())
    return lambda points: expected_improvement(forest, points, best)


@styled
def draw_marginals(search: Search, forest: Forest) -> Figure:
    """Predicted mean IoU along single parameters, over random values of all the others."""
    columns = search.importance.order[:PANELS]
    across = min(2, len(columns))
    rows = -(-len(columns) // across)
    figure = new_figure(2.5 * rows + 0.6)
    grid = figure.subplots(rows, across, squeeze=False, sharey=True)
    for place, axes in enumerate(grid.flat):
        if place >= len(columns):
            axes.set_axis_off()
            continue
        _marginal(axes, search, forest, columns[place])
        if place % across == 0:
            axes.set_ylabel("predicted mean IoU")
    legend_below(figure, [
        Line2D([], [], color=BLUE, label=f"mean of {TREES} trees"),
        Patch(facecolor=BLUE, alpha=0.2, label="± 2 deviations over the trees"),
        Line2D([], [], color=GREY, linewidth=0.7, label="single trees"),
        Line2D([], [], color=INK, marker="|", linestyle="", markersize=8, label="trials"),
    ])  # fmt: skip
    return figure


def _marginal(axes: Axes, search: Search, forest: Forest, column: int) -> None:
    parameter = search.space.parameters[column]
    ticks = grid_of(parameter, 121)
    trees = marginal(search, forest, column, ticks)
    mean, deviation = trees.mean(axis=0), trees.std(axis=0)
    if few(ticks):
        axes.errorbar(ticks, mean, yerr=2 * deviation, fmt="_", color=BLUE, markersize=18,
                      elinewidth=8, alpha=0.3, markeredgewidth=2)  # fmt: skip
        axes.plot(ticks, mean, "_", color=BLUE, markersize=18, markeredgewidth=2)
        shifts = np.linspace(-0.1, 0.1, len(trees)) / len(ticks)
        for shift, tree in zip(shifts, trees, strict=True):
            axes.plot(ticks + shift, tree, ".", color=GREY, markersize=2.5)
    else:
        axes.plot(ticks, trees.T, color=GREY, linewidth=0.6, alpha=0.7)
        axes.fill_between(ticks, mean - 2 * deviation, mean + 2 * deviation, color=BLUE,
                          alpha=0.2, linewidth=0)  # fmt: skip
        axes.plot(ticks, mean, color=BLUE)
    axes.plot(search.units[:, column], np.full(len(search.units), 0.03), "|", color=INK,
              markersize=8, transform=axes.get_xaxis_transform())  # fmt: skip
    axes.set_title(parameter.name)
    parameter_axis(axes, parameter)


def marginal(search: Search, forest: Forest, column: int, ticks: np.ndarray) -> np.ndarray:
    """Each tree's mean prediction at ticks (m,) of one coordinate, shape (trees, m)."""
    generator = np.random.default_rng(0)
    background = generator.random((BACKGROUND, len(search.space.parameters)))
    background = np.array([search.space.snap(point) for point in background])
    points = np.repeat(background[None], len(ticks), axis=0)  # (m, background, d)
    points[:, :, column] = ticks[:, None]
    losses = forest.each(points.reshape(-1, points.shape[2]))
    return -losses.reshape(TREES, len(ticks), BACKGROUND).mean(axis=2)


class SMACChapter(Chapter):
    """A forest as the tuner's, fitted to all trials of the search."""

    @cached_property
    def forest(self) -> Forest:
        """The forest given all trials."""
        return grow(*self.search.observed())

    @cached_property
    def foresight(self) -> Foresight:
        """What a forest said of each guided trial before it ran."""
        return look_ahead(self.search, grow)

    def draw(self) -> dict[str, Figure]:
        """Marginal predictions, surfaces of mean and improvement, predictions against outcomes."""
        figures = {"method-marginals": draw_marginals(self.search, self.forest)}
        if len(self.search.space.parameters) > 1:
            figures["method-surface"] = draw_plane(self.search, self._surfaces())
        if self.foresight.tried:
            figures["method-foresight"] = draw_foresight(self.search, self.foresight)
        return figures

    def _surfaces(self) -> list[Surface]:
        return [
            Surface(
                title="What the forest expects",
                label="predicted mean IoU",
                values=lambda points: -self.forest.predict(points)[0],
            ),
            Surface(
                title="Where trying is worth it",
                label="expected improvement of the scaled loss (log scale)",
                values=improvement(self.search, self.forest),
                colours="magma",
                decades=3,
                peak="highest expected improvement here",
            ),
        ]

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with what the forest knew of this search."""
        share = percent(tuner_of(self.search).random_share)
        return "\n\n".join(
            [
                IDEA,
                MODEL,
                "![Marginal predictions of the forest along the most important parameters]"
                f"({links['method-marginals']})",
                f"*Figure: a forest of {TREES} trees, fitted by scikit-learn with SMAC's settings "
                "to all trials of this search. Along each parameter it shows the mean prediction "
                "over random values of all other parameters, tree by tree: where the trees "
                "disagree, the forest is unsure.*",
                CHOICE.replace("{random}", share),
                *self._surface(links),
                "### In this search",
                *self._here(links),
                LIMITS,
            ]
        )

    def _surface(self, links: Mapping[str, str]) -> list[str]:
        if "method-surface" not in links:
            return []
        return [
            "![Predicted mean IoU and expected improvement over the two most important "
            f"parameters, with the trials]({links['method-surface']})",
            f"*Figure: the same forest over {on_pair(self.search)}. Left the predicted mean IoU, "
            "right the expected improvement that would choose a further trial; both are made of "
            "steps. The marks are the trials; their other parameters differ, so the colour under a "
            "mark is not its score.*",
        ]

    def _here(self, links: Mapping[str, str]) -> list[str]:
        if "method-foresight" not in links:
            return ["No trial was guided: all of them belong to the start-up."]
        return [
            f"![Prediction and outcome of each guided trial]({links['method-foresight']})",
            f"{on_foresight(self.foresight)} Some of these trials were drawn at random and not by "
            "the forest; the record does not say which.",
        ]
