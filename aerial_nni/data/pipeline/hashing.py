"""Content digests of files, remembered between runs so that a dataset opens fast.

The memory is a JSON file in the cache directory. A digest is used again only while the file's
size, modification time and change time are those it had when it was read.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from aerial_nni.config.errors import Damaged
from aerial_nni.config.run_folder import read_json, sha256, write_json
from aerial_nni.data.dataset import Sample
from aerial_nni.data.pipeline.cache import cache_dir
from aerial_nni.rasters import VALIDITY

log = logging.getLogger(__name__)

SETTLED = 2_000_000_000
"""A file changed less than these nanoseconds ago could change again within one tick of a coarse
file-system clock, so its digest is not remembered."""


def file_digests(paths: Sequence[Path], root: Path) -> dict[Path, str]:
    """Hex SHA-256 of each file's content, from memory where the file has not changed.

    `root` is the folder the files belong to; each root has its own memory. A file that cannot be
    read has the digest "unreadable": what is wrong with it is said by whoever reads it.
    """
    memory = cache_dir() / "digests" / f"{_text_digest(str(root.resolve()))[:24]}.json"
    known = _load(memory)
    stamps = {path: _stamp(path) for path in paths}
    digests = {}
    for path, stamp in stamps.items():
        entry = known.get(str(path))
        if stamp is not None and entry is not None and entry[:3] == stamp:
            digests[path] = str(entry[3])
    missing = [path for path in paths if path not in digests]
    if missing:
        with ThreadPoolExecutor(max_workers=4) as pool:
            digests.update(zip(missing, pool.map(_digest, missing), strict=True))
        _save(memory, stamps, digests)
    return digests


def fingerprint(samples: Iterable[Sample], root: Path, *, reader: str) -> str:
    """Hex digest of every file of `samples` and of `reader`, which says how they are read.

    File names inside the dataset count, the place of the dataset on the disk does not.
    """
    samples = list(samples)
    files: dict[Sample, list[Path | None]] = {sample: [] for sample in samples}
    for sample, own in files.items():
        for path in (sample.image, sample.mask):
            own += with_validity(path) if path else [None]
    digests = file_digests([path for own in files.values() for path in own if path], root)
    lines = [reader]
    for sample, own in files.items():
        parts = [digests[path] if path else "" for path in own]
        lines.append(json.dumps([sample.name, sample.area, *parts]))
    return _text_digest("\n".join(lines))


def with_validity(path: Path) -> list[Path]:
    """A picture, and the files beside it that decide what is void in it."""
    beside = (path.with_name(path.name + ending) for ending in VALIDITY)
    return [path, *(one for one in beside if one.is_file())]


def _text_digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _digest(path: Path) -> str:
    try:
        return sha256(path)
    except (OSError, Damaged):
        return "unreadable"


def _stamp(path: Path) -> list[int] | None:
    """Size, modification time and change time, or None where the file cannot be looked at."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _load(memory: Path) -> dict[str, list[Any]]:
    try:
        known = read_json(memory)
    except (OSError, ValueError):  # none yet, or damaged: every file is read again
        return {}
    if not isinstance(known, dict):
        return {}
    return {k: v for k, v in known.items() if isinstance(v, list) and len(v) == 4}


def _save(memory: Path, stamps: dict[Path, list[int] | None], digests: dict[Path, str]) -> None:
    """Remembers the digests of files that have not changed just now. Never fails."""
    limit = time.time_ns() - SETTLED
    entries = {
        str(path): [*stamp, digests[path]]
        for path, stamp in stamps.items()
        if stamp is not None and max(stamp[1:]) < limit
    }
    try:
        write_json(memory, entries)
    except OSError as error:
        log.info("digests are not remembered: cannot write %s (%s)", memory, error)
