"""What the teacher says, kept on the disk: equal to what it says now, made once, made again."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from made import batches_of, prepared_of, split_of, write_teacher

from aerial_nni.config.options import BadOption, changed
from aerial_nni.data.pipeline.cache import cache_dir
from aerial_nni.recipes.distill.features import look
from aerial_nni.recipes.distill.losses import ModelOutput
from aerial_nni.recipes.distill.objective import DistillationLoss
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.distill.teacher import Teacher, open_teacher
from aerial_nni.recipes.distill.teacher_cache import keep_views
from aerial_nni.training.losses import build_loss
from aerial_nni.training.seeds import generator

PREPARED = prepared_of()
SPLIT = split_of(PREPARED)
BATCHES = batches_of(PREPARED, SPLIT)


@pytest.fixture
def teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Teacher:
    monkeypatch.setenv("AERIAL_CACHE", str(tmp_path / "cache"))
    return open_teacher(write_teacher(tmp_path / "t.safetensors", PREPARED, SPLIT))


class Asked:
    """A teacher that counts the pictures it is asked about."""

    def __init__(self, teacher: Teacher, layer: str) -> None:
        self.model, self.layer, self.count = teacher.model, layer, 0

    def __call__(self, images: torch.Tensor, masks: torch.Tensor) -> ModelOutput:
        self.count += len(images)
        with torch.no_grad():
            return look(self.model, images, masks, layer=self.layer)


def kept(asked: Asked, teacher: Teacher):
    return keep_views(asked, BATCHES, teacher=teacher.sha256, layer=asked.layer, precision="fp32")


@pytest.mark.parametrize("layer", ["", "decoder", "encoder", "logits"])
def test_what_is_kept_is_what_the_teacher_says(teacher: Teacher, layer: str):
    asked = Asked(teacher, layer)
    answers = kept(asked, teacher)
    assert asked.count == len(SPLIT.train)
    images, masks = next(BATCHES.in_order())
    view = asked(images, masks)
    found = answers(np.array(SPLIT.train[:2]))
    assert len(found) == (2 if layer else 1)
    for part, wanted in zip(found, (view.logits, view.nodes), strict=False):
        np.testing.assert_allclose(part, wanted.numpy(), rtol=1e-3, atol=1e-3)


def test_it_is_made_once_by_trials_that_start_together(teacher: Teacher):
    asked = Asked(teacher, "")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: kept(asked, teacher), range(3)))
    assert asked.count == len(SPLIT.train)


def test_another_teacher_or_layer_is_kept_apart_and_damage_is_mended(teacher: Teacher):
    asked = Asked(teacher, "")
    kept(asked, teacher)
    kept(Asked(teacher, "decoder"), teacher)
    folders = sorted(path for path in (cache_dir() / "teachers").iterdir() if path.is_dir())
    assert len(folders) == 2
    for folder in folders:
        file = folder / "logits.npy"
        file.write_bytes(file.read_bytes()[:-100])
    kept(asked, teacher)
    assert asked.count == 2 * len(SPLIT.train)


def test_a_batch_comes_with_the_answers_to_its_own_pictures(teacher: Teacher):
    asked = Asked(teacher, "decoder")
    batches = dataclasses.replace(BATCHES, attached=kept(asked, teacher))
    for images, masks, *rest in batches.shuffled(generator(1, "order"), generator(1, "none")):
        view = asked(images, masks)
        for part, wanted in zip(rest, (view.logits, view.nodes), strict=True):
            np.testing.assert_allclose(part, wanted.numpy(), rtol=1e-3, atol=1e-3)


def test_the_objective_takes_what_is_kept_in_place_of_the_teacher(teacher: Teacher):
    options = changed(DistillOptions(), {"kind": "soft+pair", "layers": "encoder"})
    objective = DistillationLoss(build_loss("ce"), teacher.model, options)
    images, masks = next(BATCHES.in_order())
    view = objective.ask(images, masks)
    assert not view.logits.requires_grad and not torch.is_inference(view.logits)
    student = objective(teacher.model, images, masks)
    again = objective(teacher.model, images, masks, view.logits.half(), view.nodes.half())
    assert student.item() == pytest.approx(again.item(), abs=1e-5)
    columns = objective.columns()
    assert set(columns) == {"train_loss/labels", "train_loss/soft", "train_loss/pair"}
    assert columns["train_loss/soft"] == pytest.approx(0, abs=1e-5)
    assert objective.columns() == {}


def test_a_model_without_the_layer_says_what_to_give(teacher: Teacher):
    images, masks = next(BATCHES.in_order())
    with pytest.raises(BadOption, match="--layers logits"):
        look(torch.nn.Conv2d(3, 3, 1), images, masks, layer="decoder")
