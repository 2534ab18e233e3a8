"""Failure messages: the last lines of the log that matters, its path, and what to type."""

import contextlib
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from aerial_nni.config import run_folder
from aerial_nni.config.options import flag
from aerial_nni.config.run_folder_schema import TrialRow
from aerial_nni.nni_backend.records import Record
from aerial_nni.nni_backend.server import tail, trial_output
from aerial_nni.tuners.trial import BUDGET, visible

LINES = 15


def trial_failure(trial: TrialRow, record: Record, folder: Path) -> str:
    """Why a trial failed, as far as it printed it, and the command that runs it by hand."""
    output = trial_output(Path(record.nni_directory), record.id, trial.id)
    log = output / "trial.stderr"
    printed = tail(log, lines=LINES) or tail(output / "trial.stdout", lines=LINES)
    again = shlex.join(by_hand(trial, record.module, folder=folder))
    return (
        f"trial {trial.id} {trial.state.lower().replace('_', ' ')}; "
        f"the last lines of {log}:\n{indented(printed or '(nothing)')}\n"
        f"  run it by hand: {again}\n"
        f"  or, when this is over, {record.go_on}"
    )


def note_failure(trial: TrialRow, record: Record, folder: Path, say: Callable[[str], None]) -> None:
    """Leaves the last line that a failed trial printed in its result folder, if it has one."""
    output = trial_output(Path(record.nni_directory), record.id, trial.id)
    printed = tail(output / "trial.stderr", lines=1).strip()
    if printed and (folder / trial.id).is_dir():
        with _told(f"why trial {trial.id} failed is not kept", say):
            with run_folder.atomic(folder / trial.id / run_folder.FAILURE) as temporary:
                temporary.write_text(printed + "\n", encoding="utf-8")


def save(record: Record, folder: Path, say: Callable[[str], None]) -> None:
    """Saves the record; where it cannot be written that is said, and is no reason to end."""
    with _told("the record of the experiment is not up to date", say):
        record.save(folder)


@contextlib.contextmanager
def _told(problem: str, say: Callable[[str], None]) -> Iterator[None]:
    """Says what could not be written in the block, and why."""
    try:
        yield
    except OSError as error:
        say(f"{problem}: {error}")


def by_hand(trial: TrialRow, module: str, *, folder: Path) -> list[str]:
    """The command that runs a trial without NNI, in its own folder: it goes on where it stopped."""
    command = ["python", "-m", module, "--options", str(folder / "options.yaml")]
    for name, value in visible(trial.parameters).items():
        command += flag(name, value)
    if BUDGET in trial.parameters:
        command += flag("budget", trial.parameters[BUDGET])
    return [*command, "--out", str(folder / trial.id)]


def dispatcher_failure(logs: Path) -> str:
    """The last lines of the dispatcher's log, with its path."""
    log = logs / "dispatcher.log"
    return f"the last lines of {log}:\n{indented(tail(log, lines=LINES) or '(nothing)')}"


def manager_failure(logs: Path) -> str:
    """What the manager wrote of errors, else the last lines of what it wrote, with the path."""
    log = logs / "nnimanager.log"
    for what, path, lines in (
        ("the errors in", log, errors_of_last_start(tail(log, lines=10_000))),
        ("the last lines of", logs / "manager.err", tail(logs / "manager.err", lines=LINES)),
        ("the last lines of", log, tail(log, lines=LINES)),
    ):
        if lines:
            return f"{what} {path}:\n{indented(lines)}"
    return f"there is nothing in {logs}"


def errors_of_last_start(log: str) -> str:
    """The errors, with what is told below them, that a manager has noted since it began."""
    _, _, last = log.rpartition("(main) Start NNI manager")
    kept, shown = False, []
    for line in last.splitlines():
        if line.startswith("["):  # else a line of the entry above
            kept = "] ERROR (" in line or "] CRITICAL (" in line
        if kept:
            shown.append(line)
    return "\n".join(shown[:LINES])


def indented(text: str) -> str:
    """`text` with each line moved to the right."""
    return "\n".join(f"    {line}" for line in text.splitlines())
