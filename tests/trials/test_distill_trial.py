"""The distillation trial, by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from aerial_nni.config.run_folder import (
    CHECKPOINT,
    HISTORY,
    LAST,
    METRICS,
    read_history,
    read_json,
    sha256,
)
from aerial_nni.recipes.baseline import training_setup as baseline
from aerial_nni.recipes.distill import training_setup as distill
from aerial_nni.training.checkpoint import read_header

SMALL = ["--width", "2", "--depth", "1", "--epochs", "2", "--batch", "2", "--patch", "16",
         "--precision", "fp32", "--data", "folder"]  # fmt: skip
PLAIN = ["--no-flip", "--no-turn", "--scale", "0", "--colour", "0"]


@pytest.fixture(scope="module")
def teacher(imagery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teacher")
    flags = [*SMALL, "--data-dir", str(imagery), "--width", "4", "--lr", "0.02"]
    assert baseline.main([*flags, "--out", str(folder)]) == 0
    return folder / CHECKPOINT


def run(folder: Path, imagery: Path, teacher: Path, *extra: str) -> int:
    flags = [*SMALL, "--data-dir", str(imagery), "--teacher", str(teacher), *extra]
    return distill.main([*flags, "--out", str(folder)])


def losses(folder: Path) -> list[list[float]]:
    names = ("train_loss", "val_loss", "mean_iou")
    return [[row[name] for name in names] for row in read_history(folder / HISTORY)]


def test_weight_0_is_plain_training_to_the_last_bit(imagery: Path, teacher: Path, tmp_path: Path):
    more = ["--dropout", "0.2", "--ema", "0.5", "--loss", "ce+dice"]
    where = [*SMALL, "--data-dir", str(imagery), *more]
    assert baseline.main([*where, "--out", str(tmp_path / "plain")]) == 0
    weightless = ["--teacher-weight", "0", "--kind", "soft+channel+pair"]
    assert run(tmp_path / "student", imagery, teacher, *more, *weightless) == 0
    plain, student = tmp_path / "plain", tmp_path / "student"
    assert sha256(plain / CHECKPOINT) == sha256(student / CHECKPOINT)
    assert losses(plain) == losses(student)
    ours, theirs = load_file(plain / LAST), load_file(student / LAST)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_teacher_changes_what_is_learnt_and_is_on_record(
    imagery: Path, teacher: Path, tmp_path: Path
):
    flags = ["--kind", "soft+0.5*pair", "--temperature", "3", "--layers", "encoder"]
    assert run(tmp_path / "student", imagery, teacher, *flags) == 0
    assert run(tmp_path / "control", imagery, teacher, *flags, "--teacher-weight", "0") == 0
    assert losses(tmp_path / "student") != losses(tmp_path / "control")
    said = read_json(tmp_path / "student" / METRICS)["distillation"]
    assert said == read_header(tmp_path / "student" / CHECKPOINT)["distillation"]
    assert (said["kind"], said["temperature"], said["layers"]) == ("soft+0.5*pair", 3.0, "encoder")
    assert said["teacher_weight"] == 1.0
    assert said["teacher"]["sha256"] == sha256(teacher)
    assert said["teacher"]["score"] == read_header(teacher)["score"]
    assert said["teacher"]["parameters"] > 0
    rows = read_history(tmp_path / "student" / HISTORY)
    for row in rows:
        parts = [row[f"train_loss/{name}"] for name in ("labels", "soft", "pair")]
        assert row["train_loss"] == pytest.approx(sum(parts), rel=1e-5)
    assert "distillation" not in read_json(tmp_path / "control" / METRICS)


@pytest.mark.parametrize("kind", ["soft", "channel+pair"])
def test_kept_answers_teach_as_the_teacher_itself(
    imagery: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    monkeypatch.setenv("AERIAL_CACHE", str(tmp_path / "cache"))
    flags = [*PLAIN, "--kind", kind]
    assert run(tmp_path / "asked", imagery, teacher, *flags, "--no-teacher-cache") == 0
    assert not (tmp_path / "cache" / "teachers").exists()
    assert run(tmp_path / "kept", imagery, teacher, *flags) == 0
    assert (tmp_path / "cache" / "teachers").is_dir()
    np.testing.assert_allclose(losses(tmp_path / "kept"), losses(tmp_path / "asked"), rtol=1e-3)


def test_it_goes_on_where_it_stopped_with_bf16_and_augmentation(
    imagery: Path, teacher: Path, tmp_path: Path
):
    flags = ["--precision", "bf16", "--kind", "soft+pair"]
    assert run(tmp_path / "student", imagery, teacher, *flags) == 0
    before = (tmp_path / "student" / HISTORY).read_bytes()
    assert run(tmp_path / "student", imagery, teacher, *flags) == 0
    assert (tmp_path / "student" / HISTORY).read_bytes() == before
    assert np.isfinite(losses(tmp_path / "student")).all()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--teacher", ""], "run baseline"),
        (["--teacher", "nowhere"], "there is no checkpoint nowhere"),
        (["--split-seed", "1"], "patches that validate here"),
        (["--void-classes", "low"], "void_classes"),
        (["--kind", "hint"], "soft+0.5*pair"),
    ],
)
def test_what_cannot_be_used_is_an_error_with_what_to_do(
    imagery: Path, teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture, extra, said
):
    assert run(tmp_path / "student", imagery, teacher, *extra) == 1
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told
