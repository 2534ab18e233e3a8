"""How well a model knew what came: each guided trial predicted from the trials before it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy import stats

from aerial_nni.reports.hpo.marks import focus
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.hpo.tried import Tried
from aerial_nni.reports.style import BLUE, GREY, VERMILLION, legend_below, new_figure, styled
from aerial_nni.reports.words import some

MOST = 24
"""Trials for which the model is fitted anew; of more, as many spread evenly."""


class Model(Protocol):
    """A fitted model of the loss."""

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation at points (m, d), both (m,)."""


Fit = Callable[[np.ndarray, np.ndarray], Model]
"""Points (n, d) and losses (n,) -> the model."""


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """Predictions of guided trials, made without them. Each array has the shape (k,)."""

    tried: list[Tried]
    mean: np.ndarray
    deviation: np.ndarray
    outcome: np.ndarray

    @property
    def inside(self) -> int:
        """Outcomes within two deviations of the prediction."""
        return int((np.abs(self.outcome - self.mean) <= 2 * self.deviation).sum())


def look_ahead(search: Search, fit: Fit) -> Foresight:
    """Predicts guided trials with a score, each by a model of the trials before it."""
    guided = [tried for tried in search.scored if tried.number > max(search.startup, 2)]
    if len(guided) > MOST:
        guided = [guided[i] for i in np.linspace(0, len(guided) - 1, MOST).round().astype(int)]
    means, deviations = [], []
    for tried in guided:
        model = fit(*search.observed(before=tried.number))
        mean, deviation = model.predict(search.space.encode(tried.config)[None])
        means.append(-float(mean[0]))
        deviations.append(float(deviation[0]))
    outcome = np.array([tried.score for tried in guided], dtype=float)
    return Foresight(
        tried=guided, mean=np.array(means), deviation=np.array(deviations), outcome=outcome
    )


@styled
def draw_foresight(search: Search, foresight: Foresight) -> Figure:
    """Prediction with two deviations, and the outcome, for each guided trial."""
    figure = new_figure(3.2)
    axes = figure.add_subplot()
    numbers = np.array([tried.number for tried in foresight.tried])
    axes.errorbar(numbers, foresight.mean, yerr=2 * foresight.deviation, fmt="s", color=BLUE,
                  markersize=4, elinewidth=1.2, capsize=2.5)  # fmt: skip
    axes.plot(numbers, foresight.outcome, "o", color=VERMILLION, markersize=5, zorder=4)
    for number, mean, outcome in zip(numbers, foresight.mean, foresight.outcome, strict=True):
        axes.plot([number, number], [mean, outcome], color=GREY, linewidth=0.8, zorder=1)
    low, high = focus(search.scores)
    axes.set_ylim(low - 0.3 * (high - low), high + 0.3 * (high - low))
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.set_xlabel("trial")
    axes.set_ylabel("mean IoU")
    axes.set_title("What the model expected of each guided trial, and what came")
    legend_below(figure, [
        Line2D([], [], color=BLUE, marker="s", markersize=4,
               label="predicted from the trials before: mean ± 2 deviations"),
        Line2D([], [], color=VERMILLION, marker="o", linestyle="", markersize=5, label="outcome"),
    ])  # fmt: skip
    return figure


def on_foresight(foresight: Foresight) -> str:
    """Whether outcomes lay where they were expected, in a sentence or two."""
    count = len(foresight.outcome)
    error = float(np.median(np.abs(foresight.outcome - foresight.mean)))
    text = (
        f"Of {some(count, 'guided trial')} the model, fitted to the trials before each, predicted "
        f"{foresight.inside} within two deviations; half of its errors are below {error:.4f}."
    )
    if count < 5 or foresight.mean.std() == 0 or foresight.outcome.std() == 0:
        return text
    rank = float(stats.spearmanr(foresight.mean, foresight.outcome).statistic)
    reading = (
        "it mostly knew which would be better"
        if rank > 0.5
        else "it had an inkling of which would be better"
        if rank > 0.2
        else "which of these trials would be better, it did not know. They all lie where it "
        "expected good scores, so the differences that are left are small"
    )
    return f"{text} The rank correlation of prediction and outcome is {rank:.2f}: {reading}."
