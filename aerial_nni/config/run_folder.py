"""The result folder: the one thing that trials write and everything else reads.

    runs/<experiment>/
        experiment.json          what was run: kind, options, limits, state, trials, best trial
        experiment.json.copy     the same, for `repair`
        options.yaml             the options every trial starts from
        search_space.yaml        of a search: its space as it was written, with the comments
        split.json               which patches train and which validate
        teacher.safetensors      of a distillation: the teacher's checkpoint
        answers.npz              of a distillation: each model's logits of the student's examples
        student-int8.onnx        of a distillation: the student in 8-bit integers
        costs.json               of a distillation: time, memory and what the 8 bits lose; of an
                                 architecture search: time of a patch in each network
        <trial>/
            options.json         the trial's own options, complete
            history.csv          an epoch a row
            metrics.json         final scores: present only when the trial reached its end
            genotype.json        of an architecture search: what it found
            halves.json          of an architecture search: patches of weights and architecture
            latency.json         of one with a target for it: milliseconds of each operation
            checkpoint.safetensors   the best epoch (of a search the genotype's), with a header
            lr_finder.csv        of a trial that looked for it: loss by learning rate
            failure.txt          why the trial failed, only where it did
            last.safetensors     weights and optimiser of the last epoch, for resuming
            curves.npz           precision and recall over thresholds, per class
            examples/            ten validation patches: NN-image, NN-truth, NN-prediction.png
            examples.json        what each of them is
            samples/             of zoom-out: its first stage, a folder like this one
            tensorboard/         event files

Every file is written to a temporary name first and renamed, so a reader never sees half of one.
"""

import contextlib
import csv
import errno
import fcntl
import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aerial_nni.config.errors import Damaged, UserError
from aerial_nni.config.safe_reading import read_json as read_json
from aerial_nni.config.safe_reading import read_table, regular
from aerial_nni.config.schema import fitted

EXPERIMENT = "experiment.json"
EXPERIMENT_COPY = "experiment.json.copy"
OPTIONS_FILE = "options.yaml"
OPTIONS = "options.json"
HISTORY = "history.csv"
METRICS = "metrics.json"
CHECKPOINT = "checkpoint.safetensors"
LAST = "last.safetensors"
SET_ASIDE = ".damaged"
"""What the name of a damaged file ends in, once it is out of the way."""

CURVES = "curves.npz"
EXAMPLES = "examples"
EXAMPLE_LIST = "examples.json"
EVENTS = "tensorboard"
SAMPLES = "samples"
SPLIT = "split.json"
TEACHER = "teacher.safetensors"
ANSWERS = "answers.npz"
INT8 = "student-int8.onnx"
COSTS = "costs.json"
HALVES = "halves.json"
GENOTYPE = "genotype.json"
LATENCY = "latency.json"
LR_FINDER = "lr_finder.csv"
SPACE = "search_space.yaml"
FAILURE = "failure.txt"
TRACEBACK = "traceback.log"


class NotSaved(UserError, OSError):
    """A file could not be written. The message says why, and what to do."""

    def __init__(self, path: Path, error: OSError) -> None:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        advice = "free some space" if full else "make its folder writable"
        reason = error.strerror or error
        super().__init__(f"{path} cannot be written: {reason}; {advice}, or give another place")
        self.errno = error.errno


PART = ".aerial-part"
"""How the name of a file or folder ends that is being written, and is nobody else's to end so."""


@contextmanager
def atomic(path: Path, *, private: bool = False) -> Iterator[Path]:
    """A temporary path beside `path` that becomes `path` when the block ends without an error.

    Others than its owner may read it, unless it is private.

    Raises:
        NotSaved: there is no room for it, or it may not be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(PART, f".{path.name}.", path.parent)
        temporary = Path(name)
        with held(handle):
            yield temporary
            os.chmod(temporary, 0o600 if private else 0o644)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())  # else a power cut can leave the new name with no content
            os.replace(temporary, path)
    except OSError as error:
        ours = {None, *_names(path, temporary)} & {
            error.filename,
            error.filename2 or error.filename,
        }
        if not error.errno or not ours:
            raise  # of another file, or said by a library in its own words
        raise NotSaved(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def held(handle: int) -> Iterator[None]:
    """Shows that a temporary file or folder is being written, and closes its handle at the end.

    The operating system drops a killed writer's lock.
    """
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def sweep(folder: Path, name: str | None = None) -> None:
    """Removes what killed writers have left in `folder` and below.

    With a `name`, those of files and folders of this name, in `folder` itself.
    """
    lost = folder.glob(f".{name}.*{PART}") if name else folder.rglob(f".*{PART}")
    for left in lost:
        with contextlib.suppress(OSError):  # gone meanwhile, or its writer lives
            handle = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            finally:
                os.close(handle)


def _names(path: Path, temporary: Path | None) -> list[str]:
    """What an error about writing `path` may call it."""
    return [str(one) for one in (path, temporary, path.parent) if one is not None]


def write_json(path: Path, value: Any, *, private: bool = False) -> None:
    """Writes `value` as JSON, atomically."""
    with atomic(path, private=private) as temporary:
        temporary.write_text(as_json(value), encoding="utf-8")


class NotWritable(UserError):
    """Nothing can be written where results are to go. The message says which flag names it."""


def check_writable(folder: Path, *, flag: str) -> None:
    """Raises `NotWritable` unless a file could be made in `folder`, which need not be there yet.

    It is tried: permissions do not tell a disk that is read-only from one that is not.
    """
    place = folder.expanduser().absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise NotWritable(f"{flag} {folder} cannot be a folder: {place} is a file; give another")
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise NotWritable(
            f"nothing can be written in {place} ({error.strerror}), where {flag} {folder} is to "
            "be; give another"
        ) from error


def as_json(value: Any) -> str:
    """`value` as the text of a JSON file. NaN becomes null: JSON has no NaN."""
    return json.dumps(_plain(value), indent=2) + "\n"


def _plain(value: Any) -> Any:
    """`value` with every non-finite float replaced by None and tuples by lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def no_formula(text: str) -> str:
    """A text as the cell of a CSV: spreadsheets would compute what begins like a formula."""
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text


def write_history(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Writes one row per epoch as CSV, atomically. All rows have the first row's columns."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["epoch"])
        writer.writeheader()
        writer.writerows(rows)


def read_history(path: Path) -> list[dict[str, float]]:
    """The rows of a history file, every value a float (NaN where the class was absent).

    Raises:
        Damaged: it is not whole.
    """
    rows = read_table(path)
    try:
        return [
            {key: float(value) if value else math.nan for key, value in row.items()} for row in rows
        ]
    except ValueError as error:
        raise Damaged(f"{path} holds what is no number: {error}") from error


def sha256(path: Path) -> str:
    """Hex SHA-256 of a regular file's content; `Damaged` for a pipe, which would be waited for."""
    regular(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


SHARED = (OPTIONS_FILE, SPACE, SPLIT, TEACHER)
"""Files of an experiment that all its trials start from."""


def digests_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of those of the files `names` that are in a folder."""
    return {name: sha256(folder / name) for name in names if (folder / name).is_file()}


def check_digests(folder: Path, digests: Mapping[str, str]) -> None:
    """Raises `Damaged` where a file is not what it was when its digest was noted."""
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            raise Damaged(f"{path} is missing")
        if sha256(path) != digest:
            raise Damaged(f"{path} is damaged or was changed: its SHA-256 is not {digest}")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What metrics.json says of the checkpoint beside it."""

    sha256: str


@dataclass(frozen=True, kw_only=True)
class _Checkpoint:
    checkpoint: Kept


def kept_digest(checkpoint: Path) -> str:
    """SHA-256 of a trial's checkpoint as metrics.json beside it has it. Raises `Damaged`."""
    path = checkpoint.with_name(METRICS)
    return fitted(_Checkpoint, read_json(path), path).checkpoint.sha256
