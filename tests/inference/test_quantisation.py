"""8-bit integers, calibrated on a checkpoint's own training patches."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from made_scenes import HEADER, drawn

from aerial_nni.inference import open_model
from aerial_nni.inference.own_data import DataUnknown, own_data
from aerial_nni.inference.quantisation import calibration_patches, export_int8
from aerial_nni.results import SPLIT


def test_integers_answer_almost_as_before(trial: Path, tmp_path: Path):
    target = tmp_path / "int8.onnx"
    cost = export_int8(trial / "checkpoint.safetensors", target)
    assert cost.floating > 0.8
    assert cost.mean_iou == pytest.approx(cost.floating, abs=0.03)
    assert cost.patches == 4
    model = open_model(target)
    assert model.card.classes == HEADER["classes"]
    assert model(drawn(50, 37, 3)[0]).shape == (3, 50, 37)


def test_it_is_calibrated_on_training_patches_alone(trial: Path):
    prepared, split = own_data(trial / "checkpoint.safetensors")
    patches = calibration_patches(prepared, split.train)
    assert len(patches) == len(split.train) == 20
    train = {prepared.images[i].tobytes() for i in split.train}
    assert all(np.ascontiguousarray(p[0].transpose(1, 2, 0)).tobytes() in train for p in patches)


def test_data_that_was_moved_or_is_not_known(trial: Path, tmp_path: Path):
    checkpoint = trial / "checkpoint.safetensors"
    (tmp_path / "town").rename(tmp_path / "elsewhere")
    prepared, _ = own_data(checkpoint, data_dir=str(tmp_path / "elsewhere"))
    assert len(prepared.patches) == 24
    alone = tmp_path / "alone.safetensors"
    shutil.copyfile(checkpoint, alone)
    with pytest.raises(DataUnknown, match="add: --options"):
        own_data(alone)
    again, _ = own_data(alone, options=trial / "options.json", data_dir=str(tmp_path / "elsewhere"))
    assert again.fingerprint == prepared.fingerprint
    assert not (trial / SPLIT).exists()
