"""What is measured of teacher, student and control at the end of a distillation."""

from pathlib import Path

import numpy as np
import pytest

from aerial_nni.config import run_folder
from aerial_nni.inference import comparison
from aerial_nni.inference.cost import NotMeasured, measure_cost
from aerial_nni.inference.training_data import own_data


@pytest.fixture
def student(trial: Path) -> Path:
    """The trial's folder, with a list of examples."""
    prepared, split = own_data(trial / run_folder.CHECKPOINT)
    patches = [prepared.patches[i] for i in split.val[:3]]
    facts = [{"number": n, "image": p.image, "y": p.y, "x": p.x} for n, p in enumerate(patches, 1)]
    run_folder.write_json(trial / run_folder.EXAMPLE_LIST, facts)
    return trial


@pytest.mark.long
def test_what_is_measured_is_about_these_checkpoints(
    student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(comparison, "SCENE", (70, 100))
    checkpoint, folder = student / run_folder.CHECKPOINT, student.parent
    comparison.compare(folder, teacher=checkpoint, student=student, control=student)
    costs = run_folder.read_json(folder / run_folder.COSTS)
    names = ("teacher", "student", "control")
    assert costs["checkpoints"] == dict.fromkeys(names, run_folder.sha256(checkpoint))
    assert costs["scene"] == [70, 100] and costs["patch"] == 32
    assert costs["costs"].keys() == {"teacher", "student", "int8"}
    for name, path in (("teacher", checkpoint), ("int8", folder / run_folder.INT8)):
        cost = costs["costs"][name]
        assert cost["file_bytes"] == path.stat().st_size
        assert 0 < cost["patch_seconds"] and 0 < cost["scene_seconds"]
        assert 10e6 < cost["peak_bytes"] < 4e9
    # Without torch a process is far smaller: the 8-bit file was measured without it.
    assert costs["costs"]["int8"]["peak_bytes"] < costs["costs"]["student"]["peak_bytes"]
    assert costs["int8"]["mean_iou"] > 0.7
    kept = np.load(folder / run_folder.ANSWERS)
    assert kept["numbers"].tolist() == [1, 2, 3]
    assert kept["teacher"].shape == kept["control"].shape == (3, 3, 32, 32)
    prepared, split = own_data(checkpoint)
    for logits, index in zip(kept["student"], split.val, strict=False):
        assert np.mean(logits.argmax(axis=0) == prepared.masks[index]) > 0.8


@pytest.mark.long
def test_a_model_that_cannot_be_run_is_named(tmp_path: Path):
    (tmp_path / "bad.safetensors").write_bytes(b"no model")
    with pytest.raises(NotMeasured, match=r"bad\.safetensors"):
        measure_cost(tmp_path / "bad.safetensors", tmp_path / "no.tif", patch=32)
