"""What is kept of an experiment: `experiment.json` in its folder, and the list of all of them."""

import datetime
import difflib
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import psutil

from aerial_nni.config import run_folder, run_folder_schema
from aerial_nni.config.errors import Damaged, UserError
from aerial_nni.config.run_folder_schema import Limits, TrialRow
from aerial_nni.config.run_folder_versions import read_as
from aerial_nni.config.safe_reading import SMALL
from aerial_nni.config.schema import Between, Name

NNI_DIRECTORY = ".nni"
"""Folder under the runs directory in which NNI keeps its databases and logs."""

CUT_OFF = "CUT_OFF"
"""State of a trial that was running when its experiment was ended. `resume` goes on with it."""

GONE = "the launching process died"

FEW = 8
"""So many experiments are named in a message; where there are more, how to list them is said."""


class UnknownExperiment(UserError):
    """There is no experiment of that id. The message says which there are."""


class RecordDamaged(UserError, ValueError):
    """The record of an experiment cannot be read. The message says what saves the rest."""


class ExperimentRunning(UserError):
    """The experiment is running in another process, and what was asked needs it to be over."""


@dataclass(kw_only=True)
class Record(run_folder_schema.Record):
    """The content of `experiment.json`, all that it takes to go on with the experiment.

    The watch changes it, and `save` writes it atomically.
    """

    name: Annotated[str, Name()]
    options: dict[str, Any]
    space: dict[str, Any]
    limits: Limits
    port: Annotated[int, Between(0, 65535)]
    url: str
    nni_directory: str
    module: str
    trials: list[TrialRow] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Writes `experiment.json` in the experiment's folder; its secret URL is for its owner.

        And a copy beside it, which `repair` takes where the first was damaged.
        """
        trials = [vars(trial) for trial in self.trials]  # `asdict` would copy all of a thousand
        values = {**vars(self), "trials": trials, "limits": vars(self.limits)}
        text = run_folder.as_json(values)
        for name in (run_folder.EXPERIMENT, run_folder.EXPERIMENT_COPY):
            with run_folder.atomic(folder / name, private=True) as temporary:
                temporary.write_text(text, encoding="utf-8")

    def launched_here(self) -> None:
        """Notes that this process is the launcher, and that the experiment runs."""
        self.opened_here()
        self.state, self.reason, self.ended = "RUNNING", "", None

    def opened_here(self) -> None:
        """Notes that this process keeps the web UI open."""
        self.launcher_pid = os.getpid()
        self.launcher_started = _began(psutil.Process())

    def launcher_gone(self) -> None:
        """Notes that nothing of the experiment runs any more."""
        self.launcher_pid, self.launcher_started = 0, 0.0

    def close(self, state: str, reason: str, *, over: bool = False) -> None:
        """Notes how the experiment ended, when, and unless all of it is over how to go on."""
        self.state, self.ended = state, now()
        self.reason = reason if over else f"{reason}; {self.go_on}"

    @property
    def go_on(self) -> str:
        """What to type where it ended too early."""
        return f"go on with: {self.command('resume')}"

    def command(self, verb: str) -> str:
        """The line that does something with this experiment, for whoever is where this is."""
        runs = Path(self.nni_directory).parent
        where = "" if runs == Path("runs").resolve() else f" --runs {shlex.quote(str(runs))}"
        return f"python -m aerial_nni.run {verb} {self.id}{where}"

    @property
    def alive(self) -> bool:
        """Whether the launcher runs: the experiment does, or its web UI is kept open."""
        if not self.launcher_pid:
            return False
        try:
            process = psutil.Process(self.launcher_pid)
            moments = (_began(process), process.create_time())  # the latter until 0.1.0
            started = any(abs(moment - self.launcher_started) < 1.0 for moment in moments)
            return started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def _began(process: psutil.Process) -> float:
    """When a process began, in seconds, by a clock that nobody sets.

    On Linux since the machine was booted: there the moment since 1970 moves when the clock is set,
    as it is when a laptop wakes up. Elsewhere it is noted once, and does not.
    """
    return process.create_time() - (psutil.boot_time() if psutil.LINUX else 0.0)


def load(folder: Path) -> Record:
    """The record of an experiment's folder; one whose launcher has died is `STOPPED`.

    Raises:
        RecordDamaged: it cannot be read.
    """
    path = folder / run_folder.EXPERIMENT
    try:
        record = read_record(path)
    except (OSError, Damaged) as error:
        reason = f"{path} cannot be read: {error.strerror}" if isinstance(error, OSError) else error
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            raise RecordDamaged(str(reason)) from error
        where = shlex.quote(str(folder.parent))
        repair = f"python -m aerial_nni.run repair {shlex.quote(folder.name)} --runs {where}"
        raise RecordDamaged(f"{reason}; save what is left with: {repair}") from error
    if record.state == "RUNNING" and not record.alive:
        record.state = "STOPPED"
        record.reason = f"{GONE}; {record.go_on}"
    return record


def read_record(path: Path) -> Record:
    """The record in a file, as it is. Raises `OSError` or `Damaged`."""
    return read_as(Record, path, largest=SMALL)


def running(folder: Path) -> ExperimentRunning:
    """What to say of an experiment that another process has: which, where, and how to end that."""
    try:
        record = load(folder)
    except RecordDamaged:
        writes = "which writes its damaged record anew; wait for its end"
        return ExperimentRunning(f"{folder.name} is running in another process, {writes}")
    hint = f"end that with: {record.command('stop')}"
    if not record.alive:  # who has it has not noted that yet
        return ExperimentRunning(f"{record.id} is running in another process; {hint}")
    how = "is running" if record.state == "RUNNING" else "is open in the web UI"
    where = f"(process {record.launcher_pid}): {record.url}"
    return ExperimentRunning(f"{record.id} {how} {where}; {hint}")


def folders(runs: Path) -> list[Path]:
    """The folders of all experiments under `runs`, the oldest first; damaged ones come last."""
    created: dict[Path, tuple[bool, str]] = {}
    names = (run_folder.EXPERIMENT, run_folder.EXPERIMENT_COPY)
    for folder in {path.parent for name in names for path in runs.glob(f"*/{name}")}:
        try:
            created[folder] = False, load(folder).created
        except RecordDamaged:
            created[folder] = True, folder.name
    return sorted(created, key=created.__getitem__)


def find(runs: Path, experiment: str) -> Path:
    """The folder of an experiment, by its id or a unique beginning of it.

    Raises:
        UnknownExperiment: there is none, or the beginning fits several.
    """
    known = {folder.name: folder for folder in folders(runs)}
    if experiment in known:
        return known[experiment]
    fitting = [name for name in known if name.startswith(experiment)] if experiment else []
    if len(fitting) == 1:
        return known[fitting[0]]
    near = difflib.get_close_matches(experiment, list(known), n=1)
    hint = (f"did you mean {near[0]}?  " if near else "") + describe_known(runs, list(known))
    problem = f"{experiment!r} fits several experiments" if fitting else f"no {experiment!r}"
    raise UnknownExperiment(f"{problem} in {runs}; {hint}")


def describe_known(runs: Path, names: Sequence[str]) -> str:
    """The ids of the experiments in `runs`; where there are many, the command that lists them."""
    if not names:
        return "there is none yet; start one with: python -m aerial_nni.run baseline"
    if len(names) <= FEW:
        return f"known: {', '.join(names)}"
    where = shlex.quote(str(runs))
    return f"{len(names)} are known, see: python -m aerial_nni.run list --runs {where}"


def now() -> str:
    """The present as ISO 8601 with the offset from UTC, to the second."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def moment(milliseconds: float | None) -> str | None:
    """NNI's milliseconds since 1970 as ISO 8601."""
    if not milliseconds:
        return None
    stamp = datetime.datetime.fromtimestamp(milliseconds / 1000).astimezone()
    return stamp.isoformat(timespec="seconds")


def as_dict(record: Record, folder: Path) -> Mapping[str, Any]:
    """What `--json` prints of an experiment: its state and where its results are."""
    best = record.best
    checkpoint = folder / best.folder / run_folder.CHECKPOINT if best else None
    return {
        "id": record.id,
        "kind": record.kind,
        "state": record.state,
        "reason": record.reason,
        "best": vars(best) if best else None,
        "folder": str(folder),
        "result_folder": str(folder / best.folder) if best else None,
        "checkpoint": str(checkpoint) if checkpoint else None,
        "trials": len(record.trials),
        "url": record.url,
    }
