import math
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from torch import nn

from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.config.run_folder import CHECKPOINT, HISTORY, LAST, SET_ASIDE, read_history
from aerial_nni.data.dataset import VOID
from aerial_nni.models import model_spec
from aerial_nni.training.callback import Callback
from aerial_nni.training.checkpoint import load_checkpoint
from aerial_nni.training.evaluation import evaluate
from aerial_nni.training.failures import BatchTooSmall, NotFinite, OutOfMemory
from aerial_nni.training.loop import OtherRun, Trainer, TrainingTask, _gpu
from aerial_nni.training.losses import build_loss
from aerial_nni.training.seeds import derived_seed, generator

CPU = torch.device("cpu")
CLASSES = ("left", "right")


def batches_of(count, *, size=16, batch=4, seed=0):
    """Noise brighter in one half: the mask says which half."""
    draw = generator(seed, "pictures")
    batches = []
    for _ in range(count):
        images = torch.randn(batch, 3, size, size, generator=draw)
        masks = torch.zeros(batch, size, size, dtype=torch.uint8)
        masks[:, :, size // 2 :] = 1
        images[:, :, :, size // 2 :] += 1.0
        batches.append((images.to(memory_format=torch.channels_last), masks))
    return batches


def options(**values):
    small = {"width": 4, "depth": 2, "epochs": 4, "precision": "fp32", "batch": 4, "loss": "ce"}
    return changed(TrialOptions(), {**small, **values})


def trainer_and_task(folder, chosen, *, training=None, objective=None):
    spec = model_spec(chosen, bands=3, classes=2)
    with torch.random.fork_rng():
        torch.manual_seed(derived_seed(chosen.seed, "weights"))
        model = spec.build()
    trainer = Trainer(model, spec, chosen, device=CPU, precision=chosen.precision, folder=folder)
    loss = build_loss(chosen.loss)
    training = training or batches_of(6)
    validation = batches_of(2, seed=1)
    task = TrainingTask(
        training=lambda epoch: iter(training),
        steps=len(training),
        objective=objective or (lambda model, images, masks: loss(model(images), masks)),
        evaluate=lambda model: evaluate(
            model, validation, classes=2, device=CPU, precision=chosen.precision, loss=loss
        ),
        classes=CLASSES,
        header={"classes": CLASSES},
    )
    return trainer, task


def curve(history):
    timings = ("seconds", "patches_per_second")
    return [{k: v for k, v in row.items() if k not in timings} for row in history]


@pytest.mark.parametrize("extra", [{}, {"ema": 0.9, "dropout": 0.3}, {"optimizer": "sgd"}])
def test_a_killed_run_resumes_to_the_same_curve(tmp_path, extra):
    chosen = options(**extra)
    trainer, task = trainer_and_task(tmp_path / "whole", chosen)
    whole = trainer.run(task, lambda row, model: None)

    class Killed(BaseException):
        pass

    def kill(row, model):
        if row["epoch"] == 2:
            raise Killed

    trainer, task = trainer_and_task(tmp_path / "killed", chosen)
    with pytest.raises(Killed):
        trainer.run(task, kill)
    trainer, task = trainer_and_task(tmp_path / "killed", chosen)
    resumed = trainer.run(task, lambda row, model: None)
    assert curve(resumed.history) == curve(whole.history)
    assert resumed.best_epoch == whole.best_epoch
    for name in (CHECKPOINT, LAST, HISTORY):
        assert (tmp_path / "killed" / name).is_file()
    first, second = (load_checkpoint(tmp_path / run / CHECKPOINT)[0] for run in ("whole", "killed"))
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_it_learns_and_the_history_file_says_so(tmp_path):
    trainer, task = trainer_and_task(tmp_path, options(epochs=6, lr=1e-2))
    outcome = trainer.run(task, lambda row, model: None)
    assert outcome.history[-1]["mean_iou"] > 0.9 > outcome.history[0]["mean_iou"]
    rows = read_history(tmp_path / HISTORY)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1]["iou/left"] == pytest.approx(outcome.history[-1]["iou/left"])
    assert outcome.best_score == max(row["mean_iou"] for row in rows)


def test_the_checkpoint_is_the_best_epoch_and_says_what_it_is(tmp_path):
    trainer, task = trainer_and_task(tmp_path, options(epochs=5, lr=1e-2))
    outcome = trainer.run(task, lambda row, model: None)
    model, header = load_checkpoint(tmp_path / CHECKPOINT)
    assert header["epoch"] == outcome.best_epoch
    assert header["score"] == outcome.best_score
    assert header["classes"] == list(CLASSES)
    scores = task.evaluate(model).scores()
    assert scores["mean_iou"] == pytest.approx(outcome.best_score, abs=1e-6)


@pytest.mark.parametrize("void", [0, 14, 16], ids=["no void", "mostly void", "void alone"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_accumulated_steps_learn_as_one_large_batch(tmp_path, void, precision):
    images, masks = batches_of(1, batch=8)[0]
    masks[2:, :void] = VOID  # patches 0 and 1 are whole
    parts = [(images[i : i + 2], masks[i : i + 2]) for i in range(0, 8, 2)]
    results = []
    for training, accumulate in (([(images, masks)], 1), (parts, 4)):
        chosen = options(
            epochs=3, accumulate=accumulate, norm="none", optimizer="sgd", schedule="constant",
            lr=0.1, clip=0.0, precision=precision,
        )  # fmt: skip
        trainer, task = trainer_and_task(tmp_path / str(accumulate), chosen, training=training)
        before = torch.cat([p.detach().flatten() for p in trainer.model.parameters()])
        outcome = trainer.run(task, lambda row, model: None)
        after = torch.cat([p.detach().flatten() for p in trainer.model.parameters()])
        results.append((after - before, [row["train_loss"] for row in outcome.history]))
    (one, one_loss), (four, four_loss) = results
    close = {"fp32": 1e-3, "bf16": 0.03}[precision]
    assert one.norm() > 1e-3
    assert (one - four).norm() < close * one.norm()
    assert four_loss == pytest.approx(one_loss, rel=close)


def test_batches_of_void_alone_change_nothing_that_is_learnt(tmp_path):
    training = batches_of(3)
    images, masks = training[1]
    training[1] = images, torch.full_like(masks, VOID)
    chosen = options(epochs=1, accumulate=3, norm="none", optimizer="sgd", weight_decay=0.0)
    learnt = []
    for name, batches in (("with", training), ("without", [training[0], training[2]])):
        changed_options = replace(chosen, accumulate=len(batches), schedule="constant", lr=0.1)
        trainer, task = trainer_and_task(tmp_path / name, changed_options, training=batches)
        outcome = trainer.run(task, lambda row, model: None)
        learnt.append(torch.cat([p.detach().flatten() for p in trainer.model.parameters()]))
        learnt.append(torch.tensor(outcome.history[0]["train_loss"]))
    torch.testing.assert_close(learnt[0], learnt[2])
    torch.testing.assert_close(learnt[1], learnt[3])


def test_an_epoch_of_void_alone_is_finite(tmp_path):
    training = [(images, torch.full_like(masks, VOID)) for images, masks in batches_of(2)]
    trainer, task = trainer_and_task(tmp_path, options(epochs=1, accumulate=2), training=training)
    outcome = trainer.run(task, lambda row, model: None)
    assert outcome.history[0]["train_loss"] == 0
    assert all(torch.isfinite(p).all() for p in trainer.model.parameters())


def test_a_batch_of_one_too_small_for_batch_norm_is_refused_with_what_to_change(tmp_path):
    training = batches_of(1, batch=1, size=4)
    trainer, task = trainer_and_task(tmp_path, options(batch=1), training=training)
    with pytest.raises(BatchTooSmall, match=r"1 patch of 4x4 pixels.*--batch 2.*--norm group"):
        trainer.run(task, lambda row, model: None)


def test_patience_ends_a_run_that_no_longer_improves(tmp_path):
    trainer, task = trainer_and_task(tmp_path, options(epochs=50, patience=2, lr=0.0))
    outcome = trainer.run(task, lambda row, model: None)
    assert len(outcome.history) <= 10
    assert "2 epochs" in outcome.stopped


def test_nan_is_caught_with_its_step_and_what_to_try(tmp_path):
    training = batches_of(4)
    training[2][0][:] = math.nan
    trainer, task = trainer_and_task(tmp_path, options(clip=0.0), training=training)
    with pytest.raises(NotFinite, match=r"step 3 of epoch 1.*--lr 0.001, or --clip 1"):
        trainer.run(task, lambda row, model: None)


def test_out_of_memory_names_the_batch_that_fits(tmp_path):
    loss = build_loss("ce")

    def hungry(model, images, masks):
        if len(images) > 2:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes")
        return loss(model(images), masks)

    chosen = options(batch=8)
    training = batches_of(1, batch=8)
    trainer, task = trainer_and_task(tmp_path, chosen, training=training, objective=hungry)
    with pytest.raises(OutOfMemory, match="--batch 2 --accumulate 4"):
        trainer.run(task, lambda row, model: None)


def test_out_of_memory_in_the_step_of_a_callback_is_explained_too(tmp_path):
    class Hungry(Callback):
        def before_update(self, epoch, batch, rate, optimizer):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes")

    trainer, task = trainer_and_task(tmp_path, options())
    with pytest.raises(OutOfMemory, match="--batch 2 --accumulate 2"):
        trainer.run(replace(task, callback=Hungry()), lambda row, model: None)


def test_other_errors_are_not_called_out_of_memory(tmp_path):
    def broken(model, images, masks):
        raise RuntimeError("shapes differ")

    trainer, task = trainer_and_task(tmp_path, options(), objective=broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        trainer.run(task, lambda row, model: None)


def test_a_folder_of_another_run_is_refused_with_what_differs(tmp_path):
    trainer, task = trainer_and_task(tmp_path, options(epochs=1))
    trainer.run(task, lambda row, model: None)
    trainer, task = trainer_and_task(tmp_path, options(epochs=1, lr=0.5))
    with pytest.raises(OtherRun, match=r"other options \(lr\)"):
        trainer.run(task, lambda row, model: None)


def test_the_averaged_weights_are_the_ones_that_are_scored(tmp_path):
    trainer, task = trainer_and_task(tmp_path, options(ema=0.99, epochs=1))
    trainer.run(task, lambda row, model: None)
    kept, _ = load_checkpoint(tmp_path / CHECKPOINT)
    raw = dict(trainer.model.named_parameters())
    averaged = dict(trainer.scored.named_parameters())
    for name, value in kept.named_parameters():
        assert torch.equal(value, averaged[name])
    assert any(not torch.equal(value, raw[name]) for name, value in averaged.items())


def test_training_leaves_the_global_random_state_alone(tmp_path):
    before = torch.get_rng_state()
    trainer, task = trainer_and_task(tmp_path, options(epochs=1, dropout=0.5))
    trainer.run(task, lambda row, model: None)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_model_in_training_mode_is_given_back_so():
    model = nn.Conv2d(3, 2, 1).train()
    evaluate(model, batches_of(1), classes=2, device=CPU, precision="fp32")
    assert model.training


def test_a_run_whose_last_epoch_is_lost_goes_on_at_the_checkpoint(tmp_path):
    trainer, task = trainer_and_task(tmp_path, options())
    before = trainer.run(task, lambda row, model: None, until=3)
    (tmp_path / LAST).rename(tmp_path / (LAST + SET_ASIDE))
    trainer, task = trainer_and_task(tmp_path, options())
    after = trainer.run(task, lambda row, model: None)
    kept = before.best_epoch
    assert curve(after.history)[:kept] == curve(before.history)[:kept] and len(after.history) == 4
    assert f"a new optimiser after epoch {kept}" in after.stopped


@pytest.mark.parametrize("rows", [0, 1])
def test_without_the_rows_up_to_the_checkpoint_it_starts_at_the_first_epoch(tmp_path, rows):
    trainer, task = trainer_and_task(tmp_path, options(lr=1e-2))
    assert trainer.run(task, lambda row, model: None, until=3).best_epoch > 1
    (tmp_path / LAST).rename(tmp_path / (LAST + SET_ASIDE))
    lines = (tmp_path / HISTORY).read_text().splitlines(keepends=True)
    (tmp_path / HISTORY).write_text("".join(lines[: 1 + rows]))
    trainer, task = trainer_and_task(tmp_path, options(lr=1e-2))
    seen: list[int] = []
    outcome = trainer.run(task, lambda row, model: seen.append(row["epoch"]))
    assert seen == [1, 2, 3, 4] and "optimiser" not in outcome.stopped


def test_the_gpu_whose_random_state_is_kept():
    found = [_gpu(torch.device(name)) for name in ("cpu", "cuda", "cuda:1")]
    assert found == [[], [0], [1]]


def test_tensors_of_the_last_epoch_are_named_by_their_owners(tmp_path):
    trainer, task = trainer_and_task(tmp_path, options(epochs=1, ema=0.9))
    trainer.run(task, lambda row, model: None)
    with safe_open(tmp_path / LAST, framework="pt") as file:
        owners = {name.split("/")[0] for name in file.keys()}
    assert owners == {"model", "averaged", "optimizer"}  # as files of older versions have them
