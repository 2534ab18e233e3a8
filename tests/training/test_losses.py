import math

import pytest
import torch
from torch.nn import functional

from aerial_nni.config.options import LOSS_TERMS, parse_loss
from aerial_nni.data.dataset import VOID
from aerial_nni.training.losses import LOSSES, build_loss, class_weights


def sample(classes=4, void=True):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, classes, 9, 7, generator=generator)
    target = torch.randint(classes, (2, 9, 7), generator=generator).to(torch.uint8)
    if void:
        target[0, :4] = VOID
    return logits, target


def confident(target, classes, *, right):
    index = torch.where(target == VOID, 0, target).long()
    if not right:
        index = (index + 1) % classes
    return functional.one_hot(index, classes).permute(0, 3, 1, 2).float() * 12


@pytest.mark.parametrize("name", LOSSES)
def test_good_is_below_middling_is_below_bad(name):
    _, target = sample()
    loss = build_loss(name)
    good = loss(confident(target, 4, right=True), target)
    middling = loss(torch.zeros(2, 4, 9, 7), target)
    bad = loss(confident(target, 4, right=False), target)
    assert good < middling < bad


@pytest.mark.parametrize("name", LOSSES)
def test_void_pixels_get_no_gradient_and_change_nothing(name):
    logits, target = sample()
    logits.requires_grad_()
    value = build_loss(name)(logits, target)
    value.backward()
    void = (target == VOID).unsqueeze(1).expand_as(logits)
    assert logits.grad[void].abs().max() == 0
    assert logits.grad[~void].abs().max() > 0
    other = torch.where(void, torch.full_like(logits, 5.0), logits.detach())
    assert torch.allclose(build_loss(name)(other, target), value.detach(), atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_of_void_alone_is_zero_with_a_zero_gradient(name):
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    value = build_loss(name)(logits, torch.full((1, 4, 4), VOID, dtype=torch.uint8))
    value.backward()
    assert value == 0
    assert logits.grad.abs().max() == 0


@pytest.mark.parametrize("name", LOSSES)
def test_autocast_changes_no_loss(name):
    logits, target = sample()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = build_loss(name)(logits, target)
    assert torch.equal(inside, build_loss(name)(logits, target))


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 2.0, 1.0, 0.0])])
def test_cross_entropy_is_torchs(weights):
    logits, target = sample()
    expected = functional.cross_entropy(logits, target.long(), weight=weights, ignore_index=VOID)
    assert torch.allclose(build_loss("ce", weights=weights)(logits, target), expected)


def test_focal_with_gamma_zero_is_cross_entropy():
    logits, target = sample()
    log_probs = logits.log_softmax(1)
    assert torch.allclose(
        LOSSES["focal"](log_probs, target, None, gamma=0.0), LOSSES["ce"](log_probs, target, None)
    )


def test_dice_by_hand():
    # One class right with probability p everywhere: I = 4p, P = 4p, T = 4 for class 0.
    p = 0.75
    log_probs = torch.tensor([p, 1 - p]).log().view(1, 2, 1, 1).expand(1, 2, 2, 2)
    target = torch.zeros(1, 2, 2, dtype=torch.uint8)
    expected = 1 - (4 * p + 1) / (4 * p + 0.5 * (4 - 4 * p) + 1)
    assert math.isclose(float(LOSSES["dice"](log_probs, target, None)), expected, rel_tol=1e-6)


def test_dice_weighs_both_errors_one_half():
    target = torch.tensor([[[0, 0, 0, 1]]])
    probs = torch.tensor([[[[0.9, 0.8, 0.6, 0.3]], [[0.1, 0.2, 0.4, 0.7]]]])
    overlaps = (2.3 + 1) / ((2.6 + 3) / 2 + 1), (0.7 + 1) / ((1.4 + 1) / 2 + 1)
    value = LOSSES["dice"](probs.log(), target, None).item()
    assert value == pytest.approx(1 - sum(overlaps) / 2, abs=1e-6)


def test_log_dice_by_hand():
    target = torch.tensor([[[0, 0, 0, 1]]])
    probs = torch.tensor([[[[0.9, 0.8, 0.6, 0.3]], [[0.1, 0.2, 0.4, 0.7]]]])
    overlaps = 2 * 2.3 / (2.6 + 3), 2 * 0.7 / (1.4 + 1)
    expected = -sum(math.log(overlap) for overlap in overlaps) / 2
    assert LOSSES["log-dice"](probs.log(), target, None).item() == pytest.approx(expected, abs=1e-4)


def test_tversky_by_hand():
    # Class 0 has 0.3 false positives and 0.7 false negatives, class 1 the other way round.
    target = torch.tensor([[[0, 0, 0, 1, 1, 1]]])
    probs = torch.tensor([0.9, 0.8, 0.6, 0.1, 0.1, 0.1])
    indices = 3.3 / (2.3 + 0.3 * 0.3 + 0.7 * 0.7 + 1), 3.7 / (2.7 + 0.3 * 0.7 + 0.7 * 0.3 + 1)
    log_probs = torch.stack([probs, 1 - probs]).log().view(1, 2, 1, 6)
    value = LOSSES["tversky"](log_probs, target, None)
    assert value.item() == pytest.approx(1 - sum(indices) / 2, abs=1e-6)


def test_focal_by_hand():
    target = torch.tensor([[[0, 1]]])
    log_probs = torch.tensor([[[[0.5, 0.2]], [[0.5, 0.8]]]]).log()
    expected = (0.5**2 * math.log(1 / 0.5) + 0.2**2 * math.log(1 / 0.8)) / 2
    assert LOSSES["focal"](log_probs, target, None).item() == pytest.approx(expected, abs=1e-6)


def test_lovasz_of_a_hard_prediction_is_one_minus_iou():
    # The Lovász extension equals the Jaccard loss at the corners (Berman et al. 2018, sec. 2.2).
    target = torch.tensor([[[0, 0, 1, 1]]], dtype=torch.uint8)
    predicted = torch.tensor([[[0, 1, 1, 1]]])
    logits = functional.one_hot(predicted, 2).permute(0, 3, 1, 2).float() * 60
    value = build_loss("lovasz")(logits, target)
    assert float(value) == pytest.approx(1 - (1 / 2 + 2 / 3) / 2, abs=1e-4)


def test_lovasz_is_the_mean_jaccard_loss_over_all_thresholds():
    # The Lovász extension of a set function f at e is the integral of f({i: e_i > t}) over t.
    logits, target = sample(classes=3)
    valid = target != VOID
    probs = logits.softmax(1).permute(0, 2, 3, 1)[valid].double()
    wanted = []
    for label in range(3):
        member = target[valid] == label
        errors = (member.double() - probs[:, label]).abs()
        edges = torch.cat([torch.zeros(1, dtype=errors.dtype), errors.sort().values])
        total = 0.0
        for low, high in zip(edges[:-1], edges[1:], strict=True):
            wrong = errors > low
            missed, extra = (wrong & member).sum(), (wrong & ~member).sum()
            total += float((high - low) * (missed + extra) / (member.sum() + extra))
        wanted.append(total)
    assert build_loss("lovasz")(logits, target).item() == pytest.approx(sum(wanted) / 3, rel=1e-5)


def test_reference_loss_has_the_floor_of_its_definition():
    target = torch.arange(6, dtype=torch.uint8).repeat(6).view(1, 6, 6)
    value = build_loss("reference")(confident(target, 6, right=True) * 5, target)
    assert float(value) == pytest.approx(1 - 1 / 6, abs=1e-3)


def test_reference_loss_by_hand():
    # Uniform over 2 classes, 4 pixels of class 0: F1 = (2*2)/(2+4) and (0)/(2+0), w = 1/2 each.
    target = torch.zeros(1, 2, 2, dtype=torch.uint8)
    dice = 1 - (0.5 * (4 / 6) + 0.5 * 0) / 2
    focal = 0.25 * 0.25 * math.log(2) / 2  # mean over 4 pixels times 2 classes
    value = build_loss("reference")(torch.zeros(1, 2, 2, 2), target)
    assert float(value) == pytest.approx(dice + focal, abs=1e-4)


def test_a_sum_is_the_sum_of_its_terms():
    logits, target = sample()
    ce, dice = (build_loss(name)(logits, target) for name in ("ce", "dice"))
    assert torch.allclose(build_loss("ce + 0.5*dice")(logits, target), ce + 0.5 * dice)


@pytest.mark.parametrize("text", ["", "ce+", "huber", "0*ce", "ce*2", "ce+-1*dice"])
def test_a_loss_that_cannot_be_read_says_what_can(text):
    with pytest.raises(ValueError, match=r"ce\+0.5\*dice|above 0"):
        parse_loss(text)


def test_every_name_that_options_allow_is_a_loss():
    assert tuple(LOSSES) == LOSS_TERMS


def test_class_weights():
    assert class_weights("none", [1, 2]) is None
    inverse = class_weights("inverse", [10, 30, 0])
    assert inverse.tolist() == pytest.approx([1.5, 0.5, 0.0])
    assert class_weights("inverse", [1, 3, 0]).equal(inverse)  # a single pixel is one too
    assert class_weights("median-frequency", [10, 20, 40]).tolist() == pytest.approx([2, 1, 0.5])
    root = class_weights("root-frequency", [10, 40, 160, 0])
    assert root is not None and root.tolist() == pytest.approx([2, 1, 0.5, 0])


def test_reference_loss_of_a_single_pixel():
    # As above, but all other pixels are void: F1 = (2*0.5)/(0.5+1).
    target = torch.full((1, 2, 2), VOID, dtype=torch.uint8)
    target[0, 0, 0] = 0
    value = build_loss("reference")(torch.zeros(1, 2, 2, 2), target)
    wanted = 1 - (1 / 1.5) / 2 / 2 + 0.25 * 0.25 * math.log(2) / 2
    assert value.item() == pytest.approx(wanted, abs=1e-4)
