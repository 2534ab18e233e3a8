"""What can be done with an experiment that exists: resume, view, stop, its best checkpoint."""

import contextlib
import dataclasses
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import psutil

from aerial_nni.config import run_folder
from aerial_nni.config.errors import Damaged, UserError
from aerial_nni.config.options import BadOption, read_values
from aerial_nni.config.run_folder_schema import Command
from aerial_nni.nni_backend import ranking, records
from aerial_nni.nni_backend.definition import OPTIONS_FILE, code_folder
from aerial_nni.nni_backend.keep_ui_open import wait_for_the_end
from aerial_nni.nni_backend.kind import PLAIN, Kind, Kinds
from aerial_nni.nni_backend.lifecycle import Outcome, Settings, alone, conduct, signals_end_this
from aerial_nni.nni_backend.open_browser import open_page
from aerial_nni.nni_backend.platforms import connect
from aerial_nni.nni_backend.process_reaper import is_gone, sweep
from aerial_nni.nni_backend.progress import say
from aerial_nni.nni_backend.records import NNI_DIRECTORY, Record
from aerial_nni.nni_backend.server import CONFIG, Server
from aerial_nni.nni_backend.stop_conditions import LONG
from aerial_nni.nni_backend.trial_states import UNFINISHED

if TYPE_CHECKING:
    from nni.experiment import ExperimentConfig


LOST = (
    "is missing or damaged, so it cannot go on; start it anew. What it reached can still be "
    "reported and exported: python -m aerial_nni.run report {}"
)


class NothingToExport(UserError):
    """The experiment has no good trial, or its checkpoint is not what was written."""


class NotResumable(UserError):
    """NNI's own files of the experiment are missing or are elsewhere."""


def resume(
    settings: Settings,
    experiment: str,
    *,
    trials: int | None = None,
    failures: int | None = None,
    kinds: Kinds = MappingProxyType({}),
) -> Outcome:
    """Goes on with an experiment: finished trials are kept, the others run to their end.

    NNI starts the trials that were running when it ended once more under their own ids, and they
    go on from their last epoch. Trials that failed are made up for by new ones. `trials`,
    `failures` and `settings.max_minutes` are new limits, the minutes counted from now. One of
    `kinds` says what is made of the trials at the end.

    Raises:
        UnknownExperiment, ExperimentRunning, NotResumable, PortBusy, StartFailed, NotWritable:
            each says what to type next.
    """
    with _closed(settings.runs, experiment) as (folder, record):
        settings.check()  # what a killed launch has left has let go of the port by now
        _check_shared(folder, record)
        kind = kinds.get(record.kind, PLAIN)
        return _resumed(settings, folder, record, trials=trials, failures=failures, kind=kind)


def _resumed(
    settings: Settings,
    folder: Path,
    record: Record,
    *,
    trials: int | None,
    failures: int | None,
    kind: Kind,
) -> Outcome:
    config, action = stored_config(folder, begun=bool(record.trials))
    connect(config, settings.host)
    record.limits.trials = trials or record.limits.trials
    record.limits.concurrency = settings.concurrency or record.limits.concurrency
    record.limits.max_minutes = settings.max_minutes or record.limits.max_minutes
    record.limits.max_failures = failures or record.limits.max_failures
    if settings.command_line:
        record.resumes.append(Command(line=settings.command_line, time=records.now()))
    patience = dataclasses.replace(
        settings.patience, failures=record.limits.max_failures or settings.patience.failures
    )
    kept = (*UNFINISHED, records.CUT_OFF, "EARLY_STOPPED")
    ended = [trial for trial in record.trials if trial.state not in kept]
    lost = sum(not trial.added and not ranking.is_good(folder / trial.id) for trial in ended)
    for trial in ended:
        if trial.score is not None and not ranking.is_good(folder / trial.id):
            say(f"{folder / trial.id} is damaged: its trial counts as failed, and is made up for")

    server = _server(folder, settings)

    def start() -> None:
        server.start(config, action=action)
        spent = server.ask("/experiment")["execDuration"]
        seconds = round(spent + record.limits.max_minutes * 60)
        server.change("maxExperimentDuration", f"{seconds}s")
        server.change("maxTrialNumber", record.limits.trials + lost)
        server.change("trialConcurrency", record.limits.concurrency)

    lasting = dataclasses.replace(settings, patience=patience)
    with server:
        record.port, record.url = server.address.port, server.url
        record.nni_directory = str(server.nni_directory)
        return conduct(start, server, record, folder, settings=lasting, kind=kind)


def view(settings: Settings, experiment: str, *, browser: bool = False) -> None:
    """Starts the web UI of an experiment that is over, until Ctrl-C; of one that runs, says where.

    `browser`: opens it in the person's browser too.

    Raises:
        UnknownExperiment, ExperimentRunning, NotResumable, PortBusy, StartFailed: each says what
            to type next.
    """
    folder = records.find(settings.runs.expanduser().resolve(), experiment)
    record = records.load(folder)
    if record.alive:
        say(f"experiment {folder.name}: {record.url}")
        return open_page(record.url, folder) if browser else None
    with _closed(settings.runs, experiment) as (folder, record):
        config, action = stored_config(folder, begun=bool(record.trials))
        if action != "resume":
            raise NotResumable(f"{folder.name} was ended before it began: there is nothing to see")
        with signals_end_this(), _server(folder, settings) as server:
            record.port, record.url = server.address.port, server.url
            record.opened_here()
            record.save(folder)
            try:
                server.start(config, action="view")
                say(f"experiment {folder.name}: {server.url}   (Ctrl-C ends it)")
                if browser:
                    open_page(server.url, folder)
                wait_for_the_end()
            finally:
                server.stop()
                record.launcher_gone()
                record.save(folder)


def stop(runs: Path, experiment: str, *, seconds: float = 60.0) -> Record:
    """Ends a running experiment and returns its record; one that is over is left as it is.

    The launcher is asked to end; when it has, or does not, all processes are ended from here.
    """
    folder = records.find(runs.expanduser().resolve(), experiment)
    record = records.load(folder)
    if record.alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            launcher = psutil.Process(record.launcher_pid)
            launcher.terminate()
            launcher.resume()  # where Ctrl-Z has stopped it
            _wait_for_end(launcher, folder, seconds)
        record = records.load(folder)
    sweep(folder.name, besides=(os.getpid(),))
    return record


def _wait_for_end(launcher: psutil.Process, folder: Path, seconds: float) -> None:
    """Returns when a launcher has ended, or after some time: when all but its document is done."""
    began, told = time.monotonic(), False
    while not is_gone(launcher) and (waited := time.monotonic() - began) < LONG:
        if waited > seconds and records.load(folder).state != "RUNNING":
            return
        if waited > seconds and not told:
            told = True
            say(f"its launcher (process {launcher.pid}) lives, so it is waited for")
        time.sleep(0.1)


def best_checkpoint(runs: Path, experiment: str) -> Path:
    """The best trial's checkpoint, compared with its recorded hash.

    Raises:
        UnknownExperiment: there is no such experiment.
        NothingToExport: it has no good trial, or the file's hash is not the recorded one.
    """
    folder = records.find(runs.expanduser().resolve(), experiment)
    record = records.load(folder)
    best = record.best
    if best is None:
        hint = record.go_on
        if record.state == "RUNNING":
            hint = f"it is running: {record.url}; the first trial that ends well has one"
        raise NothingToExport(f"{folder.name} has no good trial, so no checkpoint; {hint}")
    checkpoint = folder / best.folder / run_folder.CHECKPOINT
    try:
        run_folder.check_digests(
            checkpoint.parent, {run_folder.CHECKPOINT: run_folder.kept_digest(checkpoint)}
        )
    except (OSError, Damaged) as error:
        others = [folder / t.folder for t in record.trials if t.folder and t.id != best.id]
        good = next(
            (place / run_folder.CHECKPOINT for place in others if ranking.is_good(place)), None
        )
        hint = f"; another trial's is {good}: give this path" if good else ""
        raise NothingToExport(f"{error}{hint}") from error
    return checkpoint


def stored_config(folder: Path, *, begun: bool = False) -> tuple["ExperimentConfig", str]:
    """NNI's configuration of an experiment, and how its server is started again.

    That is "resume"; "create" where it was killed before NNI had noted anything, which cannot be
    where it has `begun`.

    Raises:
        NotResumable: nothing of it is there.
    """
    from nni.experiment import ExperimentConfig

    nni_directory = folder.parent / NNI_DIRECTORY
    values, action = _noted(folder.name, nni_directory), "resume"
    if values is None and begun:
        path = database_of(folder.name, nni_directory)
        raise NotResumable(f"{path}, NNI's own record of {folder.name}, {LOST.format(folder.name)}")
    if values is None:
        action = "create"
        try:
            values = run_folder.read_json(nni_directory / folder.name / CONFIG)
        except (OSError, ValueError) as error:
            problem = f"NNI's files of {folder.name} are missing in {nni_directory}"
            raise NotResumable(f"{problem}; start it anew") from error
    try:
        config = ExperimentConfig(**values)
    except (AttributeError, TypeError, ValueError) as error:
        raise NotResumable(
            f"NNI's files of {folder.name} in {nni_directory} are damaged ({error}); start it anew"
        ) from error
    config.experiment_working_directory = nni_directory  # the runs directory may have been moved
    code = code_folder(nni_directory)
    config.trial_code_directory = config.training_service.trial_code_directory = code
    return config, action


def _noted(experiment: str, nni_directory: Path) -> dict[str, Any] | None:
    """The configuration in NNI's database, None where there is none yet."""
    from nni.experiment.launcher import get_stopped_experiment_config_json

    path = database_of(experiment, nni_directory)
    if not path.is_file():
        return None
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            (said,) = database.execute("PRAGMA quick_check").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(said)
        noted: dict[str, Any] | None = get_stopped_experiment_config_json(
            experiment, str(nni_directory)
        )
        return noted
    except (sqlite3.OperationalError, TypeError):  # no table, or no row in it
        return None
    except (sqlite3.DatabaseError, ValueError, LookupError) as error:
        said = LOST.format(experiment)
        raise NotResumable(f"{path}, NNI's own record of {experiment} ({error}), {said}") from error


def database_of(experiment: str, nni_directory: Path) -> Path:
    """Where NNI keeps its own record of an experiment."""
    return nni_directory / experiment / "db" / "nni.sqlite"


def _check_shared(folder: Path, record: Record) -> None:
    """Raises `NotResumable` where trials would start from other files than those before them."""
    try:
        run_folder.check_digests(folder, record.digests)
        missing = record.options.keys() - read_values(folder / OPTIONS_FILE).keys()
        if missing:
            raise Damaged(f"{folder / OPTIONS_FILE} lacks {', '.join(sorted(missing))}")
    except (OSError, Damaged, BadOption) as error:
        raise NotResumable(
            f"{error}; trials would not start as those before them did. Bring the file back as it "
            "was, or start anew; what is there can still be reported and exported: "
            f"python -m aerial_nni.run export {folder.name} --to best.safetensors"
        ) from error


def _server(folder: Path, settings: Settings) -> Server:
    nni_directory = folder.parent / NNI_DIRECTORY
    return Server(folder.name, nni_directory=nni_directory, port=settings.port, host=settings.host)


@contextlib.contextmanager
def _closed(runs: Path, experiment: str) -> Iterator[tuple[Path, Record]]:
    """Folder and record of an experiment that no other process runs or shows during the block.

    Raises:
        UnknownExperiment, ExperimentRunning.
    """
    folder = records.find(runs.expanduser().resolve(), experiment)
    with alone(folder):
        sweep(folder.name, besides=(os.getpid(),))  # if its guard was killed too
        yield folder, records.load(folder)
