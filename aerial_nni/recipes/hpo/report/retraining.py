"""Default options against the best configuration: both at full length, over several seeds."""

import math
from collections.abc import Sequence
from statistics import mean

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from aerial_nni.recipes.hpo.report.axes import write_value
from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.reporting.format import duration, pluralize, score, table
from aerial_nni.reporting.group_comparison import Group, beside_table, draw_beside
from aerial_nni.tuners.trial import BEST, DEFAULT

NAMES = {DEFAULT: "default options", BEST: "best configuration"}


def draw_retraining(search: Search) -> Figure:
    """Both as `draw_beside` draws them, with the score of the best trial of the search."""
    level = None
    if search.best.score is not None:
        length = pluralize(search.best.length, "epoch")
        level = (search.best.score, f"best trial of the search ({length})")
    first, second = (Group(name, search.retrained[phase]) for phase, name in NAMES.items())
    return draw_beside(first, second, level=level)


def retraining_table(search: Search) -> str:
    """Scores and costs of both, a column each."""
    groups = [Group(name, search.retrained[phase]) for phase, name in NAMES.items()]
    return beside_table([group for group in groups if group.trials])


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
        f"default options** in mean IoU ({pluralize(len(best), 'seed')} against "
        f"{pluralize(len(default), 'seed')})."
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
        longer = pluralize(lengths.pop(), "epoch") if len(lengths) == 1 else "several lengths"
        return (
            f"{text} The trial of the search had {pluralize(trial.length, 'epoch')}, the "
            "retrained runs "
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
