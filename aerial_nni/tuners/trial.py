"""What a tuner knows of the trials: configurations, losses, which are still running."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aerial_nni.tuners.parameter import text
from aerial_nni.tuners.space import Config, Places

BUDGET = "TRIAL_BUDGET"
"""NNI's name for the epochs that a multi-fidelity method grants a trial."""
PHASE = "_phase"
"""A trial's part in its experiment: SEARCH, or the name of a final phase.

Of a final trial that a person copied in the web UI it ends in ", added".
"""
SEARCH = "search"
CONTROL = "control"
"""A final phase that others are measured against, or how the names of several begin.

Its trials are never the best.
"""
BEST, DEFAULT = "retrain best", "retrain default"
"""The final phases of a search for hyper-parameters."""
ORIGIN = "_origin"
"""Where a suggestion of a search comes from: one of the following, or what the method says."""
STARTUP, GUIDED, RANDOM, PROMOTED = "start-up", "guided", "random", "promoted"
LARGEST = 1e100
"""The largest loss that a model is told of."""


@dataclass(kw_only=True)
class Trial:
    """One configuration that was handed out, or that somebody else tried."""

    config: Config
    unit: np.ndarray
    """Its point in the unit cube, shape (d,)."""
    places: Places = ()
    """The places of its values in the space: what it is compared by."""
    id: int | None = None
    """NNI's parameter id; None where another run of the experiment gave it."""
    loss: float | None = None
    """What is minimised; None while there is no result."""
    failed: bool = False
    budget: int | None = None
    """Epochs that a multi-fidelity method granted; None: all."""
    added: bool = False
    """Whether it comes on top of the experiment's number: a person added it in the web UI, or it
    failed before a resume."""

    @property
    def pending(self) -> bool:
        """Whether a result may still come."""
        return self.loss is None and not self.failed


@dataclass
class Trials:
    """All trials of a tuner, in the order in which they were handed out."""

    all: list[Trial] = field(default_factory=list)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def find(self, id: int | None, places: Places | None = None) -> Trial | None:
        """The trial of that id, or one of those places that still waits for its result."""
        for trial in self.all:
            if id is not None and trial.id == id:
                return trial
        for trial in self.all:
            if trial.pending and trial.id is None and trial.places == places:
                return trial
        return None

    def observed(self, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, d) and losses (n,); a failed trial has the worst loss there is.

        So a model learns to keep away from where trials fail, without an invented number. No loss
        is beyond `LARGEST`, with which models can still calculate.
        """
        known = [trial.loss for trial in self.all if trial.loss is not None]
        worst = max(known, default=0.0)
        ended = [trial for trial in self.all if not trial.pending]
        units = np.array([trial.unit for trial in ended]).reshape(-1, dimensions)
        losses = [worst if trial.loss is None else trial.loss for trial in ended]
        return units, np.clip(np.array(losses, dtype=float), -LARGEST, LARGEST)

    def pending(self, dimensions: int) -> np.ndarray:
        """Points of the trials without a result, shape (p, d)."""
        units = [trial.unit for trial in self.all if trial.pending]
        return np.array(units).reshape(-1, dimensions)

    def tried(self) -> set[Places]:
        """The places of all configurations that were handed out."""
        return {trial.places for trial in self.all}


def visible(parameters: Mapping[str, Any]) -> Config:
    """A trial's parameters without those that a tuner or NNI adds."""
    added = ("_", BUDGET)
    return {name: value for name, value in parameters.items() if not name.startswith(added)}


def key(parameters: Mapping[str, Any]) -> str:
    """A trial's parameters as text, whatever is among them: equal for equal ones."""
    return text(parameters)
