"""What is measured of teacher, student and control at the end of a distillation."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aerial_nni import results
from aerial_nni.inference import comparison
from aerial_nni.inference.cost import NotMeasured, measure_cost
from aerial_nni.reports.folder import Trial


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Flags of six pictures of 32 pixels in two classes."""
    folder = tmp_path_factory.mktemp("town")
    draw = np.random.default_rng(3)
    for kind in ("images", "masks"):
        (folder / kind).mkdir()
    for number in range(6):
        mask = np.kron(draw.integers(0, 2, (4, 4)), np.ones((8, 8), int)).astype(np.uint8)
        image = (draw.integers(0, 60, (32, 32, 3)) + 150 * mask[..., None]).astype(np.uint8)
        Image.fromarray(image).save(folder / "images" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    (folder / "classes.yaml").write_text("masks: index\nclasses:\n  Land: 0\n  Water: 1\n")
    return ["--data", "folder", "--data-dir", str(folder), "--patch", "32", "--batch", "2"]


@pytest.fixture(scope="module")
def trials(town: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the trials `teacher` and `student`."""
    folder = tmp_path_factory.mktemp("trials")
    for name, width in (("teacher", 4), ("student", 2)):
        words = ["--epochs", "1", "--width", str(width), "--depth", "1", "--out", name]
        line = [sys.executable, "-m", "aerial_nni.trials.baseline", *town, *words]
        ran = subprocess.run(line, cwd=folder, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
    return folder


def test_what_is_measured_is_about_these_checkpoints(trials: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(comparison, "SCENE", (70, 100))
    teacher, student = (trials / name / results.CHECKPOINT for name in ("teacher", "student"))
    comparison.compare(trials, teacher=teacher, student=trials / "student", control=None)
    costs = results.read_json(trials / results.COSTS)
    assert costs["checkpoints"] == {
        "teacher": results.sha256(teacher), "student": results.sha256(student),
    }  # fmt: skip
    assert costs["scene"] == [70, 100] and costs["patch"] == 32
    assert costs["costs"].keys() == {"teacher", "student", "int8"}
    for name, path in (("teacher", teacher), ("int8", trials / results.INT8)):
        cost = costs["costs"][name]
        assert cost["file_bytes"] == path.stat().st_size
        assert 0 < cost["patch_seconds"] and 0 < cost["scene_seconds"]
        assert 10e6 < cost["peak_bytes"] < 4e9
    # Without torch a process is far smaller: the 8-bit file was measured without it.
    assert costs["costs"]["int8"]["peak_bytes"] < costs["costs"]["student"]["peak_bytes"]
    assert 0 <= costs["int8"]["mean_iou"] <= 1
    kept = np.load(trials / results.ANSWERS)
    examples = Trial(trials / "student").examples
    assert kept["numbers"].tolist() == [example.number for example in examples]
    assert kept["teacher"].shape == kept["student"].shape == (len(examples), 2, 32, 32)
    for logits, example in zip(kept["student"], examples, strict=True):
        # The trial itself may have answered in bf16.
        assert np.mean(logits.argmax(axis=0) == example.predicted) > 0.95
    assert not list(trials.glob("*.tif"))


def test_a_model_that_cannot_be_run_is_named(tmp_path: Path):
    (tmp_path / "bad.safetensors").write_bytes(b"no model")
    with pytest.raises(NotMeasured, match=r"bad\.safetensors"):
        measure_cost(tmp_path / "bad.safetensors", tmp_path / "no.tif", patch=32)
