"""Method 8, a Gaussian process: what its model makes of the trials."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.chapter import Chapter
from aerial_nni.recipes.hpo.report.methods.plane import (
    Surface,
    Values,
    improvement_of,
    plot_plane,
)
from aerial_nni.recipes.hpo.report.methods.slices import plot_slices, slices_info
from aerial_nni.reporting.search.axes import write_value
from aerial_nni.tuners.encoding import APART
from aerial_nni.tuners.gaussian_process import EXTREME, GaussianProcess
from aerial_nni.tuners.gp import DRAWS
from aerial_nni.tuners.kernel import LEVEL

RANDOM = 4000
"""Configurations at which the model is asked where to go on."""


@dataclass(frozen=True)
class Promising:
    """The random configuration with the highest expected improvement; scores are mean IoU."""

    config: list[str]
    improvement: float
    predicted: float
    deviation: float
    little_left: bool
    """Whether the improvement is small against the spread of the scores."""


class GPChapter(Chapter):
    """The tuner's own model, fitted to all trials of the search."""

    template = "gp"
    apart, level, extreme, draws, random = APART, LEVEL, EXTREME, DRAWS, RANDOM
    """Settings of the tuner, and of what is asked here."""

    @cached_property
    def model(self) -> GaussianProcess:
        """The process given all trials."""
        model: GaussianProcess = self.tuner.model()
        return model

    @cached_property
    def improvement(self) -> Values:
        """The function that the tuner makes as large as possible, in units of the mean IoU."""
        return improvement_of(self.tuner.improvement(np.random.default_rng(0)))

    @property
    def noise(self) -> float:
        """Deviation of the noise of one trial, mean IoU."""
        return self.model.scale * float(np.sqrt(self.model.hyper.noise))

    def slices(self) -> Figure:
        """Mean and expected improvement along single parameters."""
        info = slices_info(self.search, self.model, self.improvement)
        return plot_slices(self.search, info)

    def draw(self) -> dict[str, Figure]:
        """Slices, and surfaces of mean and expected improvement where there are two parameters."""
        figures = {"method-slices": self.slices()}
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
            ),
            Surface(
                title="Where trying is worth it",
                label="expected improvement of the mean IoU (log scale)",
                values=self.improvement,
                colours="magma",
                decades=3,
                peak="highest expected improvement here",
            ),
        ]

    @cached_property
    def next(self) -> Promising:
        """Where the model would go on."""
        model, space = self.model, self.search.space
        anywhere = np.random.default_rng(0).random((RANDOM, len(space.parameters)))
        points = np.array([space.snap(point) for point in anywhere])
        values = self.improvement(points)
        place = int(values.argmax())
        loss, deviation = (float(v[0]) for v in model.predict(points[place : place + 1]))
        config = space.decode(points[place])
        return Promising(
            config=[f"`{name}` {write_value(value)}" for name, value in config.items()],
            improvement=float(values[place]),
            predicted=-loss,
            deviation=deviation,
            little_left=bool(values[place] < 0.1 * max(1e-9, float(self.search.scores.std()))),
        )
