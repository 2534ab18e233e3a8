"""The command line, with the true baseline on a few small pictures."""

import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aerial_nni.config import run_folder
from aerial_nni.nni_backend.ports import free_port
from aerial_nni.nni_backend.records import load
from aerial_nni.recipes import RECIPES
from aerial_nni.run import build_parser, main
from aerial_nni.training.checkpoint import load_checkpoint


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures of 64 pixels in two classes, as a folder of one's own."""
    folder = tmp_path_factory.mktemp("data") / "a town"
    rng = np.random.default_rng(3)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(6):
        mask = np.kron(rng.integers(0, 2, (4, 4)), np.ones((16, 16), int)).astype(np.uint8)
        noise = rng.integers(0, 60, (64, 64, 3))
        image = (noise + 150 * mask[..., None]).astype(np.uint8)
        Image.fromarray(image).save(folder / "images" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    (folder / "classes.yaml").write_text("masks: index\nclasses:\n  Land: 0\n  Water: 1\n")
    return folder


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "aerial_nni.run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=840)


@pytest.mark.server
def test_the_baseline_from_launch_to_checkpoint_and_document(town: Path, tmp_path: Path):
    flags = ["--data", "folder", "--data-dir", os.path.relpath(town, tmp_path), "--patch", 32]
    small = ["--width", 4, "--depth", 2, "--epochs", 1, "--batch", 4]
    words = ["baseline", *flags, *small, "--exit", "--json", "--port", free_port()]
    ran = run(*words, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["state"] == "DONE"
    assert said["folder"] == str(tmp_path / "runs" / said["id"])
    assert said["result_folder"] == str(tmp_path / "runs" / said["id"] / said["best"]["id"])
    metrics = run_folder.read_json(Path(said["result_folder"]) / run_folder.METRICS)
    assert metrics["score"] == said["best"]["score"]
    typed = shlex.split(load(Path(said["folder"])).command_line or "")
    assert typed == ["python", "-m", "aerial_nni.run", *map(str, words)]
    assert Path(said["report"]).is_relative_to(tmp_path / "docs")
    assert "mean IoU" in ran.stderr
    assert "Traceback" not in ran.stderr

    listed = run("list", "--json", cwd=tmp_path)
    assert [entry["id"] for entry in json.loads(listed.stdout)["experiments"]] == [said["id"]]
    exported = run("export", said["id"][:4], "--to", "best.safetensors", cwd=tmp_path)
    assert exported.returncode == 0
    model, header = load_checkpoint(tmp_path / "best.safetensors")
    assert header["classes"] == ["Land", "Water"]
    again = run("report", said["id"], "--docs", "again", "--json", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert Path(json.loads(again.stdout)["report"]).is_relative_to(tmp_path / "again")


def test_an_error_about_data_comes_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    flags = ["--data", "folder", "--data-dir", str(tmp_path / "none"), "--port", str(free_port())]
    assert main(["baseline", *flags, "--runs", str(tmp_path / "runs")]) == 1
    assert "error: " in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_busy_port_is_an_error_with_the_flag_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        flags = ["--port", str(port), "--runs", str(tmp_path)]
        assert main(["baseline", *flags]) == 1
        told = capsys.readouterr().err
        assert f"port {port} is held by process {os.getpid()}" in told
        assert "--port" in told
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["resume", "view", "stop", "report", "export"])
def test_an_unknown_id_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture, verb: str):
    more = ["--to", "x"] if verb == "export" else []
    assert main([verb, "nothere", *more, "--runs", str(tmp_path)]) == 1
    assert "no 'nothere'" in capsys.readouterr().err


def test_an_unknown_option_is_refused(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit) as error:
        main(["baseline", "--epochz", "3"])
    assert error.value.code == 2


def test_a_list_of_nothing_says_how_to_start(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert main(["list", "--runs", str(tmp_path)]) == 0
    assert "aerial_nni.run baseline" in capsys.readouterr().out


def test_every_verb_explains_itself(capsys: pytest.CaptureFixture):
    names = "resume view stop export report list doctor".split()
    for name in (*RECIPES, *names):
        with pytest.raises(SystemExit) as error:
            build_parser().parse_args([name, "--help"])
        assert error.value.code == 0
    assert "--learning" not in capsys.readouterr().out
