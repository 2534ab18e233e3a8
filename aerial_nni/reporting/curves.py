"""Curves: loss, scores and learning rate by epoch, and precision against recall."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class History:
    """Columns of the histories of runs by epoch; the first run is the one that is reported."""

    epochs: tuple[np.ndarray, ...]
    columns: Mapping[str, tuple[np.ndarray, ...]]
    kept: int
    """The epoch whose weights were kept."""

    @property
    def longest(self) -> np.ndarray:
        """The epochs of the run that had most."""
        return max(self.epochs, key=len)


def history_info(trials: Sequence[Trial], columns: Sequence[str]) -> History:
    """These columns of each run's history."""
    return History(
        epochs=tuple(trial.history["epoch"] for trial in trials),
        columns={name: tuple(trial.history[name] for trial in trials) for name in columns},
        kept=int(trials[0].metrics["epoch"]),
    )


def _plot(axes: Axes, info: History, looks: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    """Columns by epoch with label and look: the first run in full, the others thin behind it."""
    for name, (label, look) in looks.items():
        first, *others = info.columns[name]
        for epochs, values in zip(info.epochs[1:], others, strict=True):
            axes.plot(epochs, values, color=look["color"], linewidth=0.7, alpha=0.45, zorder=1)
        line(axes, info.epochs[0], first, label, look)
    epoch_axis(axes, info.longest)
    axes.axvline(info.kept, color=GREY, linestyle=":", linewidth=1.2,
                 label=f"kept: epoch {info.kept}")  # fmt: skip
    axes.legend()


@styled
def plot_loss(trials: Sequence[Trial]) -> Figure:
    """Training and validation loss by epoch; `trials[0]` is the one that is reported."""
    figure = new_figure(3.4)
    axes = figure.add_subplot()
    looks = {trials[0].label_loss: ("training", TRAIN), "val_loss": ("validation", VALIDATION)}
    _plot(axes, history_info(trials, [*looks]), looks)
    axes.set_title("Training and validation loss")
    axes.set_ylabel(f"loss ({trials[0].options['loss']}), no unit")
    return figure


@styled
def plot_scores(trials: Sequence[Trial]) -> Figure:
    """Mean IoU and, under its own name, the soft Jaccard; precision and recall beside them."""
    figure = new_figure(3.5)
    left, right = figure.subplots(1, 2, sharey=True)
    panels: list[tuple[Axes, str, dict[str, tuple[str, dict[str, Any]]]]] = [
        (left, "Mean IoU, and soft Jaccard", {
            "mean_iou": ("mean IoU (argmax)", MEAN_IOU),
            "soft_jaccard": ("soft Jaccard (probabilities)", SOFT_JACCARD),
        }),
        (right, "Precision and recall, mean over classes", {
            "precision": ("precision", PRECISION), "recall": ("recall", RECALL),
        }),
    ]  # fmt: skip
    for axes, title, looks in panels:
        _plot(axes, history_info(trials, [*looks]), looks)
        axes.set_title(title)
        axes.set_ylim(0, 1)
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
def plot_class_scores(trial: Trial) -> Figure:
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


@dataclass(frozen=True, kw_only=True)
class PrecisionRecall:
    """Precision against recall of one class over all thresholds."""

    name: str
    colour: tuple[int, int, int]
    recall: np.ndarray
    precision: np.ndarray
    average: float
    """Area under the curve, NaN where the class has no pixel."""
    chance: float
    """Share of the pixels: the precision of guessing."""
    argmax: tuple[float, float]
    """Recall and precision where the most probable class is taken."""

    @property
    def absent(self) -> bool:
        """Whether the class has no pixel."""
        return math.isnan(self.average)


def precision_recall_info(trial: Trial) -> list[PrecisionRecall]:
    """Precision and recall of each class of a trial."""
    pixels = trial.confusion.sum(axis=1)
    scores = [trial.per_class(name) for name in ("average_precision", "recall", "precision")]
    return [
        PrecisionRecall(
            name=name,
            colour=trial.palette[place],
            recall=trial.curves["recall"][place],
            precision=trial.curves["precision"][place],
            average=average,
            chance=float(pixels[place] / pixels.sum()),
            argmax=(recall, precision),
        )
        for place, (name, average, recall, precision) in enumerate(
            zip(trial.classes, *scores, strict=True)
        )
    ]


@styled
def plot_precision_recall(trial: Trial) -> Figure:
    """Precision against recall over all thresholds, a panel per class, with the argmax's point."""
    info = precision_recall_info(trial)

    def draw(axes: Axes, place: int) -> None:
        one = info[place]
        if one.absent:
            _note(axes, "no pixel of this class\nin the validation set")
            return
        axes.fill_between(one.recall, one.precision, color=unit(one.colour), alpha=0.35,
                          linewidth=0)  # fmt: skip
        axes.plot(one.recall, one.precision, color=INK, linewidth=1.4)
        axes.axhline(one.chance, color=GREY, linestyle=":", linewidth=1.2)
        axes.plot(*one.argmax, marker="D", color="white", markeredgecolor=INK, markersize=5)
        axes.set_xlim(0, 1)

    titles = [one.name if one.absent else f"{one.name}, AP {one.average:.3f}" for one in info]
    figure = _panels(trial, draw, titles=titles, x="recall", y="precision", limits=(0, 1.02))
    legend_below(figure, [
        Line2D([], [], color=INK, linewidth=1.4, label="over all thresholds"),
        Line2D([], [], color=GREY, linestyle=":", label="by chance: share of the pixels"),
        Line2D([], [], color="white", marker="D", markeredgecolor=INK, markersize=5,
               label="argmax, as in the tables"),
    ])  # fmt: skip
    return figure


@dataclass(frozen=True, kw_only=True)
class LearningRate:
    """The learning rate at the end of each epoch, and at every update where that is known."""

    schedule: str
    epochs: np.ndarray
    rates: np.ndarray
    updates: tuple[np.ndarray, np.ndarray] | None
    """Epochs that have gone, and the rate, at every update; None where the rates that were used
    are not those of the schedule: the trial counts its updates in another way."""


def learning_rate_info(trial: Trial) -> LearningRate:
    """The learning rate of a run."""
    names = ("schedule", "lr", "epochs", "accumulate")
    options = changed(TrialOptions(), {name: trial.options[name] for name in names})
    patches = trial.metrics["split"]["train_patches"]
    patches = trial.metrics.get("search", {}).get("weights_patches", patches)
    steps = max(1, patches // trial.options["batch"])
    each = -(-steps // options.accumulate)
    used, count = trial.history["lr"], each * len(trial.history["epoch"])
    rates = np.array([learning_rate(options, n, each * options.epochs) for n in range(count)])
    known = np.allclose(rates[each - 1 :: each], used, rtol=1e-6, atol=0)
    return LearningRate(
        schedule=options.schedule,
        epochs=trial.history["epoch"],
        rates=used,
        updates=(np.arange(1, count + 1) / each, rates) if known else None,
    )


@styled
def plot_learning_rate(trial: Trial) -> Figure:
    """The learning rate of every update, and as it was used at the end of every epoch."""
    info = learning_rate_info(trial)
    figure = new_figure(2.3)
    axes = figure.add_subplot()
    what, look = "at the end of each epoch", MEAN_IOU
    if info.updates is not None:
        axes.plot(*info.updates, color=MEAN_IOU["color"], linewidth=1.4)
        what, look = "of each update; dots: end of an epoch", {**MEAN_IOU, "linestyle": ""}
    line(axes, info.epochs, info.rates, "learning rate", look)
    epoch_axis(axes, info.epochs)
    if info.updates is not None:
        axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.set_title(f"Learning rate {what} ({info.schedule})")
    axes.set_ylabel("learning rate")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useMathText=False)
    return figure


def _note(axes: Axes, text: str) -> None:
    """Words in an empty panel."""
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=GREY)
