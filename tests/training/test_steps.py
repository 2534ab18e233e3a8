"""Every update of the loop by hand: one weight, whose gradient is the mean of a batch."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.data.dataset import VOID
from aerial_nni.data.pipeline.batches import Batch
from aerial_nni.training.evaluation import Evaluation
from aerial_nni.training.loop import Trainer, TrainingTask
from aerial_nni.training.optim import learning_rate

PLAIN = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "clip": 0.0, "lr": 1.0,
         "schedule": "constant", "epochs": 1}  # fmt: skip
PATCHES = 3


class Weight(nn.Module):
    """One number that is trained, and a norm that follows the batches."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.norm = nn.BatchNorm2d(1, affine=False)

    def forward(self, images: Tensor) -> Tensor:
        self.norm(images)
        return self.weight * images.mean()


class Run:
    """Trains on batches of one value each, and notes the weight before every batch.

    Args:
        values: of the pictures, a batch each; the gradient.
        valid: pixels of 6 that are not void.
        options: on top of `PLAIN`.
    """

    def __init__(self, values: Sequence[float], *, valid: Sequence[int] = (), **options: object):
        self.options = changed(TrialOptions(), {**PLAIN, **options})
        self.batches = list(zip(values, valid or [6] * len(values), strict=True))
        self.seen: list[float] = []
        self.model = Weight()
        self.trainer = Trainer(
            self.model, None, self.options, device=torch.device("cpu"), precision="fp32",
            folder=Path(),
        )  # type: ignore  # fmt: skip
        task = TrainingTask(
            training=self._training,
            steps=len(values),
            objective=self._loss,
            evaluate=lambda model: Evaluation(torch.zeros(1, 1)),
            classes=("one",),
            header={},
        )
        self.passed = [self.trainer.train(epoch, task) for epoch in range(self.options.epochs)]

    def _training(self, epoch: int) -> Iterator[Batch]:
        for value, valid in self.batches:
            masks = torch.full((PATCHES * 2,), VOID)
            masks[:valid] = 0
            yield torch.full((PATCHES, 1, 1, 2), value), masks.view(PATCHES, 1, 2)

    def _loss(self, model: Weight, images: Tensor, masks: Tensor) -> Tensor:
        self.seen.append(model.weight.item())
        return model(images)

    @property
    def weight(self) -> float:
        return self.model.weight.item()


def test_an_update_is_by_the_mean_gradient_of_its_group():
    run = Run([1.0, 2.0, 6.0], accumulate=2)
    assert run.seen == [0.0, 0.0, -1.5]
    assert run.weight == -7.5  # the last group is of one batch
    assert run.passed == [(pytest.approx((0 + 0 - 9) / 3), 1.0, 9)]


def test_batches_of_a_group_weigh_by_their_valid_pixels_and_so_does_the_loss():
    run = Run([1.0, 2.0, 6.0], valid=[6, 2, 3], accumulate=2)
    assert run.seen == pytest.approx([0.0, 0.0, -(6 * 1 + 2 * 2) / 8])
    assert run.weight == pytest.approx(-1.25 - 6)
    assert run.passed[0][0] == pytest.approx(3 * -1.25 * 6 / (6 + 2 + 3))


def test_without_accumulation_every_batch_updates():
    run = Run([1.0, 2.0, 6.0], epochs=2)
    assert run.seen == [0.0, -1.0, -3.0, -9.0, -10.0, -12.0]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_rates_of_all_epochs_are_one_schedule(accumulate: int):
    run = Run([1.0, 1.0, 1.0], accumulate=accumulate, epochs=2, schedule="poly")
    updates = 6 if accumulate == 1 else 4
    rates = [learning_rate(run.options, update, updates) for update in range(updates)]
    assert [rate for _, rate, _ in run.passed] == [rates[updates // 2 - 1], rates[-1]]
    assert run.weight == pytest.approx(-sum(rates))


@pytest.mark.parametrize(("clip", "steps"), [(0.0, [4.0, 0.5]), (1.0, [1.0, 0.5])])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_long_gradients_are_cut_and_short_ones_are_not(
    clip: float, steps: list[float], accumulate: int
):
    values = [value for value in (4.0, 0.5) for _ in range(accumulate)]
    run = Run([*values, 0.0], clip=clip, accumulate=accumulate)
    assert run.seen[::accumulate] == pytest.approx([0.0, -steps[0], -sum(steps)], rel=1e-5)


def test_gradients_are_scaled_in_fp16_alone():
    assert Run([1e34, 0.0]).weight == pytest.approx(-1e34)  # times 2**16 it would be infinite


def test_weights_and_statistics_of_norms_are_averaged_with_the_decay():
    run = Run([4.0, 8.0, 0.0], ema=0.75)
    # weights after each update: -4, -12, -12; means of the norm: 0.4, 1.16, 1.044
    averaged = run.trainer.scored
    assert isinstance(averaged, Weight)
    assert averaged.weight.item() == pytest.approx(0.75 * (0.75 * -4 + 0.25 * -12) + 0.25 * -12)
    mean = 0.75 * (0.75 * 0.4 + 0.25 * 1.16) + 0.25 * 1.044
    assert averaged.norm.running_mean.item() == pytest.approx(mean)


def test_without_a_decay_the_weights_themselves_are_scored():
    run = Run([1.0])
    assert run.trainer.scored is run.model
