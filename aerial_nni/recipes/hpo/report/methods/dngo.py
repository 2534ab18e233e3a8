"""Method 9, DNGO: the features that were learnt, and what they predict."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.chapter import Chapter
from aerial_nni.recipes.hpo.report.methods.plane import Values, improvement_of
from aerial_nni.recipes.hpo.report.methods.slices import line_through_best, plot_slices, slices_info
from aerial_nni.reporting.search.axes import parameter_axis
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.style import BLUE, GREY, ORANGE, new_figure, styled
from aerial_nni.tuners.acquisition import LogExpectedImprovement
from aerial_nni.tuners.deep_regression import DeepRegression, as_inputs
from aerial_nni.tuners.parameter import Parameter

LEADING = 5
"""Features that stand out in the picture: those that change the prediction most."""


@dataclass(frozen=True)
class Basis:
    """What a network learnt along one parameter, at m points of a line through the best trial."""

    parameter: Parameter
    places: np.ndarray
    """Of the points on the parameter's unit axis, (m,)."""
    features: np.ndarray
    """Values of the features, (m, features)."""
    added: np.ndarray
    """What each adds to the predicted mean IoU, from its mean along the line, (m, features)."""
    leading: np.ndarray
    """Those that change the prediction most, (LEADING,)."""


def basis_info(search: Search, model: DeepRegression) -> Basis:
    """The features along the most important parameter."""
    column = search.importance.order[0]
    points = line_through_best(search, column)
    learnt = model.networks[0].features(as_inputs(model.coordinates, points))[:, :-1]
    added = -model.scale * learnt * model.linears[0].weights[:-1]
    added -= added.mean(axis=0)
    leading = np.argsort(-np.ptp(added, axis=0))[:LEADING]
    return Basis(search.space.parameters[column], points[:, column], learnt, added, leading)


@styled
def plot_basis(basis: Basis) -> Figure:
    """Left the features; right what each adds to the score."""
    figure = new_figure(3.7)
    left, right = figure.subplots(1, 2)
    looks = _looks(basis.parameter, basis.places)
    for axes, curves in ((left, basis.features), (right, basis.added)):
        _curves(axes, basis.places, curves, basis.leading, looks)
        parameter_axis(axes, basis.parameter)
    right.plot(basis.places, basis.added.sum(axis=1), color=BLUE, linewidth=2.6, zorder=4,
               label="their sum: the predicted mean IoU", **looks)  # fmt: skip
    left.set_ylabel("value of the feature, −1 to 1")
    right.set_ylabel("mean IoU, from its mean along the line")
    left.set_title(f"The {basis.features.shape[1]} features that the network learnt")
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

    template = "dngo"

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

    def slices(self) -> Figure:
        """Mean and expected improvement along single parameters."""
        info = slices_info(self.search, self.model, self.improvement)
        return plot_slices(self.search, info)

    def draw(self) -> dict[str, Figure]:
        """The features, and mean and improvement along parameters."""
        return {
            "method-basis": plot_basis(basis_info(self.search, self.model)),
            "method-slices": self.slices(),
        }

    @property
    def depth(self) -> int:
        """Hidden layers of the network."""
        return len(self.model.networks[0].layers) - 1

    @property
    def units(self) -> int:
        """Units of the last hidden layer."""
        return len(self.model.networks[0].layers[-2][1])

    @property
    def alpha(self) -> float:
        """Precision of the weights' prior, for scores of deviation 1."""
        return self.model.linears[0].alpha

    @property
    def beta(self) -> float:
        """Precision of the noise, for the same."""
        return self.model.linears[0].beta

    @property
    def noise(self) -> float:
        """Deviation of the noise of one trial, mean IoU."""
        return float(self.model.scale / np.sqrt(self.beta))
