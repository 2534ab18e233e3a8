"""Errors as they are shown to a user: without a traceback, and without what a terminal obeys."""

import os
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path


class Explained(Exception):
    """An error whose message says what was got, what is allowed and what to type next.

    Command lines catch this class once. Each reason that a user can act on is a class of its own
    beside the code that raises it.
    """


class Damaged(Explained, ValueError):
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


def told(error: BaseException, log: Callable[[], Path] | None = None) -> str:
    """What is said of an error that ends a program; of one nobody foresaw, where its traceback is.

    `log` gives the file for the traceback; by default one among the temporary files.
    """
    if isinstance(error, Explained):
        return shown(str(error))
    if is_memory(error):
        return shown(
            f"there is not enough memory ({str(error).strip().splitlines()[:1] or ['']!s:.200}); "
            "give more, or less to do at once: a smaller --batch, --patch, --width or --tile"
        )
    if isinstance(error, OSError):
        return shown(str(error))
    what = f"{type(error).__name__}: {error}"
    try:
        path = log() if log else _log()
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(traceback.format_exception(error)))
    except OSError as full:
        return shown(f"{what}, which is a fault of aerial_nni; no traceback was kept: {full}")
    return shown(
        f"{what}, which is a fault of aerial_nni or a damaged file that it takes for whole; "
        f"please report it with the traceback in {path}"
    )


def _log() -> Path:
    """A new file among the temporary ones."""
    handle, name = tempfile.mkstemp(prefix="aerial_nni-", suffix=".log")
    os.close(handle)
    return Path(name)
