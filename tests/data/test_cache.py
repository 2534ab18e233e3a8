"""The cache directory: one builder, no trace of a killed one, damage mended, clear refusals."""

import errno
import json
import logging
import multiprocessing
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from aerial_nni.data import open_dataset
from aerial_nni.data.pipeline import hashing, patch_store
from aerial_nni.data.pipeline.cache import (
    CacheDamaged,
    CacheUnusable,
    cache_dir,
    cache_size,
    open_or_build,
)
from aerial_nni.data.pipeline.hashing import file_digests
from aerial_nni.data.pipeline.prepared import prepare, verify

spawn = multiprocessing.get_context("spawn")  # threads of this process are no matter then


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def build_slowly(folder: Path, marks: Path, start: float) -> None:
    """In a process of its own: opens `folder`, building it in a second if need be."""

    def build(fresh: Path) -> None:
        (marks / f"built-{os.getpid()}").touch()
        (fresh / "half").write_text("half")
        time.sleep(1)
        (fresh / "value").write_text("whole")

    time.sleep(max(0.0, start - time.time()))
    value = open_or_build(folder, lambda found: (found / "value").read_text(), build=build)
    (marks / f"opened-{os.getpid()}").write_text(value)


def prepare_there(town: str, cache: str, marks: Path) -> None:
    """In a process of its own: prepares the dataset and says how much it built."""
    steps: list[int] = []
    prepared = prepare(
        open_dataset("dubai", town),
        patch=32,
        cache=Path(cache),
        progress=lambda done, total: steps.append(done),
    )
    (marks / str(os.getpid())).write_text(json.dumps([len(steps), len(prepared.patches)]))


def hang(folder: Path, ready: Path) -> None:
    """In a process of its own: starts to build `folder` and never ends."""

    def build(fresh: Path) -> None:
        (fresh / "value").write_text("half")
        ready.touch()
        time.sleep(600)

    open_or_build(folder, lambda found: (found / "value").read_text(), build=build)


def test_processes_that_start_at_once_build_once(tmp_path):
    start = time.time() + 2
    arguments = (tmp_path / "cache" / "thing", tmp_path, start)
    processes = [spawn.Process(target=build_slowly, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(list(tmp_path.glob("built-*"))) == 1
    assert [path.read_text() for path in tmp_path.glob("opened-*")] == ["whole"] * 3


def test_three_trials_prepare_once(town, cache, tmp_path):
    town.dubai()
    marks = tmp_path / "marks"
    marks.mkdir()
    arguments = (str(town.root), str(cache), marks)
    processes = [spawn.Process(target=prepare_there, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    said = sorted(json.loads(path.read_text()) for path in marks.iterdir())
    assert said == [[0, 24], [0, 24], [6, 24]]


def test_a_killed_builder_leaves_nothing_in_the_way(tmp_path):
    folder, ready = tmp_path / "cache" / "thing", tmp_path / "ready"
    process = spawn.Process(target=hang, args=(folder, ready))
    process.start()
    while not ready.exists():
        assert process.is_alive()
        time.sleep(0.02)
    process.kill()
    process.join(60)
    assert (folder.parent / ".thing.new" / "value").exists()

    def build(fresh: Path) -> None:
        assert list(fresh.iterdir()) == []
        (fresh / "value").write_text("whole")

    assert open_or_build(folder, lambda f: (f / "value").read_text(), build=build) == "whole"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["thing", "thing.lock"]


def test_a_builder_that_fails_leaves_no_trace(tmp_path):
    def build(fresh: Path) -> None:
        (fresh / "value").write_text("half")
        raise KeyError("why")

    with pytest.raises(KeyError, match="why"):
        open_or_build(tmp_path / "thing", lambda f: (f / "value").read_text(), build=build)
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]


def flip(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place, os.SEEK_END if place < 0 else os.SEEK_SET)
        value = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([value[0] ^ 1]))


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


DAMAGE = {
    "images truncated": lambda folder: cut_short(folder / patch_store.IMAGES),
    "masks truncated": lambda folder: cut_short(folder / patch_store.MASKS),
    "image flipped": lambda folder: flip(folder / patch_store.IMAGES, -5),
    "mask flipped": lambda folder: flip(folder / patch_store.MASKS, -5),
    "images header garbage": lambda folder: flip(folder / patch_store.IMAGES, 20),
    "images emptied": lambda folder: (folder / patch_store.IMAGES).write_bytes(b""),
    "index garbage": lambda folder: (folder / patch_store.INDEX).write_text("garbage"),
    "index flipped": lambda folder: flip(folder / patch_store.INDEX, 30),
    "patches flipped": lambda folder: flip(folder / patch_store.PATCHES, -9),
    "seal garbage": lambda folder: (folder / patch_store.SEAL).write_text("{"),
    "seal of another kind": lambda folder: (folder / patch_store.SEAL).write_text("[]"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_is_built_again(town, cache, damage, caplog):
    dataset = open_dataset("dubai", str(town.dubai(tiles=1).root))
    before = prepare(dataset, patch=32, cache=cache)
    images, masks = np.array(before.images), np.array(before.masks)
    DAMAGE[damage](before.folder)
    with caplog.at_level(logging.WARNING):
        after = prepare(dataset, patch=32, cache=cache)
    assert f"the cache {after.folder} is damaged (" in caplog.text
    assert "building it again" in caplog.text
    assert (after.images == images).all() and (after.masks == masks).all()
    assert after.patches == before.patches and verify(after) == ()
    caplog.clear()
    prepare(dataset, patch=32, cache=cache)
    assert caplog.text == ""


@pytest.mark.parametrize(
    "name", [patch_store.IMAGES, patch_store.PATCHES, patch_store.INDEX, patch_store.SEAL]
)
def test_a_cache_with_a_file_missing_is_built_again(town, cache, name, caplog):
    dataset = open_dataset("dubai", str(town.dubai(tiles=1).root))
    folder = prepare(dataset, patch=32, cache=cache).folder
    (folder / name).unlink()
    assert len(prepare(dataset, patch=32, cache=cache).patches) == 12
    assert f"the cache {folder} is incomplete" in caplog.text


def test_bytes_that_change_unseen_are_found_by_verify(town, cache):
    prepared = prepare(open_dataset("dubai", str(town.dubai().root)), patch=32, cache=cache)
    path = prepared.folder / patch_store.MASKS
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    flip(path, -32 * 32 * 3)
    os.utime(path, ns=times)
    assert verify(prepared) == (21,)
    with pytest.raises(CacheDamaged):
        path.touch()
        patch_store.open_contents(prepared.folder)


def test_a_copied_cache_is_compared_once_and_kept(town, tmp_path, monkeypatch):
    dataset = open_dataset("dubai", str(town.dubai().root))
    folder = prepare(dataset, patch=32, cache=tmp_path / "a").folder
    copy = tmp_path / "b" / "prepared" / folder.name
    shutil.copytree(folder, copy, copy_function=shutil.copyfile)
    calls = []
    compare = patch_store.damaged_patches
    monkeypatch.setattr(
        patch_store, "damaged_patches", lambda found: calls.append(found) or compare(found)
    )
    for _ in range(2):
        assert prepare(dataset, patch=32, cache=tmp_path / "b").folder == copy
    assert len(calls) == 1


def test_a_cache_directory_that_cannot_be_written(town, tmp_path, monkeypatch):
    dataset = open_dataset("dubai", str(town.dubai().root))
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(CacheUnusable, match="cannot write the cache .*set AERIAL_CACHE to a fold"):
        prepare(dataset, patch=32, cache=blocked)
    monkeypatch.setenv("AERIAL_CACHE", str(blocked))
    assert dataset.fingerprint() == dataset.fingerprint()  # digests are just not remembered


def test_a_cache_that_cannot_be_read(tmp_path):
    def refuse(folder: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(CacheUnusable, match="cannot read the cache .*: Permission denied; set AER"):
        open_or_build(tmp_path / "thing", refuse, build=lambda folder: None)


def test_a_full_disk(town, cache, monkeypatch):
    dataset = open_dataset("dubai", str(town.dubai().root))

    def full(self, patch):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(patch_store.Growing, "append", full)
        with pytest.raises(CacheUnusable, match="No space left on device; free some space, or set"):
            prepare(dataset, patch=32, cache=cache)
    assert [path.suffix for path in (cache / "prepared").iterdir()] == [".lock"]
    assert len(prepare(dataset, patch=32, cache=cache).patches) == 24


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def refuse(self, timeout=None):
        raise NotImplementedError

    monkeypatch.setattr("aerial_nni.data.pipeline.cache.FileLock.acquire", refuse)
    with pytest.raises(CacheUnusable, match="has no locks; set AERIAL_CACHE"):
        open_or_build(tmp_path / "thing", lambda f: (f / "v").read_text(), build=lambda f: None)


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("AERIAL_CACHE", str(tmp_path / "own"))
    assert cache_dir() == tmp_path / "own"
    monkeypatch.delenv("AERIAL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() == tmp_path / "xdg" / "aerial_nni"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_dir() == Path.home() / ".cache" / "aerial_nni"


def test_how_large_the_cache_is(tmp_path):
    assert cache_size(tmp_path / "absent") == 0
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_bytes(b"12345")
    (tmp_path / "c").write_bytes(b"123")
    assert cache_size(tmp_path) == 8


def test_digests_are_remembered_until_a_file_changes(town, monkeypatch, cache):
    read = []
    sha256 = hashing.sha256
    monkeypatch.setenv("AERIAL_CACHE", str(cache))
    monkeypatch.setattr(hashing, "sha256", lambda path: read.append(path) or str(len(read)))
    monkeypatch.setattr(hashing, "SETTLED", -60_000_000_000)
    path = town.root / "a.bin"
    town.root.mkdir()
    path.write_bytes(b"one")
    assert [file_digests([path], town.root)[path] for _ in range(3)] == ["1"] * 3
    path.write_bytes(b"two")
    assert file_digests([path], town.root) == {path: "2"}
    os.utime(path, ns=(1, 1))  # put back as old: the change time tells
    assert file_digests([path], town.root) == {path: "3"}
    monkeypatch.setattr(hashing, "SETTLED", 60_000_000_000)
    path.write_bytes(b"new")
    assert [file_digests([path], town.root)[path] for _ in range(2)] == ["4", "5"]
    next((cache / "digests").iterdir()).write_text("garbage")
    assert file_digests([path], town.root) == {path: "6"}
    path.unlink()
    monkeypatch.setattr(hashing, "sha256", sha256)
    assert file_digests([path], town.root) == {path: "unreadable"}
