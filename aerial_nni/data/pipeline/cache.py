"""The cache directory: where prepared patches, unpacked archives and file digests are kept.

It is `$AERIAL_CACHE` if that is set, else `aerial_nni` in `$XDG_CACHE_HOME` or `~/.cache`.
Everything in it can be deleted at any time: it is made again when it is next needed.

`open_or_build` is the one way in which a folder of the cache comes to be: whoever is first builds
it in a hidden folder beside the final place and renames it; whoever comes at the same moment
waits on a lock file; a folder that is found damaged is replaced. The operating system drops the
lock of a process that was killed, and the next builder removes what it left.
"""

import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from aerial_nni.config.errors import UserError

log = logging.getLogger(__name__)

Opened = TypeVar("Opened")


class CacheUnusable(UserError):
    """The cache directory cannot be used. The message says why, and what to set instead."""


class CacheDamaged(Exception):
    """A folder of the cache is not what was written there. `open_or_build` builds it again."""


def cache_dir() -> Path:
    """The cache directory as the environment says; it need not exist yet."""
    if own := os.environ.get("AERIAL_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "aerial_nni"


def cache_size(folder: Path | None = None) -> int:
    """Bytes of all files under `folder` (default: the cache directory); 0 where there is none."""
    sizes = 0
    for place, _, names in os.walk(folder or cache_dir()):
        for name in names:
            try:
                sizes += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:  # another process has just removed it
                continue
    return sizes


def open_or_build(
    folder: Path, open_folder: Callable[[Path], Opened], *, build: Callable[[Path], None]
) -> Opened:
    """What `open_folder(folder)` returns, after `build` has filled the folder if need be.

    `open_folder` raises `FileNotFoundError` where nothing has been built and `CacheDamaged` where
    the folder is not as it was written. `build` is given an empty folder to fill; among all
    processes that arrive at once it runs once. What it raises is passed on, and leaves no trace.

    Raises:
        CacheUnusable: the cache directory is read-only, full, or on a file system without locks.
    """
    opened = _attempt(open_folder, folder)
    if opened is not None:
        return opened
    with _lock(folder):
        opened = _attempt(open_folder, folder)  # built by another process while this one waited
        if opened is not None:
            return opened
        fresh, old = (
            folder.with_name(f".{folder.name}.new"),
            folder.with_name(f".{folder.name}.old"),
        )
        try:
            for leftover in (fresh, old):  # of a builder that was killed
                shutil.rmtree(leftover, ignore_errors=True)
            with writing(folder):
                fresh.mkdir()
            build(fresh)
            with writing(folder):
                if folder.exists():
                    os.replace(folder, old)
                os.replace(fresh, folder)
        finally:
            for leftover in (fresh, old):
                shutil.rmtree(leftover, ignore_errors=True)
        return open_folder(folder)


def _attempt(open_folder: Callable[[Path], Opened], folder: Path) -> Opened | None:
    """What `open_folder` returns, or None where the folder must be built."""
    try:
        return open_folder(folder)
    except (FileNotFoundError, NotADirectoryError):
        if folder.exists():
            log.warning("the cache %s is incomplete; building it again", folder)
    except CacheDamaged as error:
        log.warning("the cache %s is damaged (%s); building it again", folder, error)
    except OSError as error:
        raise _unusable("read", folder, error) from error
    return None


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turns an `OSError` of the block, which writes into `folder`, into `CacheUnusable`."""
    try:
        yield
    except OSError as error:
        raise _unusable("write", folder, error) from error


def _unusable(verb: str, folder: Path, error: OSError) -> CacheUnusable:
    """The error to raise where `folder` could not be read or written."""
    advice = "set AERIAL_CACHE to a folder of your own"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "free some space, or set AERIAL_CACHE to a folder on a larger disk"
    return CacheUnusable(f"cannot {verb} the cache {folder}: {error.strerror or error}; {advice}")


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Holds the lock of `folder`, waiting for a process that has it."""
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("another process is building %s; waiting for it", folder)
            lock.acquire()
        except NotImplementedError as error:  # filelock's word for a file system without flock
            raise OSError(errno.ENOLCK, "the file system has no locks") from error
    try:
        yield
    finally:
        lock.release()
