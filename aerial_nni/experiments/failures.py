"""What is shown of a failure: the last lines of the log that matters, its path, what to type."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from aerial_nni.experiments.records import Record, Trial
from aerial_nni.experiments.server import tail, trial_output
from aerial_nni.options import flag

LINES = 15


def trial_failure(trial: Trial, record: Record, folder: Path) -> str:
    """Why a trial failed, as far as it printed it, and the command that runs it by hand."""
    output = trial_output(Path(record.nni_directory), record.id, trial.id)
    log = output / "trial.stderr"
    printed = tail(log, lines=LINES) or tail(output / "trial.stdout", lines=LINES)
    again = shlex.join(by_hand(trial, record.module, folder=folder))
    return (
        f"trial {trial.id} {trial.state.lower().replace('_', ' ')}; "
        f"the last lines of {log}:\n{indented(printed or '(nothing)')}\n"
        f"  run it by hand: {again}"
    )


def by_hand(trial: Trial, module: str, *, folder: Path) -> list[str]:
    """The command that runs a trial without NNI, in its own folder: it goes on where it stopped."""
    command = ["python", "-m", module, "--options", str(folder / "options.yaml")]
    for name, value in trial.parameters.items():
        command += flag(name, value)
    return [*command, "--out", str(folder / trial.id)]


def dispatcher_failure(logs: Path) -> str:
    """The last lines of the dispatcher's log, with its path."""
    log = logs / "dispatcher.log"
    return f"the last lines of {log}:\n{indented(tail(log, lines=LINES) or '(nothing)')}"


def manager_failure(logs: Path) -> str:
    """The last lines of what the manager wrote, with the path."""
    shown: Sequence[str] = ("manager.err", "nnimanager.log")
    for name in shown:
        if lines := tail(logs / name, lines=LINES):
            return f"the last lines of {logs / name}:\n{indented(lines)}"
    return f"there is nothing in {logs}"


def indented(text: str) -> str:
    """`text` with each line moved to the right."""
    return "\n".join(f"    {line}" for line in text.splitlines())
