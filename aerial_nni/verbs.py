"""What each verb of the command line does with its parsed flags: one call, and what is printed.

Results go to stdout, everything else to stderr; with `--json` stdout is one JSON object.
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Verb = Callable[[argparse.Namespace], int]


def baseline(given: argparse.Namespace) -> int:
    """Trains, one trial per seed."""
    from aerial_nni.experiments.baseline import baseline as definition
    from aerial_nni.experiments.launch import launch
    from aerial_nni.flags import trial_options

    return _finished(launch(definition(trial_options(given), given.seeds), _settings(given)), given)


def hpo(given: argparse.Namespace) -> int:
    """Searches for better options with one of nine methods."""
    from aerial_nni.experiments import hpo as search
    from aerial_nni.experiments.launch import launch
    from aerial_nni.experiments.methods import choose_method
    from aerial_nni.flags import is_given, trial_options
    from aerial_nni.options import changed

    method = choose_method(index=given.method_index, student_id=given.student_id, name=given.method)
    options = trial_options(given)
    usual = search.usual_options(options.data)
    options = changed(options, {name: usual[name] for name in usual if not is_given(given, name)})
    plan = _plan(given, search.plan_of(options.data))
    definition = search.hpo(options, method, plan, space_file=given.search_space)
    return _finished(launch(definition, _settings(given)), given)


def _plan(given: argparse.Namespace, usual: Any) -> Any:
    """The plan of a search: what was typed, on top of what is usual."""
    return dataclasses.replace(
        usual,
        trials=given.trials or usual.trials,
        seeds=usual.seeds if given.final_seeds is None else given.final_seeds,
        epochs=given.final_epochs or usual.epochs,
        reason=given.reason,
        assessor=given.assessor,
    )


def resume(given: argparse.Namespace) -> int:
    """Goes on with an experiment."""
    from aerial_nni.experiments.stored import resume as go_on

    limits = {"trials": given.trials, "failures": given.max_failures}
    return _finished(go_on(_settings(given), given.id, **limits), given)


def view(given: argparse.Namespace) -> int:
    """Opens the web UI on an experiment that is over."""
    from aerial_nni.experiments.conduct import Settings
    from aerial_nni.experiments.stored import view as look

    look(Settings(runs=given.runs, port=given.port, host=given.host), given.id)
    return 0


def stop(given: argparse.Namespace) -> int:
    """Ends a running experiment."""
    from aerial_nni.experiments.stored import stop as end

    record = end(given.runs, given.id)
    _print(given, {"id": record.id, "state": record.state, "reason": record.reason},
           f"{record.id} {record.state.lower()}: {record.reason}")  # fmt: skip
    return 0


def listing(given: argparse.Namespace) -> int:
    """Shows all experiments."""
    from aerial_nni.experiments import records

    runs = given.runs.expanduser().resolve()
    loaded = [(records.load(folder), folder) for folder in records.folders(runs)]
    values = [records.as_dict(record, folder) for record, folder in loaded]
    rows = [
        (
            record.id,
            record.kind,
            record.state,
            f"{sum(trial.score is not None for trial in record.trials)}/{record.limits['trials']}",
            f"{record.best['score']:.4f}" if record.best else "-",
            record.created.replace("T", " ")[:16],
            record.url if record.state == "RUNNING" else record.reason,
        )
        for record, _ in loaded
    ]
    empty = f"no experiment in {runs}; start one with: python -m aerial_nni.run baseline"
    titles = ("id", "kind", "state", "trials", "best", "started", "")
    _print(given, {"experiments": values}, _table(titles, rows) if rows else empty)
    return 0


def export(given: argparse.Namespace) -> int:
    """Copies the best trial's checkpoint."""
    from aerial_nni.experiments.stored import export as copy

    target = copy(given.runs, given.id, given.to)
    _print(given, {"id": given.id, "checkpoint": str(target)}, str(target))
    return 0


def report(given: argparse.Namespace) -> int:
    """Writes the document of one or several experiments."""
    from aerial_nni.experiments import records
    from aerial_nni.reports import write_report

    runs = given.runs.expanduser().resolve()
    folders = [records.find(runs, name) for name in given.id]
    document = write_report(folders, given.docs or Path("docs")).resolve()
    _print(given, {"ids": given.id, "report": str(document)}, str(document))
    return 0


def doctor(given: argparse.Namespace) -> int:
    """Says whether this machine is ready."""
    from aerial_nni.doctor import MARKS, examine

    findings = examine(runs=given.runs, port=given.port, data_dir=given.data_dir)
    lines = []
    for finding in findings:
        lines.append(f"{MARKS[finding.level]} {finding.subject}: {finding.text}")
        if finding.mend:
            lines.append(f"       {finding.mend}")
    failed = any(finding.level == "fail" for finding in findings)
    lines.append("not ready" if failed else "ready")
    values = [vars(finding) for finding in findings]
    _print(given, {"ready": not failed, "findings": values}, "\n".join(lines))
    return int(failed)


def _settings(given: argparse.Namespace) -> Any:
    from aerial_nni.experiments.conduct import Settings
    from aerial_nni.experiments.patience import Patience

    return Settings(
        runs=given.runs,
        port=given.port,
        host=given.host,
        concurrency=given.concurrency,
        max_minutes=given.max_minutes,
        config=getattr(given, "config", None),
        docs=given.docs,
        stay=sys.stdout.isatty() and not given.exit,
        patience=Patience(failures=given.max_failures or Patience.failures),
    )


def _finished(outcome: Any, given: argparse.Namespace) -> int:
    """Prints how an experiment ended; 0 if it did with a good trial."""
    from aerial_nni.experiments import records

    document = str(outcome.document) if outcome.document else None
    values = {**records.as_dict(outcome.record, outcome.folder), "report": document}
    lines = [f"results: {outcome.folder}"]
    if outcome.record.best:
        best = outcome.record.best
        lines.append(f"best trial: {best['id']}, mean IoU {best['score']:.4f}")
        lines.append(f"checkpoint: {values['checkpoint']}")
    _print(given, values, "\n".join(lines))
    return 0 if outcome.good else 1


def _print(given: argparse.Namespace, values: Mapping[str, Any], text: str) -> None:
    """One JSON object for a program, or text for a person."""
    try:
        print(json.dumps(values) if given.json else text, flush=True)
    except BrokenPipeError:  # `run list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in [titles, *rows]) for column in range(len(titles))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [titles, *rows]
    )
