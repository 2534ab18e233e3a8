"""One pass over validation patches, by hand."""

import math

import pytest
import torch
from torch import Tensor, nn

from aerial_nni.data.dataset import VOID
from aerial_nni.training.evaluation import Evaluation, evaluate
from aerial_nni.training.metrics import PrecisionRecall

CPU = torch.device("cpu")


class Said(nn.Module):
    """Gives the logarithms of what the pictures say: probabilities of two classes."""

    def forward(self, images: Tensor) -> Tensor:
        assert not self.training and not torch.is_grad_enabled()
        return images.log()


def batch(*pixels: tuple[float, int]) -> tuple[Tensor, Tensor]:
    """A picture of one row: for each pixel the probability of class 0, and its true class."""
    p = torch.tensor([first for first, _ in pixels])
    masks = torch.tensor([label for _, label in pixels], dtype=torch.uint8)
    return torch.stack([p, 1 - p]).view(1, 2, 1, -1), masks.view(1, 1, -1)


BATCHES = [batch((0.9, 0), (0.2, 1), (0.6, 1), (0.5, VOID)), batch((0.3, 0))]


def test_every_score_is_over_all_valid_pixels():
    losses = iter((torch.tensor(1.0), torch.tensor(5.0)))
    found = evaluate(
        Said(), BATCHES, classes=2, device=CPU, precision="fp32", loss=lambda *_: next(losses)
    )
    assert found.confusion.tolist() == [[1, 1], [1, 1]]
    scores = found.scores()
    assert scores["loss"] == pytest.approx((3 * 1 + 1 * 5) / 4)
    assert scores["mean_iou"] == pytest.approx(1 / 3)
    right = 0.9 + 0.8 + 0.4 + 0.3  # probabilities of the true classes
    assert scores["soft_jaccard"] == pytest.approx((right + 1) / (8 - right + 1))
    assert [scores[name] for name in ("precision", "recall", "f1", "pixel_accuracy")] == [0.5] * 4


def test_each_score_has_its_own_place():
    found = Evaluation(torch.tensor([[3, 1, 0], [2, 4, 0], [0, 0, 0]]), loss=0.25)
    scores = found.scores()
    assert scores["mean_iou"] == pytest.approx((3 / 6 + 4 / 7) / 2)
    assert scores["precision"] == pytest.approx((3 / 5 + 4 / 5) / 2)
    assert scores["recall"] == pytest.approx((3 / 4 + 4 / 6) / 2)
    assert scores["f1"] == pytest.approx((6 / 9 + 8 / 11) / 2)
    assert scores["pixel_accuracy"] == pytest.approx(7 / 10)
    assert scores["loss"] == 0.25
    classes = found.per_class(["a", "b", "c"])
    wanted = {"iou": 4 / 7, "precision": 4 / 5, "recall": 4 / 6, "f1": 8 / 11, "pixels": 6}
    assert classes["b"] == pytest.approx(wanted)
    assert math.isnan(classes["c"]["iou"]) and classes["c"]["pixels"] == 0
    assert list(classes) == ["a", "b", "c"]


def test_whoever_asks_sees_every_batch_and_its_probabilities():
    seen: list[tuple[list[int], list[int]]] = []
    curves = PrecisionRecall(2, bins=10)
    evaluate(
        Said(), BATCHES, classes=2, device=CPU, precision="fp32", curves=curves,
        each=lambda predicted, target: seen.append(
            (predicted.flatten().tolist(), target.flatten().tolist())
        ),
    )  # fmt: skip
    assert seen == [([0, 1, 0, 0], [0, 1, 1, VOID]), ([1], [0])]
    assert curves.everything[0].sum() == 4
    assert curves.positives.sum(1).tolist() == [2, 2]


def test_without_a_loss_or_a_pixel_there_is_no_loss():
    plain = evaluate(Said(), BATCHES, classes=2, device=CPU, precision="fp32")
    assert math.isnan(plain.loss)
    void = [batch((0.5, VOID))]
    found = evaluate(
        Said(), void, classes=2, device=CPU, precision="fp32", loss=lambda *_: torch.tensor(2.0)
    )
    assert math.isnan(found.loss) and found.confusion.sum() == 0


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_given_back(training: bool):
    model = Said().train(training)
    evaluate(model, BATCHES, classes=2, device=CPU, precision="fp32")
    assert model.training == training
