"""What docs/guide-any-nni-experiment.md tells people to write runs under NNI as it comes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fast_experiments import ask, wait_for

from aerial_nni.tuners.methods import METHODS

PAGE = (Path(__file__).parents[2] / "docs" / "guide-any-nni-experiment.md").read_text("utf-8")
FILES = dict(re.findall(r"^```\w+\n# (\S+\.\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))

PATIENT = """
import runpy, sys
from nni.experiment import launcher
launcher._check_rest_server.__defaults__ = (120, None)  # this machine may be busy
sys.argv = sys.argv[1:]
if sys.argv[0].endswith(".py"):
    runpy.run_path(sys.argv[0], run_name="__main__")
else:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
TRIALS = 4
"""In place of the page's twelve."""
SLOW_START = Path(__file__).with_name("slow_start.cjs")
Type = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def type_in(tmp_path: Path, port: int) -> Iterator[Type]:
    """Runs Python, in a folder with the page's files and a home of its own."""
    for name, text in FILES.items():
        text = text.replace("8080", str(port))
        (tmp_path / name).write_text(re.sub(r"\b12\b", str(TRIALS), text))
    paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": os.pathsep.join(paths),
        "NODE_OPTIONS": f"--require {SLOW_START}",
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", PATIENT, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=840
        )

    yield run
    run("nni.tools.nnictl.nnictl", "stop", "--all")


def test_the_page_has_its_files():
    assert set(FILES) == {"trial.py", "search.py", "config.yaml"}


def test_the_page_names_every_class():
    named = re.findall(r"^\| (\d?) ?\| `(aerial_nni\S+)`", PAGE, re.MULTILINE)
    assert named == [(str(m.index or ""), m.class_name) for m in METHODS.values()]


@pytest.mark.server
def test_the_script_of_the_page(type_in: Type):
    done = type_in("search.py")
    assert done.returncode == 0, done.stdout + done.stderr
    (best,) = re.findall(r"^[\d.e-]+$", done.stdout, re.MULTILINE)  # NNI prints lines of its own
    assert float(best) < 0.5


@pytest.mark.server
def test_the_configuration_of_the_page(type_in: Type, port: int):
    done = type_in(
        "nni.tools.nnictl.nnictl", "create", "--config", "config.yaml", "--port", str(port)
    )
    assert done.returncode == 0, done.stdout + done.stderr

    def results() -> list[dict[str, Any]] | None:
        state = ask(port, "check-status")
        assert state is None or state["status"] != "ERROR", state
        return ask(port, "export-data") if state and state["status"] == "DONE" else None

    found = wait_for(results, seconds=240)
    assert len(found) == TRIALS
    for trial in found:
        x, kind = trial["parameter"]["x"], trial["parameter"]["kind"]
        loss = (x - 0.3) ** 2 + {"a": 0.2, "b": 0.0, "c": 0.1}[kind]
        assert json.loads(trial["value"]) == pytest.approx(loss)
