"""`list`: all experiments, or all trials of one."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aerial_nni.cli.experiment_flags import Verbs, add_runs
from aerial_nni.cli.output import answer, table
from aerial_nni.config.options import BadOption

if TYPE_CHECKING:
    from aerial_nni.nni_backend.records import Record


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    text = "all experiments, or all trials of one"
    example = "python -m aerial_nni.run list abcd1234 --csv"
    parser = verbs.add_parser("list", help=text, description=text, example=example)
    parser.set_defaults(verb=listing)
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="the experiment, or the beginning of its name"
    )
    parser.add_argument(
        "--csv",
        action="store_true",
        help="every trial of ID with its parameters and scores, for a spreadsheet",
    )
    add_runs(parser)


def listing(given: argparse.Namespace) -> int:
    """Shows all experiments, or the trials of one."""
    runs = given.runs.expanduser().resolve()
    if given.id is not None:
        return _trials(given, runs)
    if given.csv:
        raise BadOption("--csv has the trials of one experiment; give its ID too")
    return _experiments(given, runs)


def _experiments(given: argparse.Namespace, runs: Path) -> int:
    """Shows all experiments; one whose record is damaged too, with what saves the rest."""
    from aerial_nni.nni_backend import records

    values: list[Mapping[str, Any]] = []
    rows: list[Sequence[str]] = []
    for folder in records.folders(runs):
        try:
            record = records.load(folder)
        except records.RecordDamaged as error:
            values.append({"id": folder.name, "state": "DAMAGED", "reason": str(error), "url": ""})
            rows.append((folder.name, "-", "DAMAGED", "-", "-", "-", str(error)))
        else:
            values.append(records.as_dict(record, folder))
            rows.append(_row(record))
    empty = f"no experiment in {runs}; start one with: python -m aerial_nni.run baseline"
    titles = ("id", "kind", "state", "trials", "best", "started", "")
    answer(given, {"experiments": values}, table(titles, rows) if rows else empty)
    return 0


def _row(record: "Record") -> Sequence[str]:
    """What the list shows of an experiment."""
    return (
        record.id,
        record.kind,
        record.state,
        f"{sum(trial.score is not None for trial in record.trials)}/{record.limits.trials}",
        f"{record.best.score:.4f}" if record.best else "-",
        record.created.replace("T", " ")[:16],
        f"{record.url}   {record.reason}".strip() if record.alive else record.reason,
    )


def _trials(given: argparse.Namespace, runs: Path) -> int:
    """Shows every trial of an experiment."""
    from aerial_nni.nni_backend import records
    from aerial_nni.nni_backend.trial_rows import as_csv, trial_rows

    folder = records.find(runs, given.id)
    record = records.load(folder)
    rows = trial_rows(record, folder)
    if given.csv and not given.json:
        text = as_csv(rows)
    else:
        text = _shown(record) if rows else f"{record.id} has no trial yet"
    answer(given, {**records.as_dict(record, folder), "rows": rows}, text)
    return 0


def _shown(record: "Record") -> str:
    """The trials for a person: number, state, score and parameters."""
    from aerial_nni.nni_backend.progress import parameters_text

    rows = [
        (
            "-" if trial.sequence is None else str(trial.sequence + 1),
            trial.id,
            trial.state,
            "-" if trial.score is None else f"{trial.score:.4f}",
            parameters_text(trial.parameters),
        )
        for trial in record.trials
    ]
    return table(("number", "trial", "state", "score", "parameters"), rows)
