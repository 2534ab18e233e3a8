"""What a run keeps, when it ends and what its rows say, with scores that are written beforehand."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.config.run_folder import CHECKPOINT
from aerial_nni.models import ModelSpec
from aerial_nni.training.callback import Callback
from aerial_nni.training.checkpoint import read_header
from aerial_nni.training.failures import NotFinite
from aerial_nni.training.loop import CHECK_EVERY, Outcome, Trainer, TrainingTask
from aerial_nni.training.seeds import derived_seed

SPEC = ModelSpec.of(model="unet", bands=1, classes=2, width=1, depth=1, norm="none", dropout=0.0,
                 upsampling="transposed", space_to_depth=1)  # fmt: skip


class Scored:
    """An evaluation with a given mean IoU and loss."""

    def __init__(self, iou: float, loss: float, pixels: int = 4) -> None:
        self.iou, self.loss = iou, loss
        self.confusion = torch.tensor([[pixels]])

    def scores(self) -> dict[str, float]:
        return {"loss": self.loss, "mean_iou": self.iou, "pixel_accuracy": 0.5}

    def per_class(self, classes: Sequence[str]) -> dict[str, dict[str, float]]:
        columns = {"iou": self.iou, "precision": 0.1, "recall": 0.2, "f1": 0.3, "pixels": 4.0}
        return {name: columns for name in classes}


class Watching(Callback):
    """Halts after some epochs; with `every`, each epoch is kept."""

    def __init__(self, *, halts: int = 99, every: bool = False) -> None:
        self.halts, self.every, self.epochs = halts, every, 0
        self.asked: list[tuple[float, float]] = []

    def delivered(self, model: nn.Module, spec: ModelSpec) -> tuple[nn.Module, ModelSpec]:
        self.epochs += 1
        return model, spec

    def keeps(self, score: float, best: float) -> bool:
        self.asked.append((score, best))
        return self.every or super().keeps(score, best)

    def columns(self) -> Mapping[str, float]:
        return {"seen": float(self.epochs)}

    def halted(self) -> str:
        return "enough" if self.epochs >= self.halts else ""


@dataclass
class Made:
    """A trainer in a folder and what it was told."""

    folder: Path
    scores: Sequence[float]
    options: dict = field(default_factory=dict)
    callback: Callback = field(default_factory=Callback)
    losses: Sequence[float] = (1.0, 3.0)
    val_loss: float = 0.5
    pixels: int = 4
    precision: str = "fp32"
    slope: float = 0.0
    scale: float = math.nan
    """Of the gradients in fp16, at the end."""
    drawn: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)

    def run(self, **more: int) -> Outcome:
        plain = {"epochs": len(self.scores), "schedule": "constant", "lr": 0.25, "seed": 3}
        options = changed(TrialOptions(), {**plain, **self.options})
        trainer = Trainer(
            nn.Conv2d(1, 1, 1), SPEC, options, device=torch.device("cpu"),
            precision=self.precision, folder=self.folder,
        )  # fmt: skip

        def evaluate(model: nn.Module) -> Scored:
            return Scored(self.scores[len(trainer.history)], self.val_loss, self.pixels)

        batch = torch.zeros(2, 1, 1, 1), torch.zeros(2, 1, 1, dtype=torch.uint8)
        todo = iter(())

        def objective(model: nn.Module, images: Tensor, masks: Tensor) -> Tensor:
            self.drawn.append(torch.rand(()).item())
            return self.slope * (model.weight - model.weight.detach()).sum() + next(todo)

        def training(epoch: int):
            nonlocal todo
            todo = iter(self.losses)
            return iter([batch] * len(self.losses))

        task = TrainingTask(
            training=training, steps=len(self.losses), objective=objective, evaluate=evaluate,
            classes=("low", "high"), header={"data": "made"}, columns=lambda: {"more": 7.0},
            callback=self.callback,
        )  # type: ignore  # fmt: skip
        outcome = trainer.run(task, lambda row, model: self.told.append(row["epoch"]), **more)
        self.scale = trainer.scaler.get_scale()
        return outcome


def test_a_row_says_what_an_epoch_came_to(tmp_path: Path):
    made = Made(tmp_path, [0.4], callback=Watching())
    (row,) = made.run().history
    assert row.pop("seconds") >= 0 and row.pop("patches_per_second") > 0
    assert row == {
        "epoch": 1, "train_loss": 2.0, "val_loss": 0.5, "more": 7.0, "seen": 1.0, "mean_iou": 0.4,
        "pixel_accuracy": 0.5, "lr": 0.25,
        "iou/low": 0.4, "precision/low": 0.1, "recall/low": 0.2,
        "iou/high": 0.4, "precision/high": 0.1, "recall/high": 0.2,
    }  # fmt: skip
    assert made.told == [1]


def test_the_best_epoch_is_kept_and_of_equals_the_first(tmp_path: Path):
    made = Made(tmp_path, [0.2, 0.4, 0.3, 0.4])
    outcome = made.run()
    assert (outcome.best_epoch, outcome.best_score) == (2, 0.4)
    header = read_header(tmp_path / CHECKPOINT)
    assert (header["epoch"], header["score"], header["data"]) == (2, 0.4, "made")
    assert outcome.stopped == "reached 4 epochs"
    assert outcome.seconds == sum(row["seconds"] for row in outcome.history)
    assert made.told == [1, 2, 3, 4]


def test_the_first_epoch_is_kept_whatever_its_score(tmp_path: Path):
    outcome = Made(tmp_path, [math.nan, math.nan]).run()
    assert outcome.best_epoch == 1 and (tmp_path / CHECKPOINT).is_file()


def test_a_callback_may_keep_another(tmp_path: Path):
    watching = Watching(every=True)
    outcome = Made(tmp_path, [0.4, 0.2, 0.3], callback=watching).run()
    assert (outcome.best_epoch, outcome.best_score) == (3, 0.3)
    assert watching.asked == [(0.2, 0.4), (0.3, 0.2)]


@pytest.mark.parametrize(
    ("patience", "epochs"), [(1, 3), (2, 4), (3, 7), (0, 8)], ids=lambda value: str(value)
)
def test_patience_counts_epochs_since_the_best(tmp_path: Path, patience: int, epochs: int):
    scores = [0.1, 0.3, 0.2, 0.3, 0.35, 0.2, 0.2, 0.2]
    if patience == 3:
        scores = [0.1, 0.3, 0.2, 0.31, 0.3, 0.3, 0.2, 0.5]
    outcome = Made(tmp_path, scores, options={"patience": patience}).run()
    assert len(outcome.history) == epochs
    wanted = f"no better score for {patience} epochs" if patience else "reached 8 epochs"
    assert outcome.stopped == wanted


@pytest.mark.parametrize("halts", [1, 2, 3])
def test_a_callback_ends_a_run_after_the_epoch(tmp_path: Path, halts: int):
    outcome = Made(tmp_path, [0.1, 0.2, 0.3], callback=Watching(halts=halts)).run()
    assert len(outcome.history) == halts
    assert outcome.stopped == "enough"  # also at the last of all epochs


def test_a_pause_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    scores = [0.1, 0.3, 0.2]
    whole = Made(tmp_path / "whole", scores)
    whole.run()
    first = Made(tmp_path / "parts", scores)
    outcome = first.run(until=2)
    assert (len(outcome.history), outcome.stopped) == (2, "reached 2 of 3 epochs")
    second = Made(tmp_path / "parts", scores)
    assert second.run(until=9).stopped == "reached 3 epochs"
    assert second.told == [3]
    assert first.drawn + second.drawn == whole.drawn
    assert caplog.messages == []  # nothing was damaged


def test_a_pause_does_not_forget_that_gradients_were_too_large_for_fp16(tmp_path: Path):
    def made(name: str) -> Made:
        return Made(tmp_path / name, [0.1, 0.3, 0.2], precision="fp16", slope=1e35)

    whole, first, second = made("whole"), made("parts"), made("parts")
    whole.run()
    first.run(until=2)
    second.run()
    assert first.scale > second.scale == whole.scale


def test_what_is_drawn_follows_from_seed_and_epoch(tmp_path: Path):
    made = Made(tmp_path, [0.1, 0.2])
    made.run()
    for epoch in range(2):
        draw = torch.Generator().manual_seed(derived_seed(3, "dropout", epoch))
        assert made.drawn[2 * epoch] == torch.rand((), generator=draw).item()


@pytest.mark.parametrize("step", [1, 3, CHECK_EVERY, CHECK_EVERY + 1, CHECK_EVERY + 7])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_named_by_its_step(tmp_path: Path, step: int, bad: float):
    losses = [1.0] * (CHECK_EVERY + 7)
    losses[step - 1] = bad
    with pytest.raises(NotFinite, match=f"at step {step} of epoch 1 "):
        Made(tmp_path, [0.1], losses=losses).run()


def test_the_loss_is_looked_at_every_few_steps(tmp_path: Path):
    made = Made(tmp_path, [0.1], losses=[math.nan] + [1.0] * 3 * CHECK_EVERY)
    with pytest.raises(NotFinite):
        made.run()
    assert len(made.drawn) == CHECK_EVERY


def test_a_validation_loss_that_is_no_number_ends_a_run_but_for_void_alone(tmp_path: Path):
    with pytest.raises(NotFinite, match="step 2 of epoch 1"):
        Made(tmp_path / "a", [0.1], val_loss=math.nan).run()
    outcome = Made(tmp_path / "b", [0.1], val_loss=math.nan, pixels=0).run()
    assert math.isnan(outcome.history[0]["val_loss"])
