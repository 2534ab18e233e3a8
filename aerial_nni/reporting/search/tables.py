"""The tables of a search: all trials, the best ones, those that failed, other experiments."""

import math
from collections.abc import Iterable, Sequence

from aerial_nni.reporting.format import duration, pluralize, rule_name, score, spread, table
from aerial_nni.reporting.search.axes import write_value
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.search.search_trial import Tried
from aerial_nni.tuners.trial import BEST, DEFAULT

STATES = {
    "SUCCEEDED": "finished",
    "FAILED": "failed",
    "EARLY_STOPPED": "stopped early",
    "USER_CANCELED": "cancelled by the user",
    "SYS_CANCELED": "cancelled by NNI",
    "CUT_OFF": "cut off",
}
"""NNI's words for how a trial ended, and ours."""


def best_table(search: Search, *, count: int = 5) -> str:
    """The trials with the highest scores."""
    ranked = sorted(search.scored, key=lambda tried: -(tried.score or 0.0))
    return trial_table(search, ranked[:count])


def trial_table(search: Search, tried: Iterable[Tried]) -> str:
    """A trial a row: its values, its score and what it took."""
    names = search.space.names
    budgets = search.max_budget is not None
    rows = []
    for trial in tried:
        shown = score(trial.score)
        rows.append(
            [
                str(trial.number),
                STATES.get(trial.state, trial.state.lower()),
                trial.origin,
                *(write_value(trial.config.get(name)) for name in names),
                *([write_value(trial.budget)] if budgets else []),
                f"**{shown}**" if trial is search.best else shown,
                str(trial.epochs) + (f" + {trial.resumed}" if trial.resumed else ""),
                duration(trial.seconds) if trial.seconds else "–",
            ]
        )
    header = ["trial", "state", "origin", *(f"`{name}`" for name in names),
              *(["budget, epochs"] if budgets else []), "mean IoU", "epochs", "time"]  # fmt: skip
    return table(header, rows, text_columns=3)


def failure_table(search: Search) -> str:
    """Trials without a score, with the reason; empty where there is none."""
    failed = [tried for tried in search.tried if tried.score is None]
    rows = [
        [
            str(tried.number),
            STATES.get(tried.state, tried.state.lower()),
            f"after {pluralize(tried.length, 'epoch')}" if tried.length else "before an epoch",
            tried.reason.splitlines()[0] if tried.reason else "not recorded",
            ", ".join(f"`{key}` {write_value(value)}" for key, value in tried.config.items()),
        ]
        for tried in failed
    ]
    header = ["trial", "state", "when", "reason", "parameters"]
    return table(header, rows, text_columns=5) if rows else ""


def comparison_table(searches: Sequence[Search]) -> str:
    """Several searches side by side."""
    rows = []
    for search in searches:
        split = search.shown[0].metrics["split"]
        rows.append(
            [
                f"`{search.experiment.id}`",
                search.title,
                rule_name(split["rule"], leaky=split["leaky"]),
                str(len(search.tried)),
                f"{sum(tried.epochs for tried in search.tried):,}",
                duration(sum(tried.seconds for tried in search.tried)),
                score(search.best.score),
                *(spread(search.scores_of(name) or [math.nan]) for name in (BEST, DEFAULT)),
            ]
        )
    header = ["experiment", "method", "split", "trials", "epochs", "training time",
              "best score of the search", "best, retrained", "default, retrained"]  # fmt: skip
    return table(header, rows, text_columns=3)
