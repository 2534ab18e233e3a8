"""Method 8, a Gaussian process: its text, and what its model makes of the trials."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.axes import write_value
from aerial_nni.recipes.hpo.report.methods.chapter import Chapter, on_records
from aerial_nni.recipes.hpo.report.methods.gp_text import CHOICE, IDEA, LIMITS, MODEL
from aerial_nni.recipes.hpo.report.methods.plane import (
    Surface,
    Values,
    draw_plane,
    improvement_of,
    on_pair,
)
from aerial_nni.recipes.hpo.report.methods.slices import draw_slices
from aerial_nni.reporting.format import pluralize
from aerial_nni.tuners.encoding import APART
from aerial_nni.tuners.gaussian_process import EXTREME, GaussianProcess
from aerial_nni.tuners.gp import DRAWS
from aerial_nni.tuners.kernel import LEVEL

PROCESS = (
    MODEL.replace("{apart}", f"{APART:g}")
    .replace("{level}", f"{LEVEL:g}")
    .replace("{extreme}", f"{EXTREME:g}")
)
"""The text on the model, with the tuner's numbers."""


class GPChapter(Chapter):
    """The tuner's own model, fitted to all trials of the search."""

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

    def draw(self) -> dict[str, Figure]:
        """Slices, and surfaces of mean and expected improvement where there are two parameters."""
        figures = {"method-slices": draw_slices(self.search, self.model, self.improvement)}
        if len(self.search.space.parameters) > 1:
            figures["method-surface"] = draw_plane(self.search, self.surfaces())
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

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with what the model says of this search."""
        parts = [
            IDEA,
            PROCESS,
            *self._surface(links),
            CHOICE.replace("{draws}", str(DRAWS)),
            "![Predicted mean IoU with its uncertainty along single parameters, and the expected "
            f"improvement]({links['method-slices']})",
            "*Figure: the same model along single parameters, through the best trial. The band is "
            "the model's uncertainty about the function; trials lie off the line because their "
            "other parameters differ. Below, the expected improvement along the same line.*",
            f"### In this search\n\n{on_records(self.search)} {self._here()}",
            LIMITS,
        ]
        return "\n\n".join(parts)

    def _surface(self, links: Mapping[str, str]) -> list[str]:
        """The figure of the two surfaces, where there are two parameters."""
        if "method-surface" not in links:
            return []
        return [
            "![Predicted mean IoU and expected improvement over two parameters, with the trials]"
            f"({links['method-surface']})",
            f"*Figure: the model fitted to all trials of this search, over {on_pair(self.search)}. "
            "Left the predicted mean IoU, right the expected improvement that would choose a "
            "further trial. The marks are the trials; they were made with other values of the "
            "parameters that are not shown, so the colour under a mark is not its score.*",
        ]

    def _here(self) -> str:
        """What the fitted model says in numbers."""
        model, space = self.model, self.search.space
        anywhere = np.random.default_rng(0).random((4000, len(space.parameters)))
        points = np.array([space.snap(point) for point in anywhere])
        values = self.improvement(points)
        place = int(values.argmax())
        loss, deviation = (float(v[0]) for v in model.predict(points[place : place + 1]))
        config = ", ".join(
            f"`{k}` {write_value(v)}" for k, v in space.decode(points[place]).items()
        )
        little = values[place] < 0.1 * max(1e-9, float(self.search.scores.std()))
        return (
            f"The model fitted to all {pluralize(len(model.losses), 'trial')} takes the noise of "
            "one "
            f"trial to be {self.noise:.4f} mean IoU. Among 4,000 random configurations the one "
            f"with the highest expected improvement ({float(values[place]):.4f}) is {config}, with "
            f"a predicted mean IoU of {-loss:.4f} ± {deviation:.4f}: "
            f"{'the model sees little left to gain' if little else 'the model would still go on'}."
        )
