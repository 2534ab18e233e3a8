"""Method 8, a Gaussian process: its text, and what its model makes of the trials."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.reports.hpo.axes import write_value
from aerial_nni.reports.hpo.methods.foresight import draw_foresight, look_ahead, on_foresight
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


def draw(search: Search) -> dict[str, Figure]:
    """Surfaces of mean and expected improvement, slices, and predictions against outcomes."""
    units, losses = search.observed()
    model = fitted(search, units, losses)
    improvement = expected_improvement(model, units)
    figures = {
        "method-slices": draw_slices(
            search,
            lambda points: predicted(model, points),
            below=improvement,
            label="expected improvement",
        )
    }
    if len(search.space.parameters) > 1:
        figures["method-surface"] = draw_plane(
            search,
            [
                Surface(
                    title="What the model expects",
                    label="predicted mean IoU",
                    values=lambda points: predicted(model, points)[0],
                ),
                Surface(
                    title="Where trying is worth it",
                    label="expected improvement of the mean IoU (log scale)",
                    values=improvement,
                    colours="magma",
                    decades=3,
                    peak="highest expected improvement here",
                ),
            ],
        )
    foresight = look_ahead(search, lambda *seen: Outcome(fitted(search, *seen)))
    if foresight.tried:
        figures["method-foresight"] = draw_foresight(search, foresight)
    return figures


def predicted(model: GaussianProcess, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean IoU and its deviation at points (m, d), both (m,)."""
    mean, deviation = model.predict(points)
    return -mean, deviation


def expected_improvement(model: GaussianProcess, units: np.ndarray) -> Values:
    """The function that the tuner makes as large as possible, in units of the mean IoU."""
    best = float(model.predict(units)[0].min())
    acquisition = LogExpectedImprovement(model, best)
    return lambda points: np.exp(acquisition.values(points))


def explain(search: Search, links: Mapping[str, str]) -> str:
    """The chapter's text."""
    parts = [
        IDEA,
        MODEL,
        *_surface(search, links),
        CHOICE,
        f"![Predicted mean IoU with its uncertainty along the most important parameters, and the "
        f"expected improvement]({links['method-slices']})",
        "*Figure: the same model along single parameters, through the best trial. The band is the "
        "model's uncertainty about the function; trials lie off the line because their other "
        "parameters differ. Below, the expected improvement along the same line.*",
        _here(search),
        *foresight_part(search, links),
        LIMITS,
    ]
    return "\n\n".join(part for part in parts if part)


def _surface(search: Search, links: Mapping[str, str]) -> list[str]:
    """The figure of the two surfaces, where there are two parameters."""
    if "method-surface" not in links:
        return []
    return [
        "![Predicted mean IoU and expected improvement over the two most important parameters, "
        f"with the trials]({links['method-surface']})",
        f"*Figure: the model fitted to all trials of this search, over {on_pair(search)}. Left "
        "the predicted mean IoU, right the expected improvement that would choose a further trial. "
        "The marks are the trials; they were made with other values of the parameters that are "
        "not shown, so the colour under a mark is not its score.*",
    ]


def on_pair(search: Search) -> str:
    """Which two parameters a plane is over, and what the others are."""
    pair = [f"`{name}`" for name in search.importance.first[:2]]
    return (
        f"{listed(pair)}, the two that mattered most; all other parameters have the best trial's "
        "values"
    )


def _here(search: Search) -> str:
    """What the fitted model of this search says in numbers."""
    units, losses = search.observed()
    model = fitted(search, units, losses)
    scales = 1 / np.sqrt(model.hyper.weights)
    order = np.argsort(scales)
    names = search.space.names
    short = [f"`{names[i]}` ({scales[i]:.2g})" for i in order[:2]]
    long = [f"`{names[i]}` ({scales[i]:.2g})" for i in order[::-1][:2]]
    noise = model.scale * float(np.sqrt(model.hyper.noise))
    improvement = expected_improvement(model, units)
    generator = np.random.default_rng(0)
    points = np.array([search.space.snap(u) for u in generator.random((4000, len(names)))])
    values = improvement(points)
    place = int(values.argmax())
    mean, deviation = (float(v[0]) for v in predicted(model, points[place : place + 1]))
    config = ", ".join(
        f"`{key}` {write_value(value)}" for key, value in search.space.decode(points[place]).items()
    )
    seen = f"{some(len(losses), 'trial')}"
    scale_text = (
        f"The shortest length scales, as shares of a parameter's range, are those of "
        f"{listed(short)}: along them the score changes fastest. The longest are those of "
        f"{listed(long)}."
        if len(names) > 2
        else ""
    )
    return (
        f"### In this search\n\nThe model fitted to all {seen} takes the noise of one trial to be "
        f"{noise:.4f} mean IoU. {scale_text} Among 4,000 random configurations the one with the "
        f"highest expected improvement ({float(values[place]):.4f}) is {config}, with a predicted "
        f"mean IoU of {mean:.4f} ± {deviation:.4f}: "
        + (
            "the model sees little left to gain."
            if values[place] < 0.1 * max(1e-9, float(search.scores.std()))
            else "the model would still go on."
        )
    )


def foresight_part(search: Search, links: Mapping[str, str]) -> list[str]:
    """How good the predictions were, where trials were guided."""
    if "method-foresight" not in links:
        return []
    foresight = look_ahead(search, lambda *seen: Outcome(fitted(search, *seen)))
    return [
        f"![Prediction and outcome of each guided trial]({links['method-foresight']})",
        on_foresight(foresight),
    ]
