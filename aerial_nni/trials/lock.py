"""Lock of a result folder (one process each), and taking over an interrupted trial.

A resumed experiment makes up for a trial that failed with a new one, of the same options under
another name. The new trial takes the old one's folder over and goes on from its last epoch.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from aerial_nni.config.errors import UserError
from aerial_nni.config.options import TrialOptions
from aerial_nni.config.run_folder import FAILURE, LAST, METRICS, SAMPLES, sweep
from aerial_nni.trials.fidelity import matches

log = logging.getLogger(__name__)

LOCKS = ".locks"
"""Folder of the lock files, beside the result folders: they outlive a folder's renaming."""

PATIENCE = 600.0
"""Seconds that a resumed trial waits for its folder: the one before it lives, and is being ended.

On another machine that takes twenty seconds after NNI's server was killed, on a busy one more. It
is less than the experiment waits for a trial that does nothing.
"""


class FolderBusy(UserError, ValueError):
    """Another process is training in the folder."""


@contextmanager
def occupied(
    folder: Path, options: TrialOptions, *, go_on: bool = False, budget: int | None = None
) -> Iterator[None]:
    """Keeps `folder` for this process during the block.

    With `go_on`, a folder that is not there yet is first made from that of a trial of the same
    options and budget of epochs beside it that was cut off. The operating system drops a killed
    process's lock.

    Raises:
        FolderBusy: another process has it.
    """
    own = _lock(folder)
    try:
        own.acquire(timeout=PATIENCE if go_on else 0)
    except Timeout:
        problem = f"another process is training in {folder}"
        raise FolderBusy(f"{problem}; wait for it, or give another --out") from None
    try:
        if go_on and not folder.exists():
            _take_over(folder, options, budget)
        sweep(folder)
        yield
    finally:
        own.release()


def _take_over(folder: Path, options: TrialOptions, budget: int | None) -> None:
    """Renames the folder of an unfinished trial of equal options, if there is one, to `folder`."""
    if not folder.parent.is_dir():
        return
    for other in sorted(folder.parent.iterdir()):
        if not _unfinished(other, options, budget):
            continue
        lock = _lock(other)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue  # it is running
        try:
            if _unfinished(other, options, budget):
                (other / FAILURE).unlink(missing_ok=True)
                os.rename(other, folder)
                log.info("going on with what trial %s has left", other.name)
                return
        finally:
            lock.release()


def _unfinished(folder: Path, options: TrialOptions, budget: int | None) -> bool:
    """Whether the folder is that of a trial of these options that was cut off after an epoch.

    That may be one of a first stage in a folder of its own.
    """
    begun = any((place / LAST).is_file() for place in (folder, folder / SAMPLES))
    if not begun or (folder / METRICS).exists():
        return False
    return matches(folder, options, budget)


def _lock(folder: Path) -> FileLock:
    locks = folder.parent / LOCKS
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"{folder.name}.lock")
