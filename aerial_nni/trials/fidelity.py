"""Epoch budgets of multi-fidelity methods, and continuing from a shorter trial.

Hyperband and BOHB let a trial stop after `TRIAL_BUDGET` of its epochs, and start what promises most
once more with a larger budget. That trial copies what the shorter one has left and trains on from
there. Schedules are those of the full length in both, so its curve is that of one uninterrupted
run. What a budgeted trial reports at its end is its best epoch so far, inherited ones included.
"""

import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aerial_nni.config.options import BadOption, TrialOptions, as_dict, as_recorded
from aerial_nni.config.run_folder import (
    CHECKPOINT,
    EVENTS,
    HISTORY,
    LAST,
    METRICS,
    OPTIONS,
    SAMPLES,
    SPLIT,
    read_history,
    read_json,
    write_json,
)
from aerial_nni.config.safe_reading import SMALL

log = logging.getLogger(__name__)

BUDGET = "TRIAL_BUDGET"
"""NNI's name of the parameter, and the key in options.json."""

RESUMED, SHORTER = "resumed_epochs", "resumed_from"
"""Keys in options.json: epochs that were inherited, and the trial that they are from."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """How far a trial may train, and what it started with."""

    epochs: int | None = None
    """None: all of the options' epochs."""
    resumed_epochs: int = 0
    resumed_from: str = ""

    def as_dict(self) -> dict[str, Any]:
        """What options.json says of it: nothing without a budget."""
        if self.epochs is None:
            return {}
        return {BUDGET: self.epochs, RESUMED: self.resumed_epochs, SHORTER: self.resumed_from}


def granted(parameters: Mapping[str, Any]) -> tuple[dict[str, Any], int | None]:
    """The options among NNI's parameters, and the budget in epochs where there is one.

    Raises:
        BadOption: the budget is no number of epochs.
    """
    options = {name: value for name, value in parameters.items() if name != BUDGET}
    budget = parameters.get(BUDGET)
    if budget is None:
        return options, None
    if not isinstance(budget, int | float) or not 1 <= budget < 2**31 or budget % 1:
        raise BadOption(f"{BUDGET}={budget!r} is no number of epochs; give 1 or more")
    return options, int(budget)


def matches(folder: Path, options: TrialOptions, budget: int | None) -> bool:
    """Whether a result folder is that of a trial of these options and this budget."""
    own, granted_ = recorded(folder)
    return as_recorded(own, type(options)) == as_dict(options) and granted_.epochs == budget


def recorded(folder: Path) -> tuple[dict[str, Any], Grant]:
    """What options.json says: the options, and the grant. ({}, all) where it cannot be read."""
    try:
        values = dict(read_json(folder / OPTIONS, largest=SMALL))
    except (OSError, ValueError, TypeError):
        return {}, Grant()
    epochs, resumed, shorter = (values.pop(key, None) for key in (BUDGET, RESUMED, SHORTER))
    return values, Grant(epochs=epochs, resumed_epochs=resumed or 0, resumed_from=shorter or "")


def inherit(folder: Path, options: TrialOptions, budget: int | None) -> Grant:
    """The grant of the trial in `folder`; a new one first gets what a shorter one has left.

    The shorter trial is a finished one of equal options beside it, the one with the largest smaller
    budget. Its files are copied: it stays as it is.
    """
    if budget is None:
        return Grant()
    if folder.exists():
        _, grant = recorded(folder)
        return grant if grant.epochs == budget else Grant(epochs=budget)
    shorter = _shorter(folder, options, budget)
    if shorter is None:
        return Grant(epochs=budget)
    resumed = len(read_history(shorter / HISTORY))
    log.info("going on after epoch %d of trial %s", resumed, shorter.name)
    grant = Grant(epochs=budget, resumed_epochs=resumed, resumed_from=shorter.name)
    _copy(shorter, folder, options, grant)
    return grant


def _shorter(folder: Path, options: TrialOptions, budget: int) -> Path | None:
    found = []
    for other in sorted(folder.parent.iterdir()) if folder.parent.is_dir() else ():
        if all((other / name).is_file() for name in (METRICS, LAST, HISTORY)):
            own, grant = recorded(other)
            own = as_recorded(own, type(options))
            if own == as_dict(options) and grant.epochs is not None and grant.epochs < budget:
                found.append((grant.epochs, other))
    return max(found, default=(0, None))[1]


def _copy(source: Path, folder: Path, options: TrialOptions, grant: Grant) -> None:
    """Copies what training goes on from; the folder is there when all of it is."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for name in (LAST, HISTORY, CHECKPOINT, SPLIT):
        if (source / name).is_file():
            shutil.copy2(source / name, part / name)
    for name in (EVENTS, SAMPLES):
        if (source / name).is_dir():
            shutil.copytree(source / name, part / name)
    write_json(part / OPTIONS, {**as_dict(options), **grant.as_dict()})
    os.rename(part, folder)
