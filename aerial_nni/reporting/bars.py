"""Bars and dots by class: pixels in each part of the split, and the scores."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.style import (
    GREY,
    INK,
    MEAN_IOU,
    PRECISION,
    RECALL,
    legend_below,
    new_figure,
    styled,
    unit,
)


@styled
def draw_pixels(trial: Trial) -> Figure:
    """Share of each class among the labelled pixels of both parts, training above validation."""
    parts = trial.metrics["split"]["pixels"]
    classes, palette = trial.classes, trial.palette
    rows = np.arange(len(classes))
    figure = new_figure(0.42 * len(classes) + 1.2)
    axes = figure.add_subplot()
    highest = 0.0
    for shift, part, hatch in ((-0.19, "train", None), (0.19, "val", "////")):
        total = max(1, sum(parts[part][name] for name in classes))
        shares = [100 * parts[part][name] / total for name in classes]
        highest = max(highest, *shares)
        axes.barh(rows + shift, shares, height=0.36, color=[unit(colour) for colour in palette],
                  edgecolor=INK, linewidth=0.6, hatch=hatch)  # fmt: skip
        for row, name, share in zip(rows, classes, shares, strict=True):
            text = f"{share:.2f} %  ({parts[part][name] / 1e6:.2f} M)"
            axes.text(share + 0.6, row + shift, text, va="center", fontsize=7.5)
    axes.set_yticks(rows, classes)
    axes.invert_yaxis()
    axes.set_xlim(0, highest * 1.18)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("share of the labelled pixels, % (millions of pixels)")
    axes.set_title("Pixels of each class in both parts of the split")
    legend_below(figure, [
        Patch(facecolor="white", edgecolor=INK, label="training"),
        Patch(facecolor="white", edgecolor=INK, hatch="////", label="validation"),
    ])  # fmt: skip
    return figure


@styled
def draw_class_summary(trials: Sequence[Trial]) -> Figure:
    """IoU, precision and recall of each class: `trials[0]` as marks, the other seeds faint."""
    classes, palette = trials[0].classes, trials[0].palette
    rows = np.arange(len(classes))
    looks = (("iou", "IoU", MEAN_IOU, -0.28), ("precision", "precision", PRECISION, 0.0),
             ("recall", "recall", RECALL, 0.28))  # fmt: skip
    figure = new_figure(0.5 * len(classes) + 1.2)
    axes = figure.add_subplot()
    axes.barh(rows, 0.012, left=-0.02, height=0.7, color=[unit(colour) for colour in palette],
              edgecolor=GREY, linewidth=0.5)  # fmt: skip
    for score, _, look, shift in looks:
        for number, trial in enumerate(trials):
            values = trial.per_class(score)
            first = number == 0
            axes.scatter(values, rows + shift, color=look["color"], marker=look["marker"],
                         s=42 if first else 14, alpha=1.0 if first else 0.4,
                         zorder=3 if first else 2)  # fmt: skip
        if len(trials) > 1:
            continue  # numbers would cover the other seeds; the table has them
        for row, value in enumerate(trials[0].per_class(score)):
            if np.isfinite(value):
                axes.text(value + 0.013, row + shift, f"{value:.3f}", va="center", fontsize=7)
    for row, value in enumerate(trials[0].per_class("iou")):
        if np.isnan(value):
            axes.text(0.02, row, "absent: no score", va="center", fontsize=7.5, color=GREY)
    axes.set_yticks(rows, classes)
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.06)
    axes.set_xlabel("score on the validation patches, 0 to 1")
    axes.set_title("Scores of each class")
    handles = [Line2D([], [], label=label, color=look["color"], marker=look["marker"],
                      linestyle="", markersize=6.5) for _, label, look, _ in looks]  # fmt: skip
    if len(trials) > 1:
        handles.append(Line2D([], [], color=GREY, marker="o", linestyle="", markersize=3.5,
                              alpha=0.5, label="other seeds"))  # fmt: skip
    legend_below(figure, handles)
    return figure
