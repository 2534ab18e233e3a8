"""Method 9, DNGO: its text, the features that were learnt, and what they predict."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aerial_nni.reports.hpo.axes import parameter_axis
from aerial_nni.reports.hpo.methods.basis import features, learn, noise, shares
from aerial_nni.reports.hpo.methods.chapter import Chapter
from aerial_nni.reports.hpo.methods.dngo_text import CHOICE, IDEA, LIMITS, MODEL
from aerial_nni.reports.hpo.methods.foresight import (
    Foresight,
    draw_foresight,
    look_ahead,
    on_foresight,
)
from aerial_nni.reports.hpo.methods.plane import Values
from aerial_nni.reports.hpo.methods.slices import draw_slices, line_through_best
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.style import BLUE, GREY, ORANGE, new_figure, styled
from aerial_nni.tuners.acquisition import LogExpectedImprovement
from aerial_nni.tuners.deep_regression import DeepRegression

LEADING = 5
"""Features that stand out in the picture: those that change the prediction most."""


@dataclass(frozen=True)
class Outcome:
    """A model that predicts what a trial will give: the function with the noise on it."""

    model: DeepRegression

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of a trial's loss at points (m, d), both (m,)."""
        mean, deviation = self.model.predict(points)
        return mean, np.hypot(deviation, noise(self.model))


def _raised(model: DeepRegression, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean IoU and its deviation at points (m, d), both (m,)."""
    mean, deviation = model.predict(points)
    return -mean, deviation


def improvement(search: Search, model: DeepRegression) -> Values:
    """The expected improvement over the best loss, in units of the mean IoU."""
    _, losses = search.observed()
    acquisition = LogExpectedImprovement(model, float(losses.min()))
    return lambda points: np.exp(acquisition.values(points))


@styled
def draw_basis(search: Search, model: DeepRegression) -> Figure:
    """Left the features along the most important parameter; right what each adds to the score."""
    column = search.importance.order[0]
    parameter = search.space.parameters[column]
    points = line_through_best(search, column)
    learnt, added = features(model, points), -shares(model, points)
    added = added - added.mean(axis=0)
    leading = np.argsort(-np.ptp(added, axis=0))[:LEADING]
    figure = new_figure(3.7)
    left, right = figure.subplots(1, 2)
    for axes, curves in ((left, learnt), (right, added)):
        _curves(axes, points[:, column], curves, leading)
        parameter_axis(axes, parameter)
    right.plot(points[:, column], added.sum(axis=1), color=BLUE, linewidth=2.6,
               label="their sum: the predicted mean IoU")  # fmt: skip
    left.set_ylabel("value of the feature, −1 to 1")
    right.set_ylabel("mean IoU, from its mean along the line")
    left.set_title(f"The {learnt.shape[1]} features that the network learnt")
    right.set_title("What each of them adds to the prediction")
    right.plot([], [], color=ORANGE, label=f"the {LEADING} that change it most")
    right.plot([], [], color=GREY, linewidth=0.7, label="the others")
    right.legend(loc="best")
    return figure


def _curves(axes: Axes, places: np.ndarray, curves: np.ndarray, leading: np.ndarray) -> None:
    for number, curve in enumerate(curves.T):
        first = number in leading
        axes.plot(places, curve, color=ORANGE if first else GREY, linewidth=1.6 if first else 0.6,
                  alpha=1.0 if first else 0.6, zorder=3 if first else 2,
                  marker="o" if len(places) < 12 else None)  # fmt: skip


class DNGOChapter(Chapter):
    """A network as the tuner's, fitted to all trials of the search."""

    @cached_property
    def model(self) -> DeepRegression:
        """The model given all trials."""
        return learn(self.search.space, *self.search.observed())

    @cached_property
    def foresight(self) -> Foresight:
        """What such a model said of each guided trial before it ran."""
        space = self.search.space
        return look_ahead(self.search, lambda *seen: Outcome(learn(space, *seen)))

    def draw(self) -> dict[str, Figure]:
        """The features, mean and improvement along parameters, predictions against outcomes."""
        figures = {
            "method-basis": draw_basis(self.search, self.model),
            "method-slices": draw_slices(
                self.search,
                lambda points: _raised(self.model, points),
                below=improvement(self.search, self.model),
                label="expected improvement",
            ),
        }
        if self.foresight.tried:
            figures["method-foresight"] = draw_foresight(self.search, self.foresight)
        return figures

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with what the model says of this search."""
        hidden, linear = self.model.networks[0].layers[:-1], self.model.linears[0]
        depth, units = str(len(hidden)), str(len(hidden[-1][1]))
        first = self.search.importance.first[0]
        return "\n\n".join(
            [
                IDEA,
                MODEL.replace("{depth}", depth).replace("{units}", units),
                "![Learnt features along the most important parameter, and what each adds to the "
                f"prediction]({links['method-basis']})",
                f"*Figure: a network fitted to all trials of this search, along `{first}`, the "
                "parameter that mattered most; all others have the best trial's values. Left the "
                "features; right each feature times its weight, and their sum, which is the "
                "prediction.*",
                CHOICE,
                "![Predicted mean IoU with its uncertainty along the most important parameters, "
                f"and the expected improvement]({links['method-slices']})",
                "*Figure: the same model along single parameters, through the best trial. The band "
                "is the uncertainty of the last layer; trials lie off the line because their other "
                "parameters differ. Below, the expected improvement along the same line.*",
                f"### In this search\n\nThe model fitted to all trials takes the noise of one "
                f"trial to be {noise(self.model):.4f} mean IoU (β = {linear.beta:.3g} "
                f"and α = {linear.alpha:.3g} for scores scaled to the deviation 1).",
                *self._here(links),
                LIMITS,
            ]
        )

    def _here(self, links: Mapping[str, str]) -> list[str]:
        if "method-foresight" not in links:
            return []
        return [
            f"![Prediction and outcome of each guided trial]({links['method-foresight']})",
            f"{on_foresight(self.foresight)} These networks start from a fixed seed, those of the "
            "tuner from seeds of their own, so its predictions were similar but not the same.",
        ]
