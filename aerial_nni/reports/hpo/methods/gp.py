"""Method 8, a Gaussian process: its text, and what its model makes of the trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.reports.hpo.axes import write_value
from aerial_nni.reports.hpo.methods.chapter import Chapter
from aerial_nni.reports.hpo.methods.foresight import (
    Foresight,
    draw_foresight,
    look_ahead,
    on_foresight,
)
from aerial_nni.reports.hpo.methods.gp_text import CHOICE, IDEA, LIMITS, MODEL
from aerial_nni.reports.hpo.methods.plane import Surface, Values, draw_plane
from aerial_nni.reports.hpo.methods.slices import draw_slices
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.words import listed, some
from aerial_nni.tuners.acquisition import LogExpectedImprovement
from aerial_nni.tuners.coordinates import Coordinates
from aerial_nni.tuners.gaussian_process import GaussianProcess, fit


def fitted(search: Search, units: np.ndarray, losses: np.ndarray) -> GaussianProcess:
    """The tuner's own model of losses (n,) at units (n, d)."""
    return fit(Coordinates.of(search.space), units, losses)


@dataclass(frozen=True)
class Outcome:
    """A process that predicts what a trial will give: the function with the noise on it."""

    model: GaussianProcess

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of a trial's loss at points (m, d), both (m,)."""
        mean, deviation = self.model.predict(points)
        noise = self.model.scale**2 * self.model.hyper.noise
        return mean, np.sqrt(deviation**2 + noise)


def predicted(model: GaussianProcess, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean IoU and its deviation at points (m, d), both (m,)."""
    mean, deviation = model.predict(points)
    return -mean, deviation


class GPChapter(Chapter):
    """The tuner's own model, fitted to all trials of the search."""

    @cached_property
    def model(self) -> GaussianProcess:
        """The process given all trials."""
        return fitted(self.search, *self.search.observed())

    @cached_property
    def foresight(self) -> Foresight:
        """What the model said of each guided trial before it ran."""
        return look_ahead(self.search, lambda *seen: Outcome(fitted(self.search, *seen)))

    @cached_property
    def improvement(self) -> Values:
        """The function that the tuner makes as large as possible, in units of the mean IoU."""
        best = float(self.model.predict(self.model.units)[0].min())
        acquisition = LogExpectedImprovement(self.model, best)
        return lambda points: np.exp(acquisition.values(points))

    def draw(self) -> dict[str, Figure]:
        """Surfaces of mean and expected improvement, slices, and predictions against outcomes."""
        figures = {
            "method-slices": draw_slices(
                self.search,
                lambda points: predicted(self.model, points),
                below=self.improvement,
                label="expected improvement",
            )
        }
        if len(self.search.space.parameters) > 1:
            figures["method-surface"] = draw_plane(self.search, self._surfaces())
        if self.foresight.tried:
            figures["method-foresight"] = draw_foresight(self.search, self.foresight)
        return figures

    def _surfaces(self) -> list[Surface]:
        return [
            Surface(
                title="What the model expects",
                label="predicted mean IoU",
                values=lambda points: predicted(self.model, points)[0],
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
            MODEL,
            *self._surface(links),
            CHOICE,
            "![Predicted mean IoU with its uncertainty along the most important parameters, and "
            f"the expected improvement]({links['method-slices']})",
            "*Figure: the same model along single parameters, through the best trial. The band is "
            "the model's uncertainty about the function; trials lie off the line because their "
            "other parameters differ. Below, the expected improvement along the same line.*",
            f"### In this search\n\n{self._here()}",
            *foresight_part(self.foresight, links),
            LIMITS,
        ]
        return "\n\n".join(parts)

    def _surface(self, links: Mapping[str, str]) -> list[str]:
        """The figure of the two surfaces, where there are two parameters."""
        if "method-surface" not in links:
            return []
        return [
            "![Predicted mean IoU and expected improvement over the two most important "
            f"parameters, with the trials]({links['method-surface']})",
            f"*Figure: the model fitted to all trials of this search, over {on_pair(self.search)}. "
            "Left the predicted mean IoU, right the expected improvement that would choose a "
            "further trial. The marks are the trials; they were made with other values of the "
            "parameters that are not shown, so the colour under a mark is not its score.*",
        ]

    def _here(self) -> str:
        """What the fitted model says in numbers."""
        model, space = self.model, self.search.space
        noise = model.scale * float(np.sqrt(model.hyper.noise))
        anywhere = np.random.default_rng(0).random((4000, len(space.parameters)))
        points = np.array([space.snap(point) for point in anywhere])
        values = self.improvement(points)
        place = int(values.argmax())
        mean, deviation = (float(v[0]) for v in predicted(model, points[place : place + 1]))
        config = ", ".join(
            f"`{k}` {write_value(v)}" for k, v in space.decode(points[place]).items()
        )
        little = values[place] < 0.1 * max(1e-9, float(self.search.scores.std()))
        return (
            f"The model fitted to all {some(len(model.losses), 'trial')} takes the noise of one "
            f"trial to be {noise:.4f} mean IoU. {self._scales()} Among 4,000 random configurations "
            f"the one with the highest expected improvement ({float(values[place]):.4f}) is "
            f"{config}, with a predicted mean IoU of {mean:.4f} ± {deviation:.4f}: "
            f"{'the model sees little left to gain' if little else 'the model would still go on'}."
        )

    def _scales(self) -> str:
        """The shortest and the longest length scales, where there are enough to tell apart."""
        names, scales = self.search.space.names, 1 / np.sqrt(self.model.hyper.weights)
        if len(names) < 4:
            return ""
        order = np.argsort(scales)
        short = [f"`{names[i]}` ({scales[i]:.2g})" for i in order[:2]]
        long = [f"`{names[i]}` ({scales[i]:.2g})" for i in order[::-1][:2]]
        return (
            "The shortest length scales, as shares of a parameter's range, are those of "
            f"{listed(short)}: along them the score changes fastest. The longest are those of "
            f"{listed(long)}."
        )


def on_pair(search: Search) -> str:
    """Which two parameters a plane is over, and what the others are."""
    pair = [f"`{name}`" for name in search.importance.first[:2]]
    return (
        f"{listed(pair)}, the two that mattered most; all other parameters have the best trial's "
        "values"
    )


def foresight_part(foresight: Foresight, links: Mapping[str, str]) -> list[str]:
    """How good the predictions were, where trials were guided."""
    if "method-foresight" not in links:
        return []
    return [
        f"![Prediction and outcome of each guided trial]({links['method-foresight']})",
        on_foresight(foresight),
    ]
