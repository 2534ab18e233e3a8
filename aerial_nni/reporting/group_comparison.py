"""Groups of runs beside each other: the same length, the same seeds, one thing different."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import duration, score, spread, table
from aerial_nni.reporting.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    SKY,
    VERMILLION,
    epoch_axis,
    new_figure,
    styled,
)

LOOKS = ((BLUE, "s", "--"), (VERMILLION, "o", "-"), (GREY, "^", ":"), (GREEN, "D", "-."),
         (ORANGE, "v", "-"), (PINK, "P", "--"), (SKY, "X", ":"), (INK, "o", "-."))  # fmt: skip
"""Colour, marker and line of each group in turn."""


CROWDED = 3
"""Groups from which on their names stand in several lines."""


@dataclass(frozen=True)
class Group:
    """Runs that are alike but for their seed, or but for what is drawn at random."""

    name: str
    trials: Sequence[Trial]

    @property
    def scores(self) -> list[float]:
        """Mean IoU of each run."""
        return [float(trial.metrics["score"]) for trial in self.trials]

    def each(
        self, scores_of: Callable[[Mapping[str, Any]], dict[str, float]]
    ) -> dict[str, list[float]]:
        """Name of a score -> its value in each run; `scores_of` finds them in `metrics.json`."""
        found = [scores_of(trial.metrics) for trial in self.trials]
        return {name: [scores[name] for scores in found] for name in found[0]}


@dataclass(frozen=True, kw_only=True)
class GroupInfo:
    """What is drawn of a group: its runs at places a little apart, and their curves."""

    name: str
    scores: tuple[float, ...]
    places: tuple[float, ...]
    deviation: float | None
    """None of a single run."""
    curves: tuple[tuple[np.ndarray, np.ndarray], ...]
    """Epochs and mean IoU of each run."""


@dataclass(frozen=True, kw_only=True)
class GroupsInfo:
    """Groups beside each other; `joined` are pairs of points of the first two with one seed."""

    groups: tuple[GroupInfo, ...]
    joined: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    epochs: np.ndarray
    """Of the longest run."""


def groups_info(groups: Sequence[Group]) -> GroupsInfo:
    """Runs of groups with their places, deviations and curves."""
    found, points = [], []
    for number, group in enumerate(groups):
        scores, count = group.scores, len(group.trials)
        shifts = np.linspace(-0.12, 0.12, count) if count > 1 else np.zeros(count)
        places = tuple(float(number + shift) for shift in shifts)
        histories = [trial.history for trial in group.trials]
        found.append(
            GroupInfo(
                name=group.name,
                scores=tuple(scores),
                places=places,
                deviation=stdev(scores) if count > 1 else None,
                curves=tuple((one["epoch"], one["mean_iou"]) for one in histories),
            )
        )
        seeds = (trial.options["seed"] for trial in group.trials)
        points.append(dict(zip(seeds, zip(places, scores, strict=True), strict=True)))
    both = points[0].keys() & points[1].keys() if len(points) > 1 else ()
    return GroupsInfo(
        groups=tuple(found),
        joined=tuple((points[0][seed], points[1][seed]) for seed in sorted(both)),
        epochs=longest([trial for group in groups for trial in group.trials]),
    )


@styled
def plot_groups(*groups: Group, level: tuple[float, str] | None = None) -> Figure:
    """Left every run with mean and deviation, right their curves by epoch.

    Runs of the first two groups are joined by seed. `level` is a score to compare all with, and
    what it is.
    """
    info = groups_info(groups)
    figure = new_figure(3.5)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5), sharey=False)
    for number, (group, look) in enumerate(zip(info.groups, LOOKS, strict=False)):
        colour, marker, dashes = look
        left.scatter(group.places, group.scores, color=colour, marker=marker, s=34, zorder=3)
        if group.deviation is not None:
            left.errorbar(number + 0.28, mean(group.scores), yerr=group.deviation, color=INK,
                          marker="_", markersize=12, capsize=4, linewidth=1.3)  # fmt: skip
        for place, (epochs, scores) in enumerate(group.curves):
            right.plot(epochs, scores, color=colour, linewidth=1.3, linestyle=dashes,
                       marker=marker if len(epochs) == 1 else None,
                       label=group.name if place == 0 else None)  # fmt: skip
    for start, end in info.joined:
        left.plot(*zip(start, end, strict=True), color=GREY, linewidth=0.7, zorder=1)
    if level is not None:
        left.axhline(level[0], color=VERMILLION, linestyle=":", linewidth=1.2)
        left.text(-0.45, level[0], level[1], fontsize=7.5, va="bottom", color=INK)
    _label_groups(left, info.groups)
    epoch_axis(right, info.epochs)
    right.set_ylabel("mean IoU on the validation patches")
    right.set_title("By epoch, a line for each run")
    right.legend(loc="best", fontsize=6.5 if len(groups) > CROWDED else None)
    return figure


def _label_groups(axes: Axes, groups: Sequence[GroupInfo]) -> None:
    """Names under the groups, and what the axes are."""
    axes.set_xlim(-0.5, len(groups) - 0.5)
    axes.margins(y=0.15)
    names = [group.name for group in groups]
    if len(names) > CROWDED:
        names = [textwrap.fill(name, 12, break_long_words=False) for name in names]
        axes.tick_params(axis="x", labelsize=6.5)
    axes.set_xticks(range(len(groups)), names)
    axes.set_ylabel("mean IoU on the validation patches")
    axes.set_title("Each run; mean ± standard deviation")
    if any(len(group.scores) > 1 for group in groups):
        axes.set_xlabel("runs of a group are drawn a little apart")


def longest(trials: Sequence[Trial]) -> np.ndarray:
    """The epochs of the run that had most."""
    return max((trial.history["epoch"] for trial in trials), key=len)


def beside_table(groups: Sequence[Group], *, seconds: Sequence[Sequence[float]] = ()) -> str:
    """Scores and costs of each group, a column each.

    `seconds` are those of a patch in each network of each group, where a report has them.
    """
    runs = [group.trials for group in groups]
    rows = [
        ["mean IoU", *(f"**{spread(group.scores)}**" for group in groups)],
        ["mean IoU of each seed", *map(by_seed, runs)],
        ["soft Jaccard", *(spread(_finals(trials, "soft_jaccard")) for trials in runs)],
        ["precision", *(spread(_finals(trials, "precision")) for trials in runs)],
        ["recall", *(spread(_finals(trials, "recall")) for trials in runs)],
        ["mean IoU of the last epoch", *(spread(_last(trials)) for trials in runs)],
        ["epochs of a run", *(_same(trials, "epochs_run") for trials in runs)],
        ["training time of a run, mean", *(_time(trials, "training_seconds") for trials in runs)],
        ["time of an epoch, mean", *(_time(trials, "seconds_per_epoch") for trials in runs)],
        ["trained parameters", *(_model(trials, "parameters") for trials in runs)],
        ["multiply-adds for one patch", *(_model(trials, "multiply_adds") for trials in runs)],
    ]
    if seconds:
        rows.append(["time of one patch", *map(_milliseconds, seconds)])
    return table(["what", *(group.name for group in groups)], rows)


def _milliseconds(seconds: Sequence[float]) -> str:
    """The time, or the shortest and the longest where networks differ."""
    if not seconds:
        return "not measured"
    ends = dict.fromkeys(f"{1e3 * value:,.1f}" for value in (min(seconds), max(seconds)))
    return f"{' to '.join(ends)} ms"


def _finals(trials: Sequence[Trial], key: str) -> list[float]:
    return [float(trial.metrics["final"][key]) for trial in trials]


def _last(trials: Sequence[Trial]) -> list[float]:
    return [float(trial.history["mean_iou"][-1]) for trial in trials]


def by_seed(trials: Sequence[Trial], values: Sequence[float] | None = None) -> str:
    """A score of each run with its seed; the mean IoU where no `values` are given."""
    values = [trial.metrics["score"] for trial in trials] if values is None else values
    return ", ".join(
        f"{trial.options['seed']}: {score(value)}"
        for trial, value in zip(trials, values, strict=True)
    )


def _same(trials: Sequence[Trial], key: str) -> str:
    return ", ".join(str(value) for value in sorted({trial.metrics[key] for trial in trials}))


def _time(trials: Sequence[Trial], key: str) -> str:
    return duration(mean(trial.metrics["cost"][key] for trial in trials))


def _model(trials: Sequence[Trial], key: str) -> str:
    """The figure of the model, or the smallest and the largest where models differ."""
    values = {int(trial.metrics["model"][key]) for trial in trials}
    return " to ".join(f"{value:,}" for value in sorted({min(values), max(values)}))
