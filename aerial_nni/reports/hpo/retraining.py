"""Default options against the best configuration: both at full length, over several seeds."""

import math
from collections.abc import Sequence
from statistics import mean, stdev

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from aerial_nni.reports.folder import Trial
from aerial_nni.reports.hpo.axes import write_value
from aerial_nni.reports.hpo.search import BEST, DEFAULT, Search
from aerial_nni.reports.style import BLUE, INK, VERMILLION, epoch_axis, new_figure, styled
from aerial_nni.reports.words import duration, score, some, spread, table

NAMES = {DEFAULT: "default options", BEST: "best configuration"}


@styled
def draw_retraining(search: Search) -> Figure:
    """Left every retrained run with mean and standard deviation; right their curves by epoch."""
    figure = new_figure(3.5)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5), sharey=False)
    for place, (name, colour, marker) in enumerate(((DEFAULT, BLUE, "s"), (BEST, VERMILLION, "o"))):
        trials, scores = search.retrained[name], search.scores_of(name)
        shifts = np.linspace(-0.12, 0.12, len(scores)) if len(scores) > 1 else np.zeros(len(scores))
        left.scatter(place + shifts, scores, color=colour, marker=marker, s=34, zorder=3)
        if len(scores) > 1:
            left.errorbar(place + 0.28, mean(scores), yerr=stdev(scores), color=INK, marker="_",
                          markersize=12, capsize=4, linewidth=1.3)  # fmt: skip
        for number, trial in enumerate(trials):
            right.plot(trial.history["epoch"], trial.history["mean_iou"], color=colour,
                       linewidth=1.3, linestyle="-" if name == BEST else "--",
                       label=NAMES[name] if number == 0 else None)  # fmt: skip
    if search.best.score is not None:
        left.axhline(search.best.score, color=VERMILLION, linestyle=":", linewidth=1.2)
        length = some(search.best.length, "epoch")
        left.text(-0.45, search.best.score, f"best trial of the search ({length})", fontsize=7.5,
                  va="bottom", color=INK)  # fmt: skip
    left.set_xlim(-0.5, 1.5)
    left.margins(y=0.15)
    left.set_xticks([0, 1], list(NAMES.values()))
    left.set_ylabel("mean IoU on the validation patches")
    left.set_title("Each seed; mean ± standard deviation")
    runs = [trial for trials in search.retrained.values() for trial in trials]
    epoch_axis(right, max((trial.history["epoch"] for trial in runs), key=len))
    right.set_ylabel("mean IoU on the validation patches")
    right.set_title("By epoch, a line for each seed")
    right.legend(loc="lower right")
    return figure


def retraining_table(search: Search) -> str:
    """Scores and costs of both, a column each."""
    pairs = [(name, search.retrained[name]) for name in NAMES if search.retrained[name]]
    rows = [
        ["mean IoU", *(f"**{spread(search.scores_of(name))}**" for name, _ in pairs)],
        ["mean IoU of each seed", *(_each(trials) for _, trials in pairs)],
        ["soft Jaccard", *(spread(_finals(trials, "soft_jaccard")) for _, trials in pairs)],
        ["precision", *(spread(_finals(trials, "precision")) for _, trials in pairs)],
        ["recall", *(spread(_finals(trials, "recall")) for _, trials in pairs)],
        ["mean IoU of the last epoch", *(spread(_last(trials)) for _, trials in pairs)],
        ["epochs of a run", *(_same(trials, "epochs_run") for _, trials in pairs)],
        ["training time of a run, mean", *(_minutes(trials) for _, trials in pairs)],
        ["trained parameters", *(f"{_model(trials, 'parameters'):,}" for _, trials in pairs)],
        [
            "multiply-adds for one patch",
            *(f"{_model(trials, 'multiply_adds'):,}" for _, trials in pairs),
        ],
    ]
    return table(["what", *(NAMES[name] for name, _ in pairs)], rows)


def configuration_table(search: Search) -> str:
    """The values of the best trial beside those of the default options."""
    rows = [
        [f"`{name}`", write_value(search.default(name)), f"**{write_value(value)}**"]
        for name, value in search.best.config.items()
    ]
    return table(["parameter", "default", "best trial"], rows)


def explain_difference(search: Search) -> str:
    """What the retrained runs say: the difference, whether it is more than chance, what it cost."""
    default, best = search.scores_of(DEFAULT), search.scores_of(BEST)
    text = []
    if default and best:
        text.append(_difference(default, best))
    if best and search.best.score is not None:
        text.append(_optimism(search, best))
    if default and best:
        text.append(_cost(search))
    return "\n\n".join(part for part in text if part)


def _difference(default: Sequence[float], best: Sequence[float]) -> str:
    gain = mean(best) - mean(default)
    text = (
        f"The best configuration is **{abs(gain):.4f} {'above' if gain >= 0 else 'below'} the "
        f"default options** in mean IoU ({some(len(best), 'seed')} against "
        f"{some(len(default), 'seed')})."
    )
    low, high = interval(default, best)
    if math.isnan(low):
        return f"{text} One seed has no spread: whether that is more than chance is not known."
    sure = low > 0 or high < 0
    return (
        f"{text} The 95 % interval of the difference (Welch's t) reaches from {low:+.4f} to "
        f"{high:+.4f}: "
        + (
            "more than the seeds alone explain."
            if sure
            else "with so few seeds, chance alone could explain it."
        )
    )


def interval(default: Sequence[float], best: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the difference of means by Welch's t; NaN with a single seed."""
    if min(len(default), len(best)) < 2:
        return math.nan, math.nan
    if np.var(default) == np.var(best) == 0:
        return mean(best) - mean(default), mean(best) - mean(default)
    found = stats.ttest_ind(best, default, equal_var=False).confidence_interval(0.95)
    return float(found.low), float(found.high)


def _optimism(search: Search, best: Sequence[float]) -> str:
    """The best of many trials against the same configuration trained again.

    Nothing where one of the runs repeats the trial: their mean has its luck in it.
    """
    found, again, trial = float(search.best.score or 0.0), mean(best), search.best
    lengths = {run.metrics["epochs_run"] for run in search.retrained[BEST]}
    seeds = {run.options["seed"] for run in search.retrained[BEST]}
    if search.default("seed") in seeds and trial.length in lengths:
        return ""
    text = (
        f"In the search this configuration had {score(found)}; trained again it has "
        f"{score(again)}{' in the mean' if len(best) > 1 else ''}."
    )
    if lengths != {trial.length}:
        longer = some(lengths.pop(), "epoch") if len(lengths) == 1 else "several lengths"
        return (
            f"{text} The trial of the search had {some(trial.length, 'epoch')}, the retrained runs "
            f"{longer}, so the two are not alike."
        )
    if found > again:
        return (
            f"{text} The difference of {found - again:.4f} is what picking the highest of "
            f"{len(search.scored)} scores is worth by itself: the highest one had luck too."
        )
    return f"{text} The search had not picked it for its luck."


def _cost(search: Search) -> str:
    """Both at equal cost, with the search counted."""
    seconds = {
        name: mean(trial.metrics["cost"]["training_seconds"] for trial in search.retrained[name])
        for name in NAMES
    }
    epochs = {name: sum(t.metrics["epochs_run"] for t in search.retrained[name]) for name in NAMES}
    searched = sum(tried.epochs for tried in search.tried)
    spent = sum(tried.seconds for tried in search.tried)
    alike = "as many" if epochs[DEFAULT] == epochs[BEST] else "not as many"
    return (
        f"**At equal cost:** both were trained for {alike} epochs "
        f"({epochs[DEFAULT]} and {epochs[BEST]} over all seeds). In time, a run of the best "
        f"configuration takes {seconds[BEST] / max(1e-9, seconds[DEFAULT]):.2f} times as long "
        f"({duration(seconds[BEST])} against {duration(seconds[DEFAULT])}). The search itself "
        f"comes on top: {searched:,} epochs in {duration(spent)}, the cost of "
        f"{spent / max(1e-9, seconds[DEFAULT]):.1f} runs with default options."
    )


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


def _minutes(trials: Sequence[Trial]) -> str:
    return duration(mean(trial.metrics["cost"]["training_seconds"] for trial in trials))


def _model(trials: Sequence[Trial], key: str) -> int:
    return int(trials[0].metrics["model"][key])
