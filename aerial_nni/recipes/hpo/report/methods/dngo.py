"""Method 9, DNGO: its text, the features that were learnt, and what they predict."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.axes import parameter_axis
from aerial_nni.recipes.hpo.report.methods.chapter import Chapter, on_records
from aerial_nni.recipes.hpo.report.methods.dngo_text import CHOICE, IDEA, LIMITS, MODEL
from aerial_nni.recipes.hpo.report.methods.plane import Values, improvement_of
from aerial_nni.recipes.hpo.report.methods.slices import draw_slices, line_through_best
from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.reporting.style import BLUE, GREY, ORANGE, new_figure, styled
from aerial_nni.tuners.acquisition import LogExpectedImprovement
from aerial_nni.tuners.deep_regression import DeepRegression, as_inputs
from aerial_nni.tuners.parameter import Parameter

LEADING = 5
"""Features that stand out in the picture: those that change the prediction most."""


@styled
def draw_basis(search: Search, model: DeepRegression) -> Figure:
    """Left the features along the most important parameter; right what each adds to the score."""
    column = search.importance.order[0]
    parameter = search.space.parameters[column]
    points = line_through_best(search, column)
    learnt = model.networks[0].features(as_inputs(model.coordinates, points))[:, :-1]
    added = -model.scale * learnt * model.linears[0].weights[:-1]
    added -= added.mean(axis=0)
    leading = np.argsort(-np.ptp(added, axis=0))[:LEADING]
    figure = new_figure(3.7)
    left, right = figure.subplots(1, 2)
    looks = _looks(parameter, points[:, column])
    for axes, curves in ((left, learnt), (right, added)):
        _curves(axes, points[:, column], curves, leading, looks)
        parameter_axis(axes, parameter)
    right.plot(points[:, column], added.sum(axis=1), color=BLUE, linewidth=2.6, zorder=4,
               label="their sum: the predicted mean IoU", **looks)  # fmt: skip
    left.set_ylabel("value of the feature, −1 to 1")
    right.set_ylabel("mean IoU, from its mean along the line")
    left.set_title(f"The {learnt.shape[1]} features that the network learnt")
    right.set_title("What each of them adds to the prediction")
    right.plot([], [], color=ORANGE, label=f"the {LEADING} that change it most")
    right.plot([], [], color=GREY, linewidth=0.7, label="the others")
    right.legend(loc="best")
    return figure


def _looks(parameter: Parameter, places: np.ndarray) -> dict[str, Any]:
    """Marks where a parameter has single values; categories have no order to join them by."""
    marker = "o" if len(places) < 12 else None
    return {"marker": marker, "linestyle": "" if parameter.kind == "categorical" else "-"}


def _curves(
    axes: Axes,
    places: np.ndarray,
    curves: np.ndarray,
    leading: np.ndarray,
    looks: Mapping[str, Any],
) -> None:
    for number, curve in enumerate(curves.T):
        first = number in leading
        axes.plot(places, curve, color=ORANGE if first else GREY, linewidth=1.6 if first else 0.6,
                  alpha=1.0 if first else 0.6, zorder=3 if first else 2, **looks)  # fmt: skip


class DNGOChapter(Chapter):
    """A network as the tuner's, fitted to all trials of the search."""

    @cached_property
    def model(self) -> DeepRegression:
        """The model given all trials, from a fixed seed."""
        model: DeepRegression = self.tuner.model(np.random.default_rng(0))
        return model

    @cached_property
    def improvement(self) -> Values:
        """The function that the tuner makes as large as possible, in units of the mean IoU."""
        best = float(self.tuner.observed()[1].min())
        return improvement_of(LogExpectedImprovement(self.model, best))

    def draw(self) -> dict[str, Figure]:
        """The features, and mean and improvement along parameters."""
        return {
            "method-basis": draw_basis(self.search, self.model),
            "method-slices": draw_slices(self.search, self.model, self.improvement),
        }

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with what the model says of this search."""
        hidden, linear = self.model.networks[0].layers[:-1], self.model.linears[0]
        depth, units = str(len(hidden)), str(len(hidden[-1][1]))
        importance = self.search.importance
        noise = self.model.scale / np.sqrt(linear.beta)
        return "\n\n".join(
            [
                IDEA,
                MODEL.replace("{depth}", depth).replace("{units}", units),
                "![Learnt features along one parameter, and what each adds to the prediction]"
                f"({links['method-basis']})",
                "*Figure: a network fitted to all trials of this search, along "
                f"`{importance.first[0]}`, the parameter that {importance.leading}; all others "
                "have the best trial's values. Left the features; right each feature times its "
                "weight, and their sum, which is the prediction.*",
                CHOICE,
                "![Predicted mean IoU with its uncertainty along single parameters, and the "
                f"expected improvement]({links['method-slices']})",
                "*Figure: the same model along single parameters, through the best trial. The band "
                "is the uncertainty of the last layer; trials lie off the line because their other "
                "parameters differ. Below, the expected improvement along the same line.*",
                f"### In this search\n\n{on_records(self.search)} The model fitted to all trials "
                f"takes the noise of one trial to be {noise:.4f} mean IoU (β = {linear.beta:.3g} "
                f"and α = {linear.alpha:.3g} for scores scaled to the deviation 1).",
                LIMITS,
            ]
        )
