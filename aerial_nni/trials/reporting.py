"""Report metrics to NNI where NNI started the trial, else to the log."""

import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

log = logging.getLogger(__name__)

KEYS = {
    "default": "mean_iou",
    "val_loss": "val_loss",
    "val_precision": "precision",
    "val_recall": "recall",
    "alpha_entropy": "entropy",
    "skip_share": "skip_share",
}
"""What NNI is told, and the column of the history it comes from.

The last two are those of an architecture search. None is called like an option: NNI's
hyper-parameter graph has one axis for each name, and would show the metric where the
hyper-parameter (`loss`, `precision`) should be.
"""


class Reporter(Protocol):
    """Parameters in, results out."""

    def parameters(self) -> dict[str, Any]:
        """The options this trial changes."""

    def intermediate(self, row: Mapping[str, float]) -> None:
        """An epoch's row of the history."""

    def final(self, row: Mapping[str, float], beside: Mapping[str, str]) -> None:
        """The row of the kept epoch, once, at the end; `beside` is what only tuners read."""


def without_notes(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters without the keys that tuners and NNI add, such as `_phase`."""
    return {
        name: value
        for name, value in parameters.items()
        if not name.startswith("_") or name.startswith("__")
    }


class ByHand:
    """A trial that a person started: nothing to ask, and the log to tell."""

    def parameters(self) -> dict[str, Any]:
        """No changes."""
        return {}

    def intermediate(self, row: Mapping[str, float]) -> None:
        """Nothing: the loop logs each epoch itself."""

    def final(self, row: Mapping[str, float], beside: Mapping[str, str]) -> None:
        """Logs the score."""
        log.info("mean IoU %.4f at epoch %.0f", row["mean_iou"], row["epoch"])


class Nni:
    """A trial that NNI started."""

    def parameters(self) -> dict[str, Any]:
        """The tuner's choice, without the keys that tuners and NNI add, such as `_phase`."""
        import nni

        from aerial_nni.tuners.decoding import decode_plainly

        decode_plainly()
        return without_notes(nni.get_next_parameter() or {})

    def intermediate(self, row: Mapping[str, float]) -> None:
        """One point of the UI's intermediate-result graph."""
        import nni
        from nni.trial import overwrite_intermediate_seq

        overwrite_intermediate_seq(int(row["epoch"]) - 1)  # goes on after a resume, not from 0
        nni.report_intermediate_result(message(row))

    def final(self, row: Mapping[str, float], beside: Mapping[str, str]) -> None:
        """The trial's result."""
        import nni

        nni.report_final_result({**message(row), **beside})


def message(row: Mapping[str, float]) -> dict[str, float]:
    """A row as NNI takes it: finite Python floats, the score under `default`.

    A score that is not finite (no valid pixel at all) is 0; other figures are left out then.
    """
    found = {key: float(row[column]) for key, column in KEYS.items() if column in row}
    finite = {key: value for key, value in found.items() if math.isfinite(value)}
    return {"default": 0.0, **finite}


def under_nni() -> bool:
    """Whether this process is an NNI trial."""
    return "NNI_TRIAL_JOB_ID" in os.environ


def link_events(events: Path) -> None:
    """Lets the UI's TensorBoard button find `events`: NNI looks into its own output folder."""
    output = os.environ.get("NNI_OUTPUT_DIR")
    if not output:
        return
    place = Path(output) / "tensorboard"
    if not place.exists() and not place.is_symlink():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(events.resolve(), target_is_directory=True)
