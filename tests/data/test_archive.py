"""Zip files: unpacked once, and never beyond their folder or far beyond their size."""

import stat
import zipfile

import pytest

from aerial_nni.data import DATASETS, open_dataset
from aerial_nni.data.dataset import DatasetMissing
from aerial_nni.data.pipeline import archive
from aerial_nni.data.pipeline.archive import ArchiveRefused, unpacked


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AERIAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def pack(town, path, below=""):
    with zipfile.ZipFile(path, "w") as file:
        for item in sorted(town.root.rglob("*.*")):
            file.write(item, below + item.relative_to(town.root).as_posix())
        file.writestr("__MACOSX/._image.png", b"junk")
        file.writestr(below + "run.exe", b"junk")
    return path


@pytest.mark.parametrize("below", ["", "Semantic segmentation dataset/"])
def test_a_zip_is_as_good_as_its_folder(town, tmp_path, below, cache):
    path = pack(town.dubai(), tmp_path / "archive.zip", below)
    dataset = open_dataset("dubai", str(path))
    assert dataset.fingerprint() == open_dataset("dubai", str(town.root)).fingerprint()
    for sample in dataset.samples:
        assert (dataset.read(sample)[1] == town.truth[sample.name]).all()
    endings = {item.suffix for item in (cache / "unpacked").rglob("*") if item.is_file()}
    assert endings == {".jpg", ".png", ".json", ".lock"}


def test_it_is_unpacked_once_and_again_when_damaged(town, tmp_path, monkeypatch):
    path = pack(town.dubai(), tmp_path / "archive.zip")
    calls = []
    unpack = archive._unpack
    monkeypatch.setattr(archive, "_unpack", lambda *a: calls.append(a) or unpack(*a))
    folder = unpacked(path)
    assert unpacked(path) == folder
    assert unpacked(path.rename(tmp_path / "renamed.zip")) == folder and len(calls) == 1
    path = tmp_path / "renamed.zip"
    picture = next(folder.rglob("*.png"))
    size = picture.stat().st_size
    picture.write_bytes(b"short")
    unpacked(path)
    assert picture.stat().st_size == size and len(calls) == 2
    picture.unlink()
    unpacked(path)
    assert picture.stat().st_size == size and len(calls) == 3


def test_a_folder_of_ones_own_in_a_zip(town, tmp_path):
    path = pack(town.own(), tmp_path / "mine.zip", "mine/")
    assert len(open_dataset("folder", str(path)).samples) == 3


@pytest.mark.parametrize("name", ["../a.png", "/a.png", "b/../../a.png", "..\\a.png", "C:\\a.png"])
def test_a_name_that_leads_outside_is_refused(tmp_path, name, cache):
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("good.png", b"x")
        file.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(ArchiveRefused, match="leads outside its folder"):
        unpacked(path)
    assert not list(tmp_path.rglob("*.png"))


def test_a_link_is_refused(tmp_path):
    path = tmp_path / "evil.zip"
    entry = zipfile.ZipInfo("a.png")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(entry, "/etc/passwd")
    with pytest.raises(ArchiveRefused, match="holds a link, 'a.png'"):
        unpacked(path)


def test_an_archive_that_unpacks_to_too_much(tmp_path, monkeypatch):
    path = tmp_path / "bomb.zip"
    monkeypatch.setattr(archive, "LARGEST", 200_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.png", bytes(300_000))
    with pytest.raises(ArchiveRefused, match="would unpack to 1 files of 300000; unpack it your"):
        unpacked(path)


def test_an_archive_that_swells_too_much(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(11):
            file.writestr(f"{number}.png", bytes(10 << 20))
    with pytest.raises(ArchiveRefused, match="would unpack to 11 files of 115343360"):
        unpacked(path)


def test_an_encrypted_or_damaged_archive(town, tmp_path):
    path = pack(town.dubai(), tmp_path / "a.zip")
    content = bytearray(path.read_bytes())
    place = content.index(b"\xff\xd8")  # inside the first JPEG
    content[place + 500] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveRefused, match="a.zip cannot be unpacked: Bad CRC-32"):
        unpacked(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ArchiveRefused, match="neither a folder nor a complete zip file"):
        unpacked(path)
    entry = zipfile.ZipInfo("a.png")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(entry, b"x")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag in the directory
    path.write_bytes(content)
    with pytest.raises(ArchiveRefused, match="is encrypted"):
        unpacked(path)


@pytest.mark.parametrize("below", ["", "town\\"])
def test_a_zip_with_backslashes_is_as_good_as_its_folder(town, tmp_path, below):
    town.own()
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(below + "masks\\", b"")
        for item in sorted(town.root.rglob("*.*")):
            name = str(item.relative_to(town.root)).replace("/", "\\")
            file.write(item, below + name)
        file.writestr(below + "images\\.ipynb_checkpoints\\a_1-checkpoint.png", b"junk")
    dataset = open_dataset("folder", str(path))
    assert len(dataset.samples) == 3 and not dataset.problems
    assert dataset.facts.name == ("town" if below else "packed")
    for sample in dataset.samples:
        assert (dataset.read(sample)[1] == town.truth[sample.name]).all()


@pytest.mark.parametrize(
    "name",
    ["..\\a.png", "a\\..\\..\\b.png", "\\a.png", "C:\\a.png", "C:a.png", "\\\\host\\share\\a.png"],
)
def test_a_backslash_leads_nowhere_else(tmp_path, name):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(name, b"x")
    with pytest.raises(ArchiveRefused, match="which leads outside its folder"):
        unpacked(path)


def test_two_files_of_one_name_are_refused(tmp_path):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("masks/a.png", b"x")
        file.writestr("masks\\a.png", b"y")
    with pytest.raises(ArchiveRefused, match="twice; keep one of the files"):
        unpacked(path)


def test_what_a_zip_lacks_is_said_of_the_zip(town, tmp_path, cache):
    town.own()
    (town.root / "classes.yaml").unlink()
    path = pack(town, tmp_path / "mine.zip", "mine/")
    with pytest.raises(DatasetMissing) as caught:
        open_dataset("folder", str(path))
    assert f"{path}/mine has no classes.yaml" in str(caught.value)
    assert str(cache) not in str(caught.value)


def test_windows_and_jupyter_of_the_cases(aerial_data):
    cases = aerial_data / "cases/windows_zip_jupyter"
    if not cases.is_dir():
        pytest.skip(f"there is no {cases}")
    for place in (cases / "windows.zip", cases / "jupyter", cases / "jupyter_both"):
        dataset = open_dataset("folder", str(place))
        assert [sample.name for sample in dataset.samples] == [f"t{k}" for k in range(6)]
        assert not dataset.problems


def test_what_is_said_of_a_file_that_is_no_zip_stays(tmp_path, monkeypatch):
    def missing(data_dir):
        raise DatasetMissing(f"{data_dir} names no scene")

    path = tmp_path / "own.yaml"
    path.write_text("scenes: []")
    monkeypatch.setitem(DATASETS, "geo", missing)
    with pytest.raises(DatasetMissing, match="own.yaml names no scene"):
        open_dataset("geo", str(path))
