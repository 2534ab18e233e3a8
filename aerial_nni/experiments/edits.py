"""Limits that a person edits in the web UI while the experiment runs; the record follows them."""

from collections.abc import Mapping
from typing import Any

from aerial_nni.experiments.records import Record

SHOWN = {"trials": "trials", "concurrency": "trials at once", "max_minutes": "minutes"}
"""The record's limits, and what they are called in a line."""


class EditedLimits:
    """What has changed since the first look.

    Differences are followed: after a resume NNI's limits count what an earlier run has spent, the
    record's do not.
    """

    def __init__(self) -> None:
        self._seen: dict[str, float] | None = None

    def follow(self, record: Record, params: Mapping[str, Any]) -> list[str]:
        """Brings the record's limits up to date; a line for each that was edited."""
        now = _limits(params)
        before, self._seen = self._seen or now, now
        lines = []
        for name, value in now.items():
            if value == before[name]:
                continue
            old = record.limits[name]
            record.limits[name] = old + value - before[name]
            lines.append(f"changed in the web UI: {old:g} -> {record.limits[name]:g} {SHOWN[name]}")
        return lines


def _limits(params: Mapping[str, Any]) -> dict[str, float]:
    """NNI's limits under the record's names."""
    from nni.experiment.config.utils import parse_time

    return {
        "trials": int(params["maxTrialNumber"]),
        "concurrency": int(params["trialConcurrency"]),
        "max_minutes": parse_time(params["maxExperimentDuration"]) / 60,
    }
