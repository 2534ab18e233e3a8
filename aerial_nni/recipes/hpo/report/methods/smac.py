"""Method 4, SMAC: its text, and what its forest says of the parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.axes import grid_of, parameter_axis
from aerial_nni.recipes.hpo.report.marks import mark
from aerial_nni.recipes.hpo.report.methods.chapter import Chapter, on_records
from aerial_nni.recipes.hpo.report.methods.plane import Surface, draw_plane, on_pair
from aerial_nni.recipes.hpo.report.methods.slices import POINTS, band, band_handles
from aerial_nni.recipes.hpo.report.methods.smac_text import CHOICE, IDEA, LIMITS, MODEL
from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.reporting.format import percent
from aerial_nni.reporting.style import INK, legend_below, new_figure, styled

PANELS = 4
"""Parameters shown, the most important ones."""
BACKGROUND = 300
"""Random configurations over which a marginal prediction is the mean."""


@dataclass(frozen=True)
class Scored:
    """The tuner's forest, with what it predicts turned back into mean IoU."""

    forest: Any
    """Of logarithms of scaled losses, see `tuners.smac`."""
    scaled: np.ndarray
    """The losses that it was fitted to, scaled, rising: shape (n,)."""
    scores: np.ndarray
    """The same as mean IoU."""
    best: float
    """The least logarithm that it predicts at the trials."""

    def predict(self, points: np.ndarray, *, deviations: float = 0.0) -> np.ndarray:
        """Mean IoU at points (m, d), shape (m,), so many deviations over the trees higher."""
        mean, variance = (v[:, 0] for v in self.forest.predict_marginalized(points))
        scores: np.ndarray = np.interp(
            np.exp(mean - deviations * np.sqrt(variance)), self.scaled, self.scores
        )
        return scores

    def improvement(self, points: np.ndarray) -> np.ndarray:
        """The tuner's own criterion at points (m, d), shape (m,)."""
        from aerial_nni.tuners.smac import expected_improvement  # here, as it imports nni

        return expected_improvement(self.forest, points, self.best)


def grown(tuner: Any) -> Scored:
    """The tuner's forest given all trials."""
    from aerial_nni.tuners.smac import grow, log_scaled  # here, as it imports nni

    units, losses = tuner.observed()
    targets = log_scaled(losses)
    forest = grow(units, targets, seed=0)
    order = np.argsort(losses)
    best = float(forest.predict_marginalized(units)[0].min())
    return Scored(forest, np.exp(targets[order]), -losses[order], best)


@styled
def draw_marginals(search: Search, model: Scored) -> Figure:
    """Predicted mean IoU along single parameters, over random values of all the others."""
    columns = search.importance.order[:PANELS]
    across = min(2, len(columns))
    rows = -(-len(columns) // across)
    figure = new_figure(2.5 * rows + 0.6)
    grid = figure.subplots(rows, across, squeeze=False, sharey=True)
    for axes in grid.flat[len(columns) :]:
        axes.set_axis_off()
    for axes, column in zip(grid.flat, columns, strict=False):
        parameter = search.space.parameters[column]
        ticks = grid_of(parameter, POINTS)
        mean, low, high = (marginal(search, model, column, ticks, d) for d in (0.0, -2.0, 2.0))
        band(axes, ticks, mean, low, high)
        axes.plot(search.units[:, column], np.full(len(search.units), 0.03), "|", color=INK,
                  markersize=8, transform=axes.get_xaxis_transform())  # fmt: skip
        axes.set_title(parameter.name)
        parameter_axis(axes, parameter)
    for axes in grid[:, 0]:
        axes.set_ylabel("predicted mean IoU")
    legend_below(figure, [
        *band_handles("mean of the trees", "± 2 deviations over the trees"),
        mark("trials", "|", INK, size=8),
    ])  # fmt: skip
    return figure


def marginal(
    search: Search, model: Scored, column: int, ticks: np.ndarray, deviations: float
) -> np.ndarray:
    """The mean prediction at ticks (m,) of one coordinate, shape (m,)."""
    background = np.random.default_rng(0).random((BACKGROUND, len(search.space.parameters)))
    background = np.array([search.space.snap(point) for point in background])
    points = np.repeat(background[None], len(ticks), axis=0)  # (m, background, d)
    points[:, :, column] = ticks[:, None]
    predicted = model.predict(points.reshape(-1, points.shape[2]), deviations=deviations)
    means: np.ndarray = predicted.reshape(len(ticks), BACKGROUND).mean(axis=1)
    return means


class SMACChapter(Chapter):
    """The tuner's own forest, fitted to all trials of the search."""

    @cached_property
    def model(self) -> Scored | None:
        """The forest given all trials; None where SMAC3 is not installed."""
        try:
            return grown(self.tuner)
        except ImportError:
            return None

    def draw(self) -> dict[str, Figure]:
        """Marginal predictions, and surfaces of mean and improvement."""
        if self.model is None:
            return {}
        figures = {"method-marginals": draw_marginals(self.search, self.model)}
        if len(self.search.space.parameters) > 1:
            figures["method-surface"] = draw_plane(self.search, self._surfaces(self.model))
        return figures

    def _surfaces(self, model: Scored) -> list[Surface]:
        return [
            Surface(
                title="What the forest expects",
                label="predicted mean IoU",
                values=model.predict,
            ),
            Surface(
                title="Where trying is worth it",
                label="expected improvement of the scaled loss (log scale)",
                values=model.improvement,
                colours="magma",
                decades=3,
                peak="highest expected improvement here",
            ),
        ]

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with what the forest says of this search."""
        from aerial_nni.tuners.smac import RANDOM_SHARE, TREES  # here, as it imports nni

        share = self.search.method["class_args"].get("random_share", RANDOM_SHARE)
        return "\n\n".join(
            [
                IDEA,
                MODEL.replace("{trees}", str(TREES)),
                *self._marginals(links),
                CHOICE.replace("{random}", percent(share)),
                *self._surface(links),
                f"### In this search\n\n{on_records(self.search)}",
                LIMITS,
            ]
        )

    def _marginals(self, links: Mapping[str, str]) -> list[str]:
        if "method-marginals" not in links:
            return ["SMAC3 is not installed where this was written, so its forest is not drawn."]
        return [
            "![Marginal predictions of the forest along single parameters]"
            f"({links['method-marginals']})",
            "*Figure: the tuner's forest, fitted to all trials of this search. Along each "
            f"parameter it shows the mean prediction over {BACKGROUND} random values of all other "
            "parameters, and likewise what lies two deviations above and below: where the trees "
            "disagree, the forest is unsure.*",
        ]

    def _surface(self, links: Mapping[str, str]) -> list[str]:
        if "method-surface" not in links:
            return []
        return [
            "![Predicted mean IoU and expected improvement over two parameters, with the trials]"
            f"({links['method-surface']})",
            f"*Figure: the same forest over {on_pair(self.search)}. Left the predicted mean IoU, "
            "right the expected improvement that would choose a further trial; both are made of "
            "steps. The marks are the trials; their other parameters differ, so the colour under a "
            "mark is not its score.*",
        ]
