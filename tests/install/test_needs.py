"""`doctor` and the verbs where something is not installed, or is broken."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from requirements import PACKAGE, imported

from aerial_nni.cli import requirements
from aerial_nni.cli.machine_checks import INSTALL, REINSTALL, verbs
from aerial_nni.run import build_parser, main

WITH_EXTRAS = ("bench", "browser")


@pytest.fixture
def instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """In processes that start from now on, a library consists of this code."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{PACKAGE.parent}")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    def put(name: str, code: str) -> None:
        (tmp_path / f"{name}.py").write_text(code)

    return put


def absent(name: str) -> str:
    return f"raise ModuleNotFoundError('No module named {name}', name={name!r})"


def test_every_verb_is_looked_at():
    (parsers,) = (
        action.choices
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    assert set(requirements.NEEDS) == set(parsers)


@pytest.mark.long
def test_all_that_the_package_imports_is_tried():
    script = (
        f"import sys; from {requirements.__name__} import missing; print(missing(), *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    problems, *modules = done.stdout.split()
    own = {path for path in PACKAGE.rglob("*.py") if not set(WITH_EXTRAS) & set(path.parts)}
    assert problems == "{}"
    assert set().union(*map(imported, own)) <= set(modules)


@pytest.mark.long
def test_the_doctor_names_what_is_missing_with_the_line_that_installs_it(
    instead: Callable[[str, str], None], tmp_path: Path
):
    instead("onnx", absent("onnx"))
    command = [sys.executable, "-m", "aerial_nni.run", "doctor", "--json", "--runs", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    failed = [one for one in json.loads(done.stdout)["findings"] if one["level"] == "fail"]
    assert {one["mend"] for one in failed if one["subject"] == "verbs"} == {INSTALL}
    (onnx,) = (one["text"] for one in failed if one["text"].startswith("onnx is missing"))
    assert {"export", "predict"} <= set(onnx.partition("needed by: ")[2].split(", "))


def test_a_library_that_is_broken_does_not_end_the_doctor(instead: Callable[[str, str], None]):
    instead("yaml", "import os; os.abort()")
    (finding,) = verbs(requirements.import_all())
    assert (finding.level, finding.mend) == ("fail", REINSTALL)
    assert "ends with -6" in finding.text


def test_a_library_that_cannot_be_imported_is_named(instead: Callable[[str, str], None]):
    instead("colossal", "raise OSError('libGL.so.1: cannot open shared object file')")
    script = (
        f"from {requirements.__name__} import missing; print(missing({{'export': ['colossal']}}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "colossal cannot be imported: OSError: libGL.so.1" in done.stdout


def test_a_verb_says_what_is_missing_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
):
    monkeypatch.setitem(sys.modules, "aerial_nni.inference.prediction", None)
    (tmp_path / "a.png").touch()
    assert main(["predict", "a.safetensors", str(tmp_path / "a.png")]) == 1
    said = capsys.readouterr().err
    assert "is missing; python -m pip install -e ." in said


def test_no_verb_begins_without_yaml_and_says_so(instead: Callable[[str, str], None]):
    instead("yaml", absent("yaml"))
    command = [sys.executable, "-m", "aerial_nni.run", "list"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1, "error: yaml is missing; python -m pip install -e .\n",
    )  # fmt: skip
