"""Run an experiment: start its server, watch it, write its document, end it."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from aerial_nni.config.run_folder import EXPERIMENT, check_writable, sweep
from aerial_nni.nni_backend import failures
from aerial_nni.nni_backend.address import LOCAL, check_host, is_local
from aerial_nni.nni_backend.keep_ui_open import stay
from aerial_nni.nni_backend.kind import Kind
from aerial_nni.nni_backend.limit_edits import EditedLimits
from aerial_nni.nni_backend.ports import check_port
from aerial_nni.nni_backend.progress import progress_for, say
from aerial_nni.nni_backend.ranking import describe_best
from aerial_nni.nni_backend.records import CUT_OFF, Record, load, running
from aerial_nni.nni_backend.server import Server
from aerial_nni.nni_backend.stop_conditions import End, Patience
from aerial_nni.nni_backend.trial_states import UNFINISHED
from aerial_nni.nni_backend.watch import Watch


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How an experiment is run, whatever it is."""

    runs: Path = Path("runs")
    port: int | None = None
    """Of the web UI; None: the usual one, or the next that is free."""
    host: str = LOCAL
    """Address on which the web UI listens."""
    concurrency: int | None = None
    max_minutes: float | None = None
    config: Path | None = None
    """A file in NNI's own configuration format."""
    docs: Path | None = None
    """Where the document goes; None: its kind says."""
    document: bool = True
    """Whether there is one."""
    stay: bool = False
    """Keep the web UI open at the end until Ctrl-C."""
    patience: Patience = Patience()
    command_line: str | None = None
    """The command that asks for it, as it would be typed again; None from Python."""

    def check(self) -> None:
        """Raises what is wrong with port and folders, before anything is prepared.

        Raises:
            PortBusy, BadHost: the web UI cannot listen there.
            NotWritable: nothing can be written where results or the document go.
        """
        check_host(self.host)
        check_port(self.port, host=self.host)
        check_writable(self.runs, flag="--runs")
        if self.docs is not None:
            check_writable(self.docs, flag="--docs")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An experiment that is over."""

    record: Record
    folder: Path
    document: Path | None

    @property
    def good(self) -> bool:
        """Whether the experiment reached its end with at least one good trial."""
        return self.record.state == "DONE" and self.record.best is not None


LOCK = ".lock"
"""File in an experiment's folder, locked by the process that runs or shows the experiment."""


class Ended(KeyboardInterrupt):
    """A signal asked this process to end, as Ctrl-C does."""


def conduct(
    start: Callable[[], None],
    server: Server,
    record: Record,
    folder: Path,
    *,
    settings: Settings,
    kind: Kind,
) -> Outcome:
    """Starts the server, watches the experiment, writes its document, and leaves nothing running.

    Raises:
        StartFailed: NNI did not start.
    """
    with signals_end_this():
        edits, document = EditedLimits(), None
        try:
            record.launched_here()
            record.save(folder)
            while True:
                end = _watched(
                    start, server, record, folder, settings=settings, edits=edits, kind=kind
                )
                if end.asked:
                    _cut_off(record)
                record.close(end.state, end.reason, over=end.over)
                failures.save(record, folder, say)
                say(end.details, f"{record.id} {end.state.lower()}: {record.reason}")
                if settings.document:
                    document = kind.write_document(record, folder, settings.docs)
                if end.asked or not settings.stay:
                    break
                say(*describe_best(record, folder))
                if not stay(server):
                    break
                start = _go_on
                record.launched_here()
                record.save(folder)
        except BaseException as error:
            if record.state == "RUNNING":
                end = _interrupted(error)
                record.close(end.state, end.reason)
                say(f"{record.id} {end.state.lower()}: {record.reason}")
            raise
        finally:
            server.stop()
            _cut_off(record)
            record.launcher_gone()
            failures.save(record, folder, say)
    return Outcome(record=record, folder=folder, document=document)


def _watched(
    start: Callable[[], None],
    server: Server,
    record: Record,
    folder: Path,
    *,
    settings: Settings,
    edits: EditedLimits,
    kind: Kind,
) -> End:
    """Starts and watches. Ctrl-C, SIGTERM and a closed terminal are a regular end: STOPPED."""
    try:
        start()
        say(f"experiment {record.id}: {server.url}   results in {folder}")
        if not is_local(server.address.host):
            say("it is open to the network: whoever knows this address controls the experiment")
        progress = progress_for(
            folder, trials=int(record.limits.trials), epochs=int(record.options["epochs"])
        )
        try:
            watch = Watch(
                server,
                record,
                folder,
                progress=progress,
                patience=settings.patience,
                edits=edits,
                kind=kind,
            )
            return watch.run()
        finally:
            progress.close()
    except KeyboardInterrupt as error:
        return _interrupted(error)


def _interrupted(error: BaseException) -> End:
    """The end of an experiment by an exception here: a person's, a signal's, or a failure."""
    if isinstance(error, KeyboardInterrupt):
        how = "a signal" if isinstance(error, Ended) else "Ctrl-C"
        return End(state="STOPPED", reason=f"stopped by {how}", asked=True)
    first = str(error).partition("\n")[0]
    return End(state="FAILED", reason=f"{type(error).__name__}: {first}")


def _go_on() -> None:
    """The server runs already."""


def _cut_off(record: Record) -> None:
    for trial in record.trials:
        if trial.state in UNFINISHED:
            trial.state = CUT_OFF


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds an experiment's lock during the block; the system drops a killed process's.

    Raises:
        ExperimentRunning: another process has it.
    """
    lock = FileLock(folder / LOCK)
    with contextlib.suppress(NotImplementedError):  # filelock's word for a file system without any
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise running(folder) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps an experiment for this process during the block.

    Raises:
        ExperimentRunning: another process has it.
    """
    with locked(folder):
        if (folder / EXPERIMENT).exists() and load(folder).alive:  # by an earlier version
            raise running(folder)
        sweep(folder)
        yield


@contextlib.contextmanager
def signals_end_this() -> Iterator[None]:
    """SIGTERM and SIGHUP raise `Ended` during the block, as Ctrl-C raises KeyboardInterrupt."""

    def raise_ended(number: int, frame: FrameType | None) -> None:
        raise Ended(signal.Signals(number).name)

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, raise_ended) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
