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


@styled
def draw_beside(*groups: Group, level: tuple[float, str] | None = None) -> Figure:
    """Left every run with mean and deviation, right their curves by epoch.

    Runs of the first two groups are joined by seed. `level` is a score to compare all with, and
    what it is.
    """
    figure = new_figure(3.5)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5), sharey=False)
    for place, (group, look) in enumerate(zip(groups, LOOKS, strict=False)):
        (colour, marker, dashes), scores = look, group.scores
        left.scatter(place + _shifts(group), scores, color=colour, marker=marker, s=34, zorder=3)
        if len(scores) > 1:
            left.errorbar(place + 0.28, mean(scores), yerr=stdev(scores), color=INK, marker="_",
                          markersize=12, capsize=4, linewidth=1.3)  # fmt: skip
        for number, trial in enumerate(group.trials):
            right.plot(trial.history["epoch"], trial.history["mean_iou"], color=colour,
                       linewidth=1.3, linestyle=dashes,
                       marker=marker if len(trial.history["epoch"]) == 1 else None,
                       label=group.name if number == 0 else None)  # fmt: skip
    _join_seeds(left, *groups[:2])
    if level is not None:
        left.axhline(level[0], color=VERMILLION, linestyle=":", linewidth=1.2)
        left.text(-0.45, level[0], level[1], fontsize=7.5, va="bottom", color=INK)
    left.set_xlim(-0.5, len(groups) - 0.5)
    left.margins(y=0.15)
    names = [group.name for group in groups]
    if len(names) > CROWDED:
        names = [textwrap.fill(name, 12, break_long_words=False) for name in names]
        left.tick_params(axis="x", labelsize=6.5)
    left.set_xticks(range(len(groups)), names)
    left.set_ylabel("mean IoU on the validation patches")
    left.set_title("Each run; mean ± standard deviation")
    if any(len(group.trials) > 1 for group in groups):
        left.set_xlabel("runs of a group are drawn a little apart")
    epoch_axis(right, longest([trial for group in groups for trial in group.trials]))
    right.set_ylabel("mean IoU on the validation patches")
    right.set_title("By epoch, a line for each run")
    right.legend(loc="best", fontsize=6.5 if len(groups) > CROWDED else None)
    return figure


def _shifts(group: Group) -> np.ndarray:
    """How far each run's mark lies beside the middle of its group."""
    count = len(group.trials)
    return np.linspace(-0.12, 0.12, count) if count > 1 else np.zeros(count)


def _join_seeds(axes: Axes, first: Group, second: Group) -> None:
    """Thin lines between the runs of one seed: what is compared with what."""
    places = {trial.options["seed"]: (shift, value) for trial, shift, value
              in zip(first.trials, _shifts(first), first.scores, strict=True)}  # fmt: skip
    for trial, shift, value in zip(second.trials, _shifts(second), second.scores, strict=True):
        if trial.options["seed"] in places:
            start, before = places[trial.options["seed"]]
            axes.plot([start, 1 + shift], [before, value], color=GREY, linewidth=0.7, zorder=1)


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
        ["mean IoU of each seed", *map(_each, runs)],
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


def _each(trials: Sequence[Trial]) -> str:
    return ", ".join(
        f"{trial.options['seed']}: {score(trial.metrics['score'])}" for trial in trials
    )


def _same(trials: Sequence[Trial], key: str) -> str:
    return ", ".join(str(value) for value in sorted({trial.metrics[key] for trial in trials}))


def _time(trials: Sequence[Trial], key: str) -> str:
    return duration(mean(trial.metrics["cost"][key] for trial in trials))


def _model(trials: Sequence[Trial], key: str) -> str:
    """The figure of the model, or the smallest and the largest where models differ."""
    values = {int(trial.metrics["model"][key]) for trial in trials}
    return " to ".join(f"{value:,}" for value in sorted({min(values), max(values)}))
