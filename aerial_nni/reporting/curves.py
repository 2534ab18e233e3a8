"""Curves: loss, scores and learning rate by epoch, and precision against recall."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.style import (
    GREY,
    INK,
    MEAN_IOU,
    PRECISION,
    RECALL,
    SOFT_JACCARD,
    TRAIN,
    VALIDATION,
    class_title,
    epoch_axis,
    legend_below,
    line,
    new_figure,
    styled,
    unit,
)
from aerial_nni.training.optim import learning_rate

COLUMNS = 3
"""Panels in a row where there is one for each class."""


def _plot(
    axes: Axes, trials: Sequence[Trial], columns: Sequence[tuple[str, str, dict[str, Any]]]
) -> None:
    """Columns of the history by epoch: the first trial in full, the others thin behind it."""
    for trial in trials[1:]:
        for column, _, look in columns:
            epochs, values = trial.history["epoch"], trial.history[column]
            axes.plot(epochs, values, color=look["color"], linewidth=0.7, alpha=0.45, zorder=1)
    for column, label, look in columns:
        line(axes, trials[0].history["epoch"], trials[0].history[column], label, look)
    longest = max((trial.history["epoch"] for trial in trials), key=len)
    epoch_axis(axes, longest)


def _mark_best(axes: Axes, trial: Trial) -> None:
    """A vertical line at the epoch whose weights were kept."""
    epoch = trial.metrics["epoch"]
    axes.axvline(epoch, color=GREY, linestyle=":", linewidth=1.2, label=f"kept: epoch {epoch}")


@styled
def draw_loss(trials: Sequence[Trial]) -> Figure:
    """Training and validation loss by epoch; `trials[0]` is the one that is reported."""
    figure = new_figure(3.4)
    axes = figure.add_subplot()
    columns = [(trials[0].label_loss, "training", TRAIN), ("val_loss", "validation", VALIDATION)]
    _plot(axes, trials, columns)
    _mark_best(axes, trials[0])
    axes.set_title("Training and validation loss")
    axes.set_ylabel(f"loss ({trials[0].options['loss']}), no unit")
    axes.legend()
    return figure


@styled
def draw_scores(trials: Sequence[Trial]) -> Figure:
    """Mean IoU and, under its own name, the soft Jaccard; precision and recall beside them."""
    figure = new_figure(3.5)
    left, right = figure.subplots(1, 2, sharey=True)
    _plot(left, trials, [
        ("mean_iou", "mean IoU (argmax)", MEAN_IOU),
        ("soft_jaccard", "soft Jaccard (probabilities)", SOFT_JACCARD),
    ])  # fmt: skip
    _plot(right, trials, [
        ("precision", "precision", PRECISION),
        ("recall", "recall", RECALL),
    ])  # fmt: skip
    titles = ("Mean IoU, and soft Jaccard", "Precision and recall, mean over classes")
    for axes, title in zip((left, right), titles, strict=True):
        _mark_best(axes, trials[0])
        axes.set_title(title)
        axes.set_ylim(0, 1)
        axes.legend(loc="best")
    left.set_ylabel("score on the validation patches, 0 to 1")
    return figure


def _panels(
    trial: Trial,
    draw: Callable[[Axes, int], None],
    *,
    titles: Sequence[str],
    x: str,
    y: str,
    limits: tuple[float, float],
) -> Figure:
    """One small panel per class with shared axes; `draw(axes, class)` fills it."""
    count = len(trial.classes)
    columns = min(COLUMNS, count)
    rows = math.ceil(count / columns)
    figure = new_figure(2.15 * rows + 0.45)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= count:
            axes.set_axis_off()
            continue
        draw(axes, place)
        class_title(axes, titles[place], trial.palette[place])
        axes.set_ylim(*limits)
        if place + columns >= count:
            axes.set_xlabel(x)
            axes.tick_params(labelbottom=True)
        if place % columns == 0:
            axes.set_ylabel(y)
    return figure


@styled
def draw_class_scores(trial: Trial) -> Figure:
    """Precision, recall and IoU of each class by epoch, a panel each."""
    columns = (
        ("precision", "precision", PRECISION),
        ("recall", "recall", RECALL),
        ("iou", "IoU", MEAN_IOU | {"linewidth": 1.2, "markersize": 2.5}),
    )

    def draw(axes: Axes, place: int) -> None:
        epochs, name = trial.history["epoch"], trial.classes[place]
        for column, label, look in columns:
            line(axes, epochs, trial.history[f"{column}/{name}"], label, look)
        epoch_axis(axes, epochs)
        axes.set_xlabel("")
        if np.isnan(trial.history[f"iou/{name}"]).all():
            _note(axes, "absent from truth\nand prediction")

    figure = _panels(
        trial, draw, titles=trial.classes, x="epoch", y="score, 0 to 1", limits=(-0.02, 1.02)
    )
    handles = [Line2D([], [], label=label, **look) for _, label, look in columns]
    legend_below(figure, handles)
    return figure


@styled
def draw_precision_recall(trial: Trial) -> Figure:
    """Precision against recall over all thresholds, a panel per class, with the argmax's point."""
    curves = trial.curves
    precisions, recalls = trial.per_class("precision"), trial.per_class("recall")
    averages = trial.per_class("average_precision")
    pixels = trial.confusion.sum(axis=1)

    def draw(axes: Axes, place: int) -> None:
        if math.isnan(averages[place]):
            _note(axes, "no pixel of this class\nin the validation set")
            return
        precision, recall = curves["precision"][place], curves["recall"][place]
        axes.fill_between(recall, precision, color=unit(trial.palette[place]), alpha=0.35,
                          linewidth=0)  # fmt: skip
        axes.plot(recall, precision, color=INK, linewidth=1.4)
        share = pixels[place] / pixels.sum()
        axes.axhline(share, color=GREY, linestyle=":", linewidth=1.2)
        axes.plot(recalls[place], precisions[place], marker="D", color="white",
                  markeredgecolor=INK, markersize=5)  # fmt: skip
        axes.set_xlim(0, 1)

    titles = [
        name if math.isnan(average) else f"{name}, AP {average:.3f}"
        for name, average in zip(trial.classes, averages, strict=True)
    ]
    figure = _panels(trial, draw, titles=titles, x="recall", y="precision", limits=(0, 1.02))
    legend_below(figure, [
        Line2D([], [], color=INK, linewidth=1.4, label="over all thresholds"),
        Line2D([], [], color=GREY, linestyle=":", label="by chance: share of the pixels"),
        Line2D([], [], color="white", marker="D", markeredgecolor=INK, markersize=5,
               label="argmax, as in the tables"),
    ])  # fmt: skip
    return figure


@styled
def draw_learning_rate(trial: Trial) -> Figure:
    """The learning rate of every update, and as it was used at the end of every epoch."""
    figure = new_figure(2.3)
    axes = figure.add_subplot()
    epochs, rates = trial.history["epoch"], trial.history["lr"]
    schedule, every = trial.options["schedule"], _every_rate(trial)
    look = MEAN_IOU if every is None else {**MEAN_IOU, "linestyle": ""}
    if every is not None:
        axes.plot(*every, color=MEAN_IOU["color"], linewidth=1.4)
    line(axes, epochs, rates, "learning rate", look)
    epoch_axis(axes, epochs)
    if every is not None:
        axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    what = "at the end of each epoch" if every is None else "of each update; dots: end of an epoch"
    axes.set_title(f"Learning rate {what} ({schedule})")
    axes.set_ylabel("learning rate")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useMathText=False)
    return figure


def _every_rate(trial: Trial) -> tuple[np.ndarray, np.ndarray] | None:
    """Epochs that have gone, and the rate, at every update of the run.

    None where the rates that were used are others: the trial counts its updates in another way.
    """
    names = ("schedule", "lr", "epochs", "accumulate")
    options = changed(TrialOptions(), {name: trial.options[name] for name in names})
    patches = trial.metrics["split"]["train_patches"]
    patches = trial.metrics.get("search", {}).get("weights_patches", patches)
    steps = max(1, patches // trial.options["batch"])
    updates = -(-steps // options.accumulate)
    count = updates * len(trial.history["epoch"])
    rates = np.array([learning_rate(options, n, updates * options.epochs) for n in range(count)])
    if not np.allclose(rates[updates - 1 :: updates], trial.history["lr"], rtol=1e-6, atol=0):
        return None
    return np.arange(1, count + 1) / updates, rates


def _note(axes: Axes, text: str) -> None:
    """Words in an empty panel."""
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=GREY)
