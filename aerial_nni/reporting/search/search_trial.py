"""One trial of a search, as the record and its folder tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.config import run_folder
from aerial_nni.reporting.folder import Trial
from aerial_nni.tuners.trial import BUDGET, GUIDED, ORIGIN, PROMOTED, RANDOM, STARTUP, visible

GRID, ADDED = "grid", "added"
"""Kinds beside those of `trial`: of the control, and without an origin, by a person."""


@dataclass(frozen=True)
class Tried:
    """One trial of the search, as the record and its folder tell it."""

    number: int
    """Its place among the trials of the search, from 1."""
    row: Mapping[str, Any]
    """Its entry in `experiment.json`."""
    folder: Path | None

    @property
    def state(self) -> str:
        """NNI's word for how it ended."""
        return str(self.row["state"])

    @cached_property
    def config(self) -> dict[str, Any]:
        """The values that were tried, without NNI's and our own hidden keys."""
        return visible(self.row["parameters"])

    @property
    def origin(self) -> str:
        """Where its configuration comes from, in the tuner's words."""
        return str(self.row["parameters"].get(ORIGIN, ADDED))

    @property
    def kind(self) -> str:
        """Its origin in words that all methods share: what only one says is `GUIDED`."""
        shared = (STARTUP, RANDOM, PROMOTED, GRID, ADDED)
        return self.origin if self.origin in shared else GUIDED

    @property
    def chosen(self) -> bool:
        """Whether results chose it: a model, a parent, or its own score after fewer epochs."""
        return self.kind in (GUIDED, PROMOTED)

    @property
    def budget(self) -> int | None:
        """Epochs that a multi-fidelity method allowed it, None under another method."""
        budget = self.row["parameters"].get(BUDGET)
        return None if budget is None else round(budget)

    @cached_property
    def score(self) -> float | None:
        """Mean IoU; of a trial that was stopped early, the last it reported; None where none."""
        if self.row["score"] is not None:
            return float(self.row["score"])
        if self.state == "EARLY_STOPPED" and self.history is not None:
            return float(self.history["mean_iou"][-1])
        return None

    @cached_property
    def complete(self) -> Trial | None:
        """Its result folder if it reached its end."""
        done = self.folder is not None and (self.folder / run_folder.METRICS).is_file()
        return Trial(self.folder) if done and self.folder is not None else None

    @cached_property
    def history(self) -> dict[str, np.ndarray] | None:
        """Its epochs as `Trial.history`, None where it finished none."""
        if self.folder is None or not (self.folder / run_folder.HISTORY).is_file():
            return None
        if (self.folder / run_folder.HISTORY).read_bytes().count(b"\n") < 2:  # no epoch yet
            return None
        return Trial(self.folder).history

    @property
    def length(self) -> int:
        """Epochs it reached, those included that it did not train itself."""
        return 0 if self.history is None else len(self.history["epoch"])

    @cached_property
    def resumed(self) -> int:
        """Epochs it did not train because it went on from another trial's checkpoint."""
        if self.folder is None or not (self.folder / run_folder.OPTIONS).is_file():
            return 0
        return int(Trial(self.folder).options.get("resumed_epochs", 0))

    @property
    def epochs(self) -> int:
        """Epochs it trained itself."""
        return max(0, self.length - self.resumed)

    @property
    def seconds(self) -> float:
        """Time of the epochs it trained itself, with validation."""
        return 0.0 if self.history is None else float(self.history["seconds"][self.resumed :].sum())

    @property
    def reason(self) -> str:
        """Why it has no score, as far as that was recorded."""
        if self.folder is None or not (self.folder / run_folder.FAILURE).is_file():
            return ""
        return (self.folder / run_folder.FAILURE).read_text(encoding="utf-8").strip()
