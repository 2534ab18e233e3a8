"""Bars and dots by class: pixels in each part of the split, and the scores."""

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class ClassPixels:
    """Labelled pixels of one part of a split, class by class."""

    counts: tuple[int, ...]
    shares: tuple[float, ...]


def pixels_info(trial: Trial) -> dict[str, ClassPixels]:
    """Pixels of each class in both parts of a trial's split: `train` and `val`."""
    found = {}
    for part in ("train", "val"):
        counts = tuple(int(trial.metrics["split"]["pixels"][part][name]) for name in trial.classes)
        total = max(1, sum(counts))
        shares = tuple(count / total for count in counts)
        found[part] = ClassPixels(counts=counts, shares=shares)
    return found


@styled
def plot_pixels(trial: Trial) -> Figure:
    """Share of each class among the labelled pixels of both parts, training above validation."""
    classes, palette, parts = trial.classes, trial.palette, pixels_info(trial)
    rows = np.arange(len(classes))
    figure = new_figure(0.42 * len(classes) + 1.2)
    axes = figure.add_subplot()
    for shift, part, hatch in ((-0.19, "train", None), (0.19, "val", "////")):
        shares = 100 * np.array(parts[part].shares)
        axes.barh(rows + shift, shares, height=0.36, color=[unit(colour) for colour in palette],
                  edgecolor=INK, linewidth=0.6, hatch=hatch)  # fmt: skip
        for row, share, count in zip(rows, shares, parts[part].counts, strict=True):
            text = f"{share:.2f} %  ({count / 1e6:.2f} M)"
            axes.text(share + 0.6, row + shift, text, va="center", fontsize=7.5)
    highest = 100 * max(max(part.shares) for part in parts.values())
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


def class_scores_info(trials: Sequence[Trial]) -> dict[str, np.ndarray]:
    """IoU, precision and recall of each class in each run, shape (runs, classes), NaN if absent."""
    names = ("iou", "precision", "recall")
    return {name: np.array([trial.per_class(name) for trial in trials]) for name in names}


@styled
def plot_class_summary(trials: Sequence[Trial]) -> Figure:
    """IoU, precision and recall of each class: `trials[0]` as marks, the other seeds faint."""
    classes, palette = trials[0].classes, trials[0].palette
    scores = class_scores_info(trials)
    rows = np.arange(len(classes))
    looks = (("iou", "IoU", MEAN_IOU, -0.28), ("precision", "precision", PRECISION, 0.0),
             ("recall", "recall", RECALL, 0.28))  # fmt: skip
    figure = new_figure(0.5 * len(classes) + 1.2)
    axes = figure.add_subplot()
    axes.barh(rows, 0.012, left=-0.02, height=0.7, color=[unit(colour) for colour in palette],
              edgecolor=GREY, linewidth=0.5)  # fmt: skip
    for score, _, look, shift in looks:
        for number, values in enumerate(scores[score]):
            first = number == 0
            axes.scatter(values, rows + shift, color=look["color"], marker=look["marker"],
                         s=42 if first else 14, alpha=1.0 if first else 0.4,
                         zorder=3 if first else 2)  # fmt: skip
        if len(trials) > 1:
            continue  # numbers would cover the other seeds; the table has them
        for row, value in enumerate(scores[score][0]):
            if np.isfinite(value):
                axes.text(value + 0.013, row + shift, f"{value:.3f}", va="center", fontsize=7)
    for row, value in enumerate(scores["iou"][0]):
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
