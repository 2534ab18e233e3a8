"""Figures of the document on drone scenes alone."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from aerial_nni.recipes.drone.report.reading import LossComparison
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.group_comparison import LOOKS
from aerial_nni.reporting.style import INK, legend_below, new_figure, styled, unit


@styled
def draw_sweeps(found: LossComparison) -> Figure:
    """Smoothed loss by learning rate; a dot where it falls most steeply.

    Losses are not alike in size, so each is divided by its first value.
    """
    figure = new_figure(3.2)
    axes = figure.add_subplot()
    for (name, (rates, losses, suggested)), look in zip(found.sweeps.items(), LOOKS, strict=False):
        share = losses / losses[0]
        axes.plot(rates, share, color=look[0], linestyle=look[2], label=name)
        if suggested is not None:
            place = int(np.abs(rates - suggested).argmin())
            axes.plot(rates[place], share[place], marker="o", color=look[0], markersize=7)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("learning rate (log scale)")
    axes.set_ylabel("smoothed loss, as a share of the first")
    axes.set_title("The learning-rate finder: dots are where the loss falls most steeply")
    axes.legend()
    return figure


@styled
def draw_presence(trial: Trial) -> Figure:
    """Share of the images that show each class, training above validation."""
    split, classes = trial.metrics["split"], trial.classes
    rows, figure = np.arange(len(classes)), new_figure(0.36 * len(classes) + 1.2)
    axes = figure.add_subplot()
    for shift, part, hatch in ((-0.19, "train", None), (0.19, "val", "////")):
        total = max(1, split[f"{part}_images"])
        counts = [split["shown"][part][name] for name in classes]
        axes.barh(rows + shift, [100 * count / total for count in counts], height=0.36,
                  color=[unit(colour) for colour in trial.palette], edgecolor=INK, linewidth=0.6,
                  hatch=hatch)  # fmt: skip
        for row, count in zip(rows, counts, strict=True):
            axes.text(100 * count / total + 0.8, row + shift, str(count), va="center", fontsize=7.5)
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
