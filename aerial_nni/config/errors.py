"""Errors as they are shown to a user: without a traceback, and without what a terminal obeys."""

import importlib
import logging
import os
import sys
import tempfile
import traceback
from pathlib import Path
from types import ModuleType


class UserError(Exception):
    """An error whose message says what was got, what is allowed and what to type next.

    Command lines catch this class once. Each reason that a user can act on is a class of its own
    beside the code that raises it.
    """


class ExtraMissing(UserError):
    """What is asked for needs a module that only an extra of the installation brings."""


def with_extra(module: str, extra: str) -> ModuleType:
    """A module that an extra of the installation brings, imported.

    Raises:
        ExtraMissing: it cannot be. The message has the line that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ExtraMissing(
            f'{module} cannot be imported ({error}); python -m pip install -e ".[{extra}]"'
        ) from error


class Damaged(UserError, ValueError):
    """What was read is not what it should be. The message has the path, and the place in it."""


def shown(text: str) -> str:
    """`text` for a terminal: what would move its cursor or hide a part of it is written out."""
    return "".join(letter if is_plain(letter) else ascii(letter)[1:-1] for letter in text)


def is_plain(letter: str) -> bool:
    """Whether a letter is text or a line's end, and not a command to a terminal."""
    return letter.isprintable() or letter in "\n\t\u00a0\u3000\u200c\u200d"


def is_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's, NumPy's, torch's or ONNX Runtime's word for it."""
    words = ("allocate memory", "out of memory", "bad_alloc", "Failed to allocate", "new thread")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def told(error: Exception, log: Path | None = None) -> str:
    """What is said of an error that ends a program; of one nobody foresaw, where its traceback is.

    That is in `log`, or else in a new file among the temporary ones.
    """
    if isinstance(error, UserError):
        return shown(str(error))
    if is_memory(error):
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        return shown(
            f"there is not enough memory ({reason:.200}); give more, or less to do at once: a "
            "smaller --batch, --patch, --width or --tile"
        )
    if isinstance(error, OSError):
        return shown(str(error))
    what = f"{type(error).__name__}: {error}"
    try:
        path = log if log is not None and log.parent.is_dir() else _log()
        with path.open("a", encoding="utf-8") as file:
            file.writelines(traceback.format_exception(error))
    except OSError as full:
        return shown(f"{what}: a fault of aerial_nni; its traceback could not be kept: {full}")
    return shown(f"{what}: a fault of aerial_nni; please report it, with the traceback in {path}")


def _log() -> Path:
    """A new file among the temporary ones."""
    handle, name = tempfile.mkstemp(prefix="aerial_nni-", suffix=".log")
    os.close(handle)
    return Path(name)


class _Plain(logging.Formatter):
    """The message alone, for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The message, with its traceback where it has one."""
        return shown(super().format(record))


def say_plainly(level: int) -> None:
    """Sends what is logged from this level on to the error stream of the program."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Plain("%(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
