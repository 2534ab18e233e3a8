"""8-bit integers, calibrated on a checkpoint's own training patches."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from made_scenes import HEADER, drawn

from aerial_nni.config.run_folder import SPLIT
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.inference import open_model, quantisation
from aerial_nni.inference.quantisation import calibration_patches, export_int8
from aerial_nni.inference.training_data import DataUnknown, own_data


@pytest.mark.long
def test_integers_answer_almost_as_before(trial: Path, tmp_path: Path):
    target = tmp_path / "int8.onnx"
    cost = export_int8(trial / "checkpoint.safetensors", target)
    assert cost.floating > 0.8
    assert cost.mean_iou == pytest.approx(cost.floating, abs=0.03)
    assert cost.patches == 4
    model = open_model(target)
    assert model.card.classes == HEADER["classes"]
    assert model(drawn(50, 37, 3)[0]).shape == (3, 50, 37)


@pytest.mark.long
def test_it_is_calibrated_on_training_patches_alone_and_scored_on_the_others(
    trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[np.ndarray] = []
    scored: list[tuple[str, tuple[int, ...]]] = []

    def noted(source: Path, target: Path, patches: list[np.ndarray]) -> None:
        seen.extend(patches)
        shutil.copyfile(source, target)

    def score(path: Path, prepared: Prepared, indices: tuple[int, ...]) -> float:
        scored.append((path.name, indices))
        return 0.5

    monkeypatch.setattr(quantisation, "quantise", noted)
    monkeypatch.setattr(quantisation, "mean_iou", score)
    cost = export_int8(trial / "checkpoint.safetensors", tmp_path / "int8.onnx")
    prepared, split = own_data(trial / "checkpoint.safetensors")
    assert len(seen) == len(split.train) == 20
    for patch, index in zip(seen, split.train, strict=True):
        np.testing.assert_array_equal(patch[0].transpose(1, 2, 0), prepared.images[index])
    assert [indices for _, indices in scored] == [split.val] * 2
    assert {name for name, _ in scored} >= {"floating.onnx"}
    assert cost.patches == len(split.val)


def test_of_many_patches_some_are_taken_evenly(trial: Path, monkeypatch: pytest.MonkeyPatch):
    prepared, split = own_data(trial / "checkpoint.safetensors")
    monkeypatch.setattr(quantisation, "PATCHES", 4)
    for patch, place in zip(
        calibration_patches(prepared, split.train), (0, 5, 10, 15), strict=True
    ):
        wanted = prepared.images[split.train[place]]
        np.testing.assert_array_equal(patch[0].transpose(1, 2, 0), wanted)


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
