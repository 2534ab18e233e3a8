"""Mistakes that are easily made in distillation: each breaks a law that the true kind keeps."""

from collections.abc import Callable

import pytest
import torch
from laws import CHANNEL, SOFT
from torch import Tensor
from torch.nn import functional

from aerial_nni.recipes.distill.losses import ModelOutput, channel, soft

Laws = tuple[Callable, ...]


def soft_over(axis: int) -> Callable:
    """Softmax over rows (2) or columns (3) of (b, c, h, w): one is what an NHWC layout confuses,
    the other what NNI's own distiller does."""

    def wrong(
        student: ModelOutput, teacher: ModelOutput, valid: Tensor, temperature: float
    ) -> Tensor:
        ours = (student.logits / temperature).log_softmax(dim=axis)
        theirs = (teacher.logits / temperature).log_softmax(dim=axis)
        divergence = (theirs.exp() * (theirs - ours)).sum(dim=axis, keepdim=True)
        return temperature**2 * divergence.mean()

    return wrong


def of_probabilities(kind: Callable) -> Callable:
    """Gives a kind what a softmax has made of the logits."""

    def wrong(
        student: ModelOutput, teacher: ModelOutput, valid: Tensor, temperature: float
    ) -> Tensor:
        both = [ModelOutput(view.logits.softmax(dim=1)) for view in (student, teacher)]
        return kind(*both, valid, temperature)

    return wrong


def reduced(reduction: str) -> Callable:
    """Torch's KL with its own reduction over the valid pixels of (b, c, h, w)."""

    def wrong(
        student: ModelOutput, teacher: ModelOutput, valid: Tensor, temperature: float
    ) -> Tensor:
        logs = [(v.logits / temperature).log_softmax(dim=1) for v in (student, teacher)]
        ours, theirs = (torch.where(valid.unsqueeze(1), log, 0.0) for log in logs)
        values = functional.kl_div(ours, theirs, reduction="none", log_target=True)
        divisors = {"sum": 1, "batchmean": len(values), "mean": values.numel()}
        return temperature**2 * values.sum() / divisors[reduction]

    return wrong


def cold(kind: Callable) -> Callable:
    """Without T**2."""

    def wrong(
        student: ModelOutput, teacher: ModelOutput, valid: Tensor, temperature: float
    ) -> Tensor:
        return kind(student, teacher, valid, temperature) / temperature**2

    return wrong


WRONG: dict[str, tuple[Callable, Laws]] = {
    "soft: softmax over rows": (soft_over(2), SOFT),
    "soft: softmax over columns": (soft_over(3), SOFT),
    "soft: probabilities for logits": (of_probabilities(soft), SOFT),
    "soft: batchmean": (reduced("batchmean"), SOFT),
    "soft: mean over classes too": (reduced("mean"), SOFT),
    "soft: sum": (reduced("sum"), SOFT),
    "soft: without T squared": (cold(soft), SOFT),
    "soft: as channel": (channel, SOFT),
    "channel: as soft": (soft, CHANNEL),
    "channel: probabilities for logits": (of_probabilities(channel), CHANNEL),
    "channel: without T squared": (cold(channel), CHANNEL),
}


def broken(kind: Callable, laws: Laws) -> list[str]:
    """Names of the laws that a kind breaks."""
    names = []
    for law in laws:
        try:
            law(kind)
        except AssertionError:
            names.append(law.__name__)
    return names


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_breaks_a_law(name):
    kind, laws = WRONG[name]
    assert broken(kind, laws)


def test_the_wrong_axis_is_caught_for_what_it_is():
    for axis in (2, 3):
        assert "only_differences_between_classes_matter" in broken(soft_over(axis), SOFT)


def test_probabilities_are_caught_for_what_they_are():
    for kind, laws in ((soft, SOFT), (channel, CHANNEL)):
        caught = broken(of_probabilities(kind), laws)
        assert "a_sure_student_that_is_wrong_loses_much" in caught


def test_batchmean_is_caught_for_what_it_is():
    assert "the_number_of_pixels_does_not_matter" in broken(reduced("batchmean"), SOFT)
    assert "a_class_that_neither_sees_does_not_matter" in broken(reduced("mean"), SOFT)
