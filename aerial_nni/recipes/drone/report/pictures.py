"""Figures of the document on drone scenes alone."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from aerial_nni.recipes.drone.report.reading import LossComparison
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.group_comparison import LOOKS
from aerial_nni.reporting.style import INK, legend_below, new_figure, styled, unit


@dataclass(frozen=True, kw_only=True)
class SweepInfo:
    """The smoothed loss of one group by learning rate, as a share of its first value."""

    name: str
    rates: np.ndarray
    shares: np.ndarray
    steepest: tuple[float, float] | None
    """Where it falls most steeply: rate and share."""


def sweeps_info(found: LossComparison) -> list[SweepInfo]:
    """What the learning-rate finder saw in a run of each loss."""
    sweeps = []
    for name, (rates, losses, suggested) in found.sweeps.items():
        shares, steepest = losses / losses[0], None
        if suggested is not None:
            place = int(np.abs(rates - suggested).argmin())
            steepest = (float(rates[place]), float(shares[place]))
        sweeps.append(SweepInfo(name=name, rates=rates, shares=shares, steepest=steepest))
    return sweeps


@styled
def plot_sweeps(found: LossComparison) -> Figure:
    """Smoothed loss by learning rate; a dot where it falls most steeply.

    Losses are not alike in size, so each is divided by its first value.
    """
    figure = new_figure(3.2)
    axes = figure.add_subplot()
    for one, look in zip(sweeps_info(found), LOOKS, strict=False):
        axes.plot(one.rates, one.shares, color=look[0], linestyle=look[2], label=one.name)
        if one.steepest is not None:
            axes.plot(*one.steepest, marker="o", color=look[0], markersize=7)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("learning rate (log scale)")
    axes.set_ylabel("smoothed loss, as a share of the first")
    axes.set_title("The learning-rate finder: dots are where the loss falls most steeply")
    axes.legend()
    return figure


def presence_info(trial: Trial) -> dict[str, list[tuple[int, float]]]:
    """How many images of each part of the split show each class, and what share of them that is."""
    split = trial.metrics["split"]
    found = {}
    for part in ("train", "val"):
        total = max(1, split[f"{part}_images"])
        counts = [split["shown"][part][name] for name in trial.classes]
        found[part] = [(count, count / total) for count in counts]
    return found


@styled
def plot_presence(trial: Trial) -> Figure:
    """Share of the images that show each class, training above validation."""
    info, classes = presence_info(trial), trial.classes
    rows, figure = np.arange(len(classes)), new_figure(0.36 * len(classes) + 1.2)
    axes = figure.add_subplot()
    for shift, part, hatch in ((-0.19, "train", None), (0.19, "val", "////")):
        axes.barh(rows + shift, [100 * share for _, share in info[part]], height=0.36,
                  color=[unit(colour) for colour in trial.palette], edgecolor=INK, linewidth=0.6,
                  hatch=hatch)  # fmt: skip
        for row, (count, share) in zip(rows, info[part], strict=True):
            axes.text(100 * share + 0.8, row + shift, str(count), va="center", fontsize=7.5)
    axes.set_yticks(rows, classes)
    axes.invert_yaxis()
    axes.set_xlim(0, 110)
    axes.set_xlabel("share of the images that show the class, % (number of images)")
    axes.set_title("Images that show each class in both parts of the split")
    legend_below(figure, [
        Patch(facecolor="white", edgecolor=INK, label="training"),
        Patch(facecolor="white", edgecolor=INK, hatch="////", label="validation"),
    ])  # fmt: skip
    return figure
