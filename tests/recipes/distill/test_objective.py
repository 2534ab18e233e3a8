"""What a student minimises, by hand: each part by its weight and at its temperature."""

import math

import pytest
import torch
from torch import nn

from aerial_nni.config.options import BadOption
from aerial_nni.recipes.distill.objective import DistillationLoss
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.training.losses import build_loss

LABELS = math.log(2)
"""Cross-entropy of a student that holds two classes for equal."""
SOFT = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
"""What that student loses to a teacher that says 3 to 1."""


def objective(**options: object) -> DistillationLoss:
    return DistillationLoss(build_loss("ce"), nn.Identity(), DistillOptions.of(**options))  # type: ignore


def value(one: DistillationLoss, temperature: float) -> float:
    """For a pixel of the first class; the teacher says 3 to 1 at `temperature`."""
    student = torch.zeros(1, 2, 1, 1)
    teacher = temperature * torch.tensor([3.0, 1.0]).log().view(1, 2, 1, 1)
    return one(nn.Identity(), student, torch.zeros(1, 1, 1), teacher).item()


@pytest.mark.parametrize("weight", [0.0, 0.25, 4.0])
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_the_teacher_counts_by_its_weight_beside_the_labels(weight: float, temperature: float):
    one = objective(teacher_weight=weight, temperature=temperature)
    wanted = LABELS + weight * temperature**2 * SOFT
    assert value(one, temperature) == pytest.approx(wanted, rel=1e-5)
    columns = one.columns()  # each part as it is, before the weight
    assert columns["train_loss/labels"] == pytest.approx(LABELS, rel=1e-5)
    assert columns["train_loss/soft"] == pytest.approx(temperature**2 * SOFT, rel=1e-5)


def test_every_kind_of_a_sum_counts_by_its_factor_and_the_weight():
    one = objective(kind="soft+0.5*logits", teacher_weight=0.1, temperature=1.0)
    squares = (math.log(3) ** 2 + 0) / 2  # mean over the classes
    wanted = LABELS + 0.1 * (SOFT + 0.5 * squares)
    assert value(one, 1.0) == pytest.approx(wanted, rel=1e-5)


def test_the_defaults_and_their_limits():
    plain = DistillOptions()
    assert (plain.teacher, plain.kind, plain.layers) == ("", "soft", "decoder")
    assert (plain.teacher_weight, plain.temperature, plain.teacher_cache) == (1.0, 2.0, True)
    for inside in ({"teacher_weight": 0.0}, {"temperature": 0.1}, {"temperature": 100.0}):
        DistillOptions.of(**inside)
    for name, values in (
        ("teacher_weight", (-0.01,)), ("temperature", (0.09, 100.1)), ("layers", ("middle",)),
        ("kind", ("hard", "0*soft")),
    ):  # fmt: skip
        for value in values:
            with pytest.raises(BadOption, match=name):
                DistillOptions.of(**{name: value})
