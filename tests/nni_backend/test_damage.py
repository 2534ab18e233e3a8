"""Every kind of file of a real experiment, damaged in every way: said, and nothing else harmed."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aerial_nni.config import run_folder
from aerial_nni.nni_backend.ports import free_port
from aerial_nni.run import main

pytestmark = pytest.mark.server

SMALL = ["--patch", "16", "--width", "2", "--depth", "1", "--epochs", "2", "--batch", "4"]


@pytest.fixture(scope="module")
def made(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs directory of a small experiment, and of a second one that nobody harms."""
    runs = tmp_path_factory.mktemp("made") / "runs"
    data = ["--data", "folder", "--data-dir", str(imagery), *SMALL, "--device", "cpu"]
    end = ["--exit", "--runs", str(runs), "--docs", str(runs.parent / "docs")]
    assert main(["baseline", "--seeds", "0", *data, *end, "--port", str(free_port())]) == 0
    (record,) = runs.glob(f"*/{run_folder.EXPERIMENT}")
    record.parent.rename(runs / "hurt")
    for place in (runs / ".nni").glob(record.parent.name):
        place.rename(runs / ".nni" / "hurt")
    shutil.copytree(runs / "hurt", runs / "other")
    for name in ("hurt", "other"):
        values = run_folder.read_json(runs / name / run_folder.EXPERIMENT)
        for file in (run_folder.EXPERIMENT, run_folder.EXPERIMENT_COPY):
            run_folder.write_json(runs / name / file, {**values, "id": name})
    return runs


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return shutil.copytree(made, tmp_path / "runs", symlinks=True)


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "half": lambda whole: whole[: len(whole) // 2],
    "random": lambda whole: np.random.default_rng(len(whole)).bytes(len(whole)),
    "another type": lambda whole: b"[1, 2]\n",
    "null": lambda whole: b"null\n",
}
KINDS = ("folder", "pipe")

REPORT, EXPORT, RESUME = "report", "export", "resume"
FILES = {
    "experiment.json": (REPORT, EXPORT, RESUME),
    "options.yaml": (REPORT, RESUME),
    "split.json": (REPORT, RESUME),
    "*/options.json": (REPORT,),
    "*/history.csv": (REPORT,),
    "*/metrics.json": (REPORT, EXPORT),
    "*/checkpoint.safetensors": (REPORT, EXPORT),
    "*/curves.npz": (REPORT,),
    "*/examples.json": (REPORT,),
    "*/examples/01-image.png": (REPORT,),
    "../.nni/hurt/db/nni.sqlite": (RESUME,),
}
"""File of an experiment -> the verbs whose answer would be false."""


def words(verb: str, name: str, runs: Path) -> list[str]:
    more = {
        REPORT: ["--docs", str(runs.parent / "docs")],
        EXPORT: ["--to", str(runs.parent / f"{name}.safetensors"), "--overwrite"],
        RESUME: ["--port", str(free_port()), "--exit"],
    }[verb]
    return [verb, name, "--runs", str(runs), *more]


def damage(path: Path, way: str) -> None:
    if way in WAYS:
        path.write_bytes(WAYS[way](path.read_bytes()))
        return
    path.unlink()
    path.mkdir() if way == "folder" else os.mkfifo(path)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("way", [*WAYS, *KINDS])
def test_damage_is_said_and_harms_nothing_else(
    runs: Path, capsys: pytest.CaptureFixture, file: str, way: str
):
    (path,) = (runs / "hurt").glob(file) if ".." not in file else [runs / "hurt" / file]
    damage(path, way)
    assert main(["list", "--runs", str(runs)]) == 0
    listed = capsys.readouterr().out
    assert {line.split()[0] for line in listed.splitlines()[1:]} >= {"other"}
    if file == run_folder.EXPERIMENT and way in WAYS:
        assert "DAMAGED" in listed and "repair hurt" in listed
    for verb in FILES[file]:
        if verb == RESUME and way in KINDS and "sqlite" in file:
            continue  # NNI makes a new one
        code, said = main(words(verb, "hurt", runs)), capsys.readouterr()
        assert code == 1 and "Traceback" not in said.err + said.out, verb
        assert "a fault of aerial_nni" not in said.err, said.err
        assert path.name in said.err or (path.name == run_folder.EXPERIMENT and way in KINDS), (
            said.err
        )
    assert main(words(EXPORT, "other", runs)) == 0


@pytest.mark.parametrize("file", ["experiment.json", "*/metrics.json", "*/options.json"])
def test_keys_of_a_later_version_harm_nothing(runs: Path, file: str):
    (path,) = (runs / "hurt").glob(file)
    values = json.loads(path.read_text())
    if "trials" in values:
        values["trials"][0]["unheard_of"] = {"a": [1]}
    path.write_text(json.dumps({**values, "unheard_of": {"a": [1]}}))
    assert main(["list", "--runs", str(runs)]) == 0
    assert main(words(EXPORT, "hurt", runs)) == 0


def test_a_repaired_record_is_the_one_that_was(runs: Path):
    path = runs / "hurt" / run_folder.EXPERIMENT
    before = json.loads(path.read_text())
    damage(path, "half")
    assert main(["repair", "hurt", "--runs", str(runs)]) == 0
    assert json.loads(path.read_text()) == before
    assert main(words(REPORT, "hurt", runs)) == 0


def limited(runs: Path, *command: str) -> subprocess.CompletedProcess:
    """What a program says that may write no file of more than so many bytes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    return subprocess.run([sys.executable, "-m", *command], preexec_fn=limit, text=True,
                          capture_output=True, cwd=runs.parent, timeout=600)  # fmt: skip


@pytest.mark.parametrize("verb", ["trial", "export", "onnx", "torchscript", "exported", "report"])
def test_without_room_the_file_is_named_and_there_is_no_traceback(
    runs: Path, imagery: Path, verb: str
):
    data = ["--data", "folder", "--data-dir", str(imagery), *SMALL, "--device", "cpu"]
    to = str(runs.parent / "docs")
    commands = {
        "trial": ["aerial_nni.trials.baseline", *data, "--out", to],
        "report": ["aerial_nni.run", *words(REPORT, "hurt", runs)],
        **{
            name: ["aerial_nni.run", "export", "hurt", "--runs", str(runs), "--to", f"docs{ending}"]
            for name, ending in (("export", ".safetensors"), ("onnx", ".onnx"),
                                 ("torchscript", ".pt"), ("exported", ".pt2"))
        },
    }  # fmt: skip
    ran = limited(runs, *commands[verb])
    said = ran.stderr
    assert ran.returncode == 1 and "Traceback" not in said, said
    assert "docs" in said and "File too large" in said and "free some space" in said, said
    assert not list(runs.parent.glob("docs.*")) and not list(runs.parent.glob(".docs*"))


def test_memory_that_is_not_there_is_said(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    from aerial_nni.inference import prediction

    image = tmp_path / "a.png"
    Image.new("RGB", (32, 32)).save(image)
    for error in (
        MemoryError("Unable to allocate 4 TiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"
        ),
    ):

        def fails(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(prediction, "answered", fails)
        (checkpoint,) = (runs / "hurt").glob("*/checkpoint.safetensors")
        assert main(["predict", str(checkpoint), str(image), "--to", str(tmp_path)]) == 1
        said = capsys.readouterr().err
        assert "not enough memory" in said and "--tile" in said
