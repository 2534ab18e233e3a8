"""Follow the limits (trials, concurrency, duration) that a user edits in the web UI."""

import contextlib
import math
from collections.abc import Callable, Mapping
from typing import Any

from aerial_nni.nni_backend.records import Record

SHOWN = {"trials": "trials", "concurrency": "trials at once", "max_minutes": "minutes"}
"""The record's limits, and what they are called in a line."""


class EditedLimits:
    """What has changed since the first look.

    Differences are followed: after a resume NNI's limits count what an earlier run has spent, the
    record's do not.
    """

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self._planned = 0
        """Trials at the highest limit so far."""

    @property
    def seconds(self) -> float:
        """NNI's limit of the experiment's time, as it was last seen."""
        return 60 * self._seen.get("max_minutes", math.inf)

    def follow(self, record: Record, params: Mapping[str, Any]) -> list[str]:
        """Brings the record's limits up to date; a line for each that was edited."""
        lines = []
        for name, value in _limits(params).items():
            before = self._seen.setdefault(name, value)
            self._seen[name] = value
            if value == before:
                continue
            old = getattr(record.limits, name)
            now = old + value - before
            setattr(record.limits, name, now)
            lines.append(f"changed in the web UI: {old:g} -> {now:g} {SHOWN[name]}")
            if name == "trials":
                lines += self._dropped(record, old)
        return lines

    def _dropped(self, record: Record, before: float) -> list[str]:
        """A line where the limit cuts off final trials, which come after those of the search."""
        self._planned = max(self._planned, int(before))
        left = int(record.limits.trials)
        searched = record.method.get("search_trials", self._planned)
        finals = self._planned - max(left, searched)
        if left >= self._planned or finals <= 0:
            return []
        return [
            f"{finals} of the {self._planned - searched} trials after the search will not run: "
            f"what it finds is compared with less; for all of them set the limit to {self._planned}"
        ]


def _limits(params: Mapping[str, Any]) -> dict[str, float]:
    """NNI's limits under the record's names; one that is missing or no limit is left out."""
    found = {}
    for name, (key, read) in LIMITS.items():
        with contextlib.suppress(AttributeError, LookupError, TypeError, ValueError, OverflowError):
            found[name] = read(params[key])
    return found


def _minutes(value: Any) -> float:
    from nni.experiment.config.utils import parse_time

    minutes: float = parse_time(value) / 60
    if not math.isfinite(minutes):
        raise ValueError(value)
    return minutes


LIMITS: dict[str, tuple[str, Callable[[Any], float]]] = {
    "trials": ("maxTrialNumber", int),
    "concurrency": ("trialConcurrency", int),
    "max_minutes": ("maxExperimentDuration", _minutes),
}
"""The record's limits -> NNI's name of each, and how it is read."""
