"""The script of docs/guide-predict.md, with nothing but onnxruntime and numpy."""

import re
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from made_scenes import CLASSES, drawn

from aerial_nni.inference import open_model

GUIDE = Path(__file__).parents[2] / "docs" / "guide-predict.md"

ALONE = """
import runpy, sys

class Others:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in sys.stdlib_module_names and top not in ("numpy", "onnxruntime"):
            raise ModuleNotFoundError(f"{name} is not there", name=name)

sys.meta_path.insert(0, Others())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0])
"""
"""Runs a script as if only these two packages were installed."""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (text,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert sum(bool(line.strip()) for line in text.splitlines()) <= 11
    path = tmp_path / "segment.py"
    path.write_text(text)
    return path


def check(onnx_file: Path, tmp_path: Path, command: list[str]) -> None:
    image = drawn(75, 101, 4)[0]
    np.save(tmp_path / "image.npy", image)
    words = [*command, str(onnx_file), "image.npy", "mask.npy"]
    ran = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert [line.split(":")[0] for line in ran.stdout.splitlines()] == list(CLASSES)
    wanted = open_model(onnx_file)(image).argmax(0)
    np.testing.assert_array_equal(np.load(tmp_path / "mask.npy"), wanted)


@pytest.mark.long
def test_the_script_needs_nothing_else(onnx_file: Path, script: Path, tmp_path: Path):
    check(onnx_file, tmp_path, [sys.executable, "-c", ALONE, str(script)])


@pytest.mark.slow
def test_the_script_in_an_environment_of_its_own(onnx_file: Path, script: Path, tmp_path: Path):
    venv.create(tmp_path / "bare", with_pip=True)
    python = str(tmp_path / "bare" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "onnxruntime", "numpy"], check=True)
    check(onnx_file, tmp_path, [python, str(script)])
