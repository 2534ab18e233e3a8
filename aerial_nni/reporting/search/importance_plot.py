"""The figure of the importance of the parameters."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aerial_nni.reporting.search.importance import Importance
from aerial_nni.reporting.style import BLUE, INK, ORANGE, legend_below, new_figure, styled

WIDE = (10, 90)
"""Percentiles over the resamples between which the bars of spread reach."""


@dataclass(frozen=True)
class Bars:
    """Shares of the parameters in percent, the most important one first; each of shape (d,)."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def around(self) -> np.ndarray:
        """How far the spread reaches below and above the mean, shape (2, d)."""
        return np.stack([self.mean - self.low, self.high - self.mean])


def importance_info(importance: Importance) -> tuple[Bars, Bars]:
    """Share of each parameter with its interactions and alone, with the spread of both."""
    total, main = (
        100 * shares[:, importance.order] for shares in (importance.total, importance.main)
    )
    return _bars(total), _bars(main)


def _bars(shares: np.ndarray) -> Bars:
    low, high = (np.percentile(shares, bound, axis=0) for bound in WIDE)
    return Bars(shares.mean(axis=0), low, high)


@styled
def plot_importance(importance: Importance) -> Figure:
    """Two bars for each parameter."""
    total, main = importance_info(importance)
    rows = np.arange(len(importance.order))
    figure = new_figure(0.46 * len(rows) + 1.5)
    axes = figure.add_subplot()
    for bars, shift, colour, hatch in ((total, -0.19, BLUE, None), (main, 0.19, ORANGE, "////")):
        axes.barh(rows + shift, bars.mean, height=0.36, color=colour, hatch=hatch, edgecolor=INK,
                  linewidth=0.6)  # fmt: skip
        axes.errorbar(bars.mean, rows + shift, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3,
                      xerr=np.maximum(0, bars.around))  # fmt: skip
        for row, mean, end in zip(rows, bars.mean, np.maximum(bars.high, bars.mean), strict=True):
            axes.text(end + 1, row + shift, f"{mean:.0f} %", va="center", fontsize=7.5)
    axes.set_yticks(rows, importance.first)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, 108)
    axes.set_xlabel("share of the variance of the forest's prediction over the search space, %")
    axes.set_title("Importance of each parameter")
    legend_below(figure, [
        Patch(facecolor=BLUE, edgecolor=INK, label="with its interactions"),
        Patch(facecolor=ORANGE, edgecolor=INK, hatch="////", label="alone"),
        Line2D([], [], color=INK, marker="|", markersize=8,
               label=f"{WIDE[0]} to {WIDE[1]} % of the resamples"),
    ])  # fmt: skip
    return figure
