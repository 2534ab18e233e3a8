"""What a verb prints: results on stdout, with `--json` as one JSON object; the rest on stderr."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from aerial_nni.config.errors import shown

PROGRAM = ("python", "-m", "aerial_nni.run")
"""How a command begins as it is recorded, whichever way the program was started."""


def settings_of(given: argparse.Namespace) -> Any:
    """How an experiment is run, from `add_experiment_flags`."""
    from aerial_nni.nni_backend.lifecycle import Settings
    from aerial_nni.nni_backend.stop_conditions import Patience

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
        command_line=shlex.join([*PROGRAM, *given.words]),
    )


def finished(outcome: Any, given: argparse.Namespace) -> int:
    """Prints how an experiment ended, and what it found; 0 if it did with a good trial."""
    from aerial_nni.nni_backend import ranking, records
    from aerial_nni.recipes import RECIPES

    recipe = RECIPES.get(outcome.record.kind)
    more, text = recipe.conclude(outcome.record, outcome.folder) if recipe else ({}, "")
    document = str(outcome.document) if outcome.document else None
    values = {**records.as_dict(outcome.record, outcome.folder), "report": document, **more}
    lines = [f"results: {outcome.folder}"]
    lines += ranking.describe_best(outcome.record, outcome.folder)
    if text:
        lines.append(text)
    answer(given, values, "\n".join(lines))
    return 0 if outcome.good else 1


def answer(given: argparse.Namespace, values: Mapping[str, Any], text: str) -> None:
    """One JSON object for a program, or text for a person."""
    try:
        print(json.dumps(values) if given.json else shown(text), flush=True)
    except BrokenPipeError:  # `run list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under their titles, in columns."""
    widths = [max(len(row[column]) for row in [titles, *rows]) for column in range(len(titles))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [titles, *rows]
    )
