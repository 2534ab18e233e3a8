"""A teacher must fit its student's data, and must not know what validates it."""

from pathlib import Path

import pytest
import torch
from made import prepared_of, split_of, write_teacher

from aerial_nni.config.run_folder import SPLIT
from aerial_nni.data.pipeline.batches import measure_normalisation
from aerial_nni.data.pipeline.split_files import save_split
from aerial_nni.recipes.distill.teacher import (
    TeacherMissing,
    TeacherUnfit,
    check_teacher,
    open_teacher,
)
from aerial_nni.training.checkpoint import BadCheckpoint

PREPARED = prepared_of()
OURS = split_of(PREPARED)
OTHER = next(s for s in (split_of(PREPARED, seed=n) for n in range(1, 9)) if s.val != OURS.val)
NORMAL = measure_normalisation(PREPARED, OURS.train)


def unfit(path: Path) -> str:
    """Why the teacher does not fit; empty where it does."""
    try:
        check_teacher(open_teacher(path), PREPARED, OURS, NORMAL)
    except TeacherUnfit as error:
        return str(error)
    return ""


def test_a_teacher_is_frozen_in_evaluation_mode_and_known_by_its_hash(tmp_path: Path):
    path = write_teacher(tmp_path / "t.safetensors", PREPARED, OURS)
    teacher = open_teacher(path)
    assert not any(module.training for module in teacher.model.modules())
    assert not any(parameter.requires_grad for parameter in teacher.model.parameters())
    kernel = next(p for p in teacher.model.parameters() if p.ndim == 4 and p.shape[1] > 1)
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    facts = teacher.facts
    assert (facts["score"], facts["epoch"], facts["data"]) == (0.5, 3, "made")
    assert (facts["file"], facts["spec"]) == (str(path), teacher.header["model"])
    assert len(facts["sha256"]) == 64
    assert facts["parameters"] == sum(weight.numel() for weight in teacher.model.parameters())
    assert {*facts} == {"file", "sha256", "spec", "parameters", "score", "epoch", "data"}


def test_a_teacher_of_the_same_data_and_split_fits(tmp_path: Path):
    assert unfit(write_teacher(tmp_path / "t.safetensors", PREPARED, OURS)) == ""


def test_other_classes_and_bands_are_named(tmp_path: Path):
    path = write_teacher(tmp_path / "t.safetensors", PREPARED, OURS, classes=("low", "high"),
                         bands=("red", "green", "nir"))  # fmt: skip
    said = unfit(path)
    assert "its classes are low, high, those of made are low, high, wet" in said
    assert "its bands are red, green, nir, those of made are red, green, blue" in said
    assert "it was trained on made: give the same --data" in said


@pytest.mark.parametrize("lacks", ["mean", "std"])
def test_a_teacher_that_does_not_say_what_it_expects_is_refused(tmp_path: Path, lacks: str):
    said = unfit(write_teacher(tmp_path / "t.safetensors", PREPARED, OURS, **{lacks: None}))
    assert f"it expects pictures with the {lacks} nan, nan, nan, these have" in said


def test_another_normalisation_is_shown(tmp_path: Path):
    mean = (NORMAL.mean[0] + 0.1 * NORMAL.std[0], *NORMAL.mean[1:])
    said = unfit(write_teacher(tmp_path / "t.safetensors", PREPARED, OURS, mean=mean))
    assert f"with the mean {mean[0]:.4g}" in said
    assert "train a teacher on this data" in said


@pytest.mark.parametrize("what", ["mean", "std"])
def test_a_normalisation_may_differ_by_a_thousandth_of_the_deviation(tmp_path: Path, what: str):
    for part in range(3):
        for sign in (1, -1):
            for share, fits in ((0.9e-3, True), (1.1e-3, False)):
                numbers = list(getattr(NORMAL, what))
                numbers[part] += sign * share * NORMAL.std[part]
                path = tmp_path / "t.safetensors"
                said = unfit(write_teacher(path, PREPARED, OURS, **{what: numbers}))
                assert (said == "") == fits and (fits or f"with the {what}" in said)


def test_a_teacher_of_another_split_would_know_the_answers(tmp_path: Path):
    said = unfit(write_teacher(tmp_path / "t.safetensors", PREPARED, OTHER))
    assert "another split (rule image)" in said
    assert "--split-seed" in said


@pytest.mark.parametrize("place", ["run/trial", "run"])
def test_the_split_file_beside_an_older_checkpoint_is_compared(tmp_path: Path, place: str):
    path = write_teacher(tmp_path / "run/trial/c.safetensors", PREPARED, OTHER, digest=False)
    assert "does not say which patches" in unfit(path)
    file = tmp_path / place / SPLIT
    save_split(file, PREPARED, OTHER)
    shared = len(set(OTHER.train) & set(OURS.val))
    assert f"with {shared} of the {len(OURS.val)} patches" in unfit(path)
    assert f"--split {file}" in unfit(path)
    path = write_teacher(path, PREPARED, OURS, digest=False)
    save_split(file, PREPARED, OURS)
    assert unfit(path) == ""


def test_a_teacher_of_other_pictures_knows_no_answer(tmp_path: Path):
    other = prepared_of(seed=3)
    path = write_teacher(tmp_path / "t.safetensors", other, split_of(other), mean=NORMAL.mean,
                         std=NORMAL.std)  # fmt: skip
    assert "other patches or another split" in unfit(path)
    save_split(tmp_path / SPLIT, other, split_of(other))
    assert unfit(path) == ""


def test_no_teacher_says_how_to_make_one(tmp_path: Path):
    with pytest.raises(TeacherMissing, match=r"run baseline.*--teacher CHECKPOINT"):
        open_teacher(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no")
    with pytest.raises(BadCheckpoint):
        open_teacher(tmp_path / "text.safetensors")
