import math

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn_metrics

from aerial_nni.data.dataset import VOID
from aerial_nni.training.metrics import (
    PrecisionRecall,
    SoftJaccard,
    confusion_matrix,
    f1_per_class,
    frequency_weighted_iou,
    image_dice,
    iou_per_class,
    mean_over_classes,
    pixel_accuracy,
    precision_per_class,
    recall_per_class,
)


@pytest.fixture
def labels():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, 4000)
    guess = np.where(rng.random(4000) < 0.6, truth, rng.integers(0, 5, 4000))
    return truth, guess


def test_every_score_is_scikit_learns(labels):
    truth, guess = labels
    confusion = confusion_matrix(torch.from_numpy(truth), torch.from_numpy(guess), 5)
    assert np.array_equal(confusion, sklearn_metrics.confusion_matrix(truth, guess))
    for ours, theirs in [
        (iou_per_class, sklearn_metrics.jaccard_score),
        (precision_per_class, sklearn_metrics.precision_score),
        (recall_per_class, sklearn_metrics.recall_score),
        (f1_per_class, sklearn_metrics.f1_score),
    ]:
        assert ours(confusion).tolist() == pytest.approx(theirs(truth, guess, average=None))
    assert pixel_accuracy(confusion) == pytest.approx(np.mean(truth == guess))


def test_an_absent_class_has_no_score_and_is_left_out_of_the_mean():
    confusion = torch.tensor([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    iou = iou_per_class(confusion)
    assert iou[:2].tolist() == pytest.approx([3 / 4, 4 / 5])
    assert iou[2].isnan()
    assert mean_over_classes(iou) == pytest.approx((3 / 4 + 4 / 5) / 2)


def test_a_class_that_is_only_claimed_or_only_missed_scores_zero():
    confusion = torch.tensor([[3, 1], [0, 0]])  # class 1 is claimed once and never true
    for score in (iou_per_class, precision_per_class, recall_per_class, f1_per_class):
        assert score(confusion)[1] == 0


def test_void_never_enters():
    truth = torch.tensor([0, 1, VOID, VOID], dtype=torch.uint8)
    guess = torch.tensor([0, 0, 1, 0])
    assert confusion_matrix(truth, guess, 2).sum() == 2


def test_batch_order_leaves_the_matrix_alone(labels):
    truth, guess = map(torch.from_numpy, labels)
    order = torch.randperm(len(truth), generator=torch.Generator().manual_seed(1))
    parts = zip(truth[order].split(333), guess[order].split(333), strict=True)
    total = sum(confusion_matrix(t, g, 5) for t, g in parts)
    assert torch.equal(total, confusion_matrix(truth, guess, 5))


def test_soft_jaccard_is_the_references_formula():
    probs = torch.softmax(torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)), 1)
    target = torch.randint(3, (2, 4, 4), generator=torch.Generator().manual_seed(1))
    one_hot = torch.nn.functional.one_hot(target, 3).permute(0, 3, 1, 2)
    intersection = (probs * one_hot).sum()
    expected = (intersection + 1) / (one_hot.sum() + probs.sum() - intersection + 1)
    soft = SoftJaccard()
    for i in range(2):
        soft.add(probs[i].gather(0, target[i : i + 1]).flatten())
    assert soft.value() == pytest.approx(float(expected), rel=1e-5)


def test_average_precision_is_scikit_learns_up_to_the_bins():
    rng = np.random.default_rng(0)
    truth = rng.random(5000) < 0.3
    score = np.clip(0.35 * truth + rng.random(5000) * 0.65, 0, 1)
    curves = PrecisionRecall(2, bins=2000)
    probs = torch.from_numpy(np.stack([1 - score, score])).float().reshape(1, 2, 50, 100)
    curves.add(probs, torch.from_numpy(truth.astype(np.uint8)).reshape(1, 50, 100))
    expected = sklearn_metrics.average_precision_score(truth, score)
    assert curves.average_precision()[1].item() == pytest.approx(expected, abs=2e-3)


def test_curves_leave_void_out_and_absent_classes_have_no_area():
    curves = PrecisionRecall(3, bins=10)
    probs = torch.tensor([0.7, 0.2, 0.1]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    curves.add(probs, torch.tensor([[[0, 1], [VOID, VOID]]], dtype=torch.uint8))
    assert curves.everything.sum(1).tolist() == [2, 2, 2]
    assert math.isnan(curves.average_precision()[2])
    thresholds, precision, recall = curves.curves()
    assert precision[0, thresholds <= 0.7].tolist() == pytest.approx([0.5] * 8)
    assert recall[0, 0] == 1


def test_dice_by_image_counts_absent_classes_as_one():
    truth = torch.tensor([[0, 0, 1, 1], [2, 2, 2, 2]])
    guess = torch.tensor([[0, 0, 0, 1], [2, 2, 2, 2]])
    confusions = torch.stack([confusion_matrix(t, p, 4) for t, p in zip(truth, guess, strict=True)])
    first = (0.8 + 2 / 3 + 1 + 1) / 4  # two classes that are there, two that are nowhere
    assert image_dice(confusions) == pytest.approx((first + 1) / 2)
    whole = mean_over_classes(f1_per_class(confusions.sum(0)))
    assert image_dice(confusions) > whole


def test_classes_weigh_by_their_share_of_the_truth():
    confusion = torch.tensor([[6, 2, 0], [1, 1, 0], [0, 0, 0]])
    wanted = (8 * 6 / 9 + 2 * 1 / 4) / 10
    assert frequency_weighted_iou(confusion) == pytest.approx(wanted)
    assert math.isnan(frequency_weighted_iou(torch.zeros(2, 2, dtype=torch.int64)))


def test_accuracy_and_means_without_a_pixel_are_not_numbers():
    nothing = torch.zeros(2, 2, dtype=torch.int64)
    assert math.isnan(pixel_accuracy(nothing))
    assert math.isnan(mean_over_classes(iou_per_class(nothing)))


def test_counts_stay_exact_beyond_what_single_precision_holds():
    curves = PrecisionRecall(1, bins=2)
    curves.everything[:], curves.positives[:] = 2**24, 2**24
    curves.add(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, dtype=torch.uint8))
    assert curves.everything.tolist() == curves.positives.tolist() == [[2**24, 2**24 + 1]]
    thresholds, *scores = curves.curves()
    assert {one.dtype for one in (thresholds, *scores)} == {torch.float64}


def test_curves_by_hand():
    curves = PrecisionRecall(2, bins=4)
    probs = torch.tensor([0.1, 0.3, 0.6, 1.0])  # of class 1: bins 0, 1, 2 and, at the top, 3
    curves.add(torch.stack([1 - probs, probs]).view(1, 2, 2, 2),
               torch.tensor([[[0, 1], [0, 1]]], dtype=torch.uint8))  # fmt: skip
    thresholds, precision, recall = curves.curves()
    assert thresholds.tolist() == [0, 0.25, 0.5, 0.75]
    assert precision[1].tolist() == pytest.approx([2 / 4, 2 / 3, 1 / 2, 1])
    assert recall[1].tolist() == [1, 1, 0.5, 0.5]
    # Recall is gained at the thresholds 0.25 and 0.75.
    assert curves.average_precision()[1].item() == pytest.approx(0.5 * 2 / 3 + 0.5 * 1)


def test_soft_jaccard_adds_up_and_begins_at_one():
    soft = SoftJaccard()
    assert soft.value() == 1
    soft.add(torch.tensor([0.25, 0.5]))
    soft.add(torch.tensor([1.0]))
    assert soft.value() == pytest.approx((1.75 + 1) / (6 - 1.75 + 1))
