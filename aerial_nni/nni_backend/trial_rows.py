"""Every trial of an experiment as a row: what it was given, what it reached, and where it lies."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aerial_nni.config import run_folder
from aerial_nni.config.errors import Damaged
from aerial_nni.config.run_folder import no_formula
from aerial_nni.config.run_folder_schema import TrialRow
from aerial_nni.config.schema import fitted
from aerial_nni.nni_backend.records import Record

OWN = ("trial", "number", "state", "score", "start", "end", "added", "folder")
"""Columns of every trial; its parameters and its final scores follow."""

FINAL = "final/"
"""What the names of the columns of final scores begin with: those of metrics.json."""


def trial_rows(record: Record, folder: Path) -> list[dict[str, Any]]:
    """A row for each trial, all with the same columns; None where a trial has no such value."""
    rows = [_row(trial, folder) for trial in record.trials]
    parameters = dict.fromkeys(name for trial in record.trials for name in trial.parameters)
    finals = sorted({name for row in rows for name in row if name.startswith(FINAL)})
    columns = [*OWN, *(name for name in parameters if name not in OWN), *finals]
    return [{name: row.get(name) for name in columns} for row in rows]


def _row(trial: TrialRow, folder: Path) -> dict[str, Any]:
    return {
        **trial.parameters,
        **{FINAL + name: value for name, value in _final(trial, folder).items()},
        "trial": trial.id,
        "number": None if trial.sequence is None else trial.sequence + 1,
        "state": trial.state,
        "score": trial.score,
        "start": trial.start,
        "end": trial.end,
        "added": trial.added,
        "folder": trial.folder,
    }


def _final(trial: TrialRow, folder: Path) -> Mapping[str, float | None]:
    """The final scores of a trial that reached its end; none where they cannot be read."""
    if not trial.folder:
        return {}
    path = folder / trial.folder / run_folder.METRICS
    try:
        final = run_folder.read_json(path)["final"]
        return fitted(dict[str, float | None], final, path)
    except (OSError, LookupError, TypeError, ValueError, Damaged):
        return {}  # its state and score say the rest


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as CSV for a spreadsheet, which computes nothing of what stands in them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([no_formula(name) for name in (rows[0] if rows else OWN)])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue().rstrip("\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return no_formula(value)
    return json.dumps(value)
