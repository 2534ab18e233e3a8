"""A dataset given as a zip file: unpacked once into the cache directory, with care.

Only pictures and small text files are unpacked. An archive is refused as a whole if a name in it
leads outside its folder, if it holds a link, or if it would unpack to far more than it should.
"""

import shutil
import stat
import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePosixPath

from aerial_nni.config.errors import UserError
from aerial_nni.config.run_folder import read_json, write_json
from aerial_nni.data.pipeline.cache import CacheDamaged, cache_dir, open_or_build, writing
from aerial_nni.data.pipeline.hashing import file_digests
from aerial_nni.data.pipeline.matching import hidden
from aerial_nni.rasters import BESIDE, ENDINGS

WANTED = (*ENDINGS, *BESIDE, ".yaml", ".yml", ".json")
"""Endings of the files that are unpacked."""

LARGEST = 64 << 30
"""Bytes that an archive may unpack to."""

SWELLING = 100
"""Times its own size that an archive may unpack to. Pictures are compressed already."""

MOST = 500_000
"""Files that an archive may hold."""

LISTING = ".unpacked.json"


class ArchiveRefused(UserError):
    """A zip file is damaged or not safe to unpack. The message says why."""


def unpacked(path: Path) -> Path:
    """The folder that `path` stands for: itself if it is a folder, else the unpacked zip file.

    Raises:
        ArchiveRefused: it is a file, but no zip file that can be unpacked safely.
        CacheUnusable: the cache directory cannot be written.
    """
    if not path.is_file():
        return path
    if not zipfile.is_zipfile(path):
        raise ArchiveRefused(f"{path} is neither a folder nor a complete zip file; get it again")
    digest = file_digests([path], path)[path]
    folder = cache_dir() / "unpacked" / digest[:32]
    return open_or_build(folder, _complete, build=partial(_unpack, path))


def _complete(folder: Path) -> Path:
    """`folder` if every file that was unpacked is there with its size."""
    try:
        for name, size in read_json(folder / LISTING).items():
            if (folder / name).stat().st_size != size:
                raise CacheDamaged(f"{name} has another size than when it was unpacked")
    except (ValueError, AttributeError) as error:
        raise CacheDamaged(f"{LISTING} cannot be read: {error}") from error
    return folder


def _unpack(path: Path, folder: Path) -> None:
    """Writes the wanted files of the archive into `folder`, and a list of them."""
    sizes = {}
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check(path, entries)
            for entry in entries:
                name = _portable(entry)
                if name.endswith("/") or not _wanted(name):
                    continue
                target = folder / name
                with writing(folder), archive.open(entry) as source:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as file:
                        shutil.copyfileobj(source, file, 1 << 20)
                sizes[name] = target.stat().st_size
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ArchiveRefused(f"{path} cannot be unpacked: {error}") from error
    with writing(folder):
        write_json(folder / LISTING, sizes)


def _wanted(name: str) -> bool:
    """Whether a file is worth unpacking: a picture or a text, and not hidden."""
    return not hidden(PurePosixPath(name)) and name.lower().endswith(WANTED)


def _portable(entry: zipfile.ZipInfo) -> str:
    """The name of an entry with slashes: some programs on Windows write backslashes."""
    return entry.filename.replace("\\", "/")


def _check(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Raises `ArchiveRefused` unless all entries can be unpacked safely."""
    files: set[PurePosixPath] = set()
    for entry in entries:
        name, place = entry.filename, PurePosixPath(_portable(entry))
        if ".." in place.parts or place.is_absolute() or ":" in name:
            raise ArchiveRefused(f"{path} has the name {name!r}, which leads outside its folder")
        if place in files and not name.endswith(("/", "\\")):
            raise ArchiveRefused(f"{path} has the name {name!r} twice; keep one of the files")
        files.add(place)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ArchiveRefused(f"{path} holds a link, {name!r}; pack the files themselves")
        if entry.flag_bits & 1:
            raise ArchiveRefused(f"{path} is encrypted ({name!r}); unpack it yourself")
    # What zipfile unpacks is cut off at the size declared here, so the sum is a true limit.
    total, packed = sum(entry.file_size for entry in entries), path.stat().st_size
    if len(entries) > MOST or total > LARGEST or total > SWELLING * max(packed, 1 << 20):
        raise ArchiveRefused(
            f"{path} has {packed} bytes but would unpack to {len(entries)} files of {total}; "
            "unpack it yourself if you trust it"
        )
