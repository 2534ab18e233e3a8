"""The kinds of distillation: laws, gradients against hand-written ones, void, sums."""

import numpy as np
import pytest
import torch
from laws import CLASSES, LAWS, views
from scipy.special import softmax

from aerial_nni.config.options import BadOption
from aerial_nni.data.dataset import VOID
from aerial_nni.recipes.distill.losses import GRID, KINDS, ModelOutput, build_kind, pair, pooled
from aerial_nni.recipes.distill.options import KINDS as NAMES
from aerial_nni.recipes.distill.options import DistillOptions, parse_kind

CASES = [(name, law) for name, laws in LAWS.items() for law in laws]


@pytest.mark.parametrize(("name", "law"), CASES, ids=lambda part: getattr(part, "__name__", part))
def test_laws(name, law):
    law(KINDS[name])


def gradient(name: str, temperature: float) -> tuple[np.ndarray, ...]:
    """Gradient of the student's logits, logits of both in double precision, and valid pixels."""
    student, teacher, masks = views()
    ours, theirs = student.logits.double().requires_grad_(), teacher.logits.double()
    KINDS[name](ModelOutput(ours), ModelOutput(theirs), masks != VOID, temperature).backward()
    return ours.grad.numpy(), ours.detach().numpy(), theirs.numpy(), (masks != VOID).numpy()


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_gradient_of_soft_by_hand(temperature):
    found, ours, theirs, valid = gradient("soft", temperature)
    difference = softmax(ours / temperature, axis=1) - softmax(theirs / temperature, axis=1)
    expected = temperature * difference * valid[:, None] / valid.sum()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_gradient_of_logits_by_hand():
    found, ours, theirs, valid = gradient("logits", 1.0)
    expected = 2 * (ours - theirs) * valid[:, None] / (valid.sum() * CLASSES)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_gradient_of_channel_by_hand(temperature):
    found, ours, theirs, valid = gradient("channel", temperature)
    expected = np.zeros_like(found)
    for b in range(len(ours)):
        for c in range(CLASSES):
            p, q = (softmax(logits[b, c][valid[b]] / temperature) for logits in (ours, theirs))
            expected[b, c][valid[b]] = temperature * (p - q) / (len(ours) * CLASSES)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_value_and_gradient_of_pair_by_hand():
    draw = torch.Generator().manual_seed(1)
    ours, theirs = (torch.randn(1, k, GRID, GRID, generator=draw).double() for k in (3, 5))
    ours.requires_grad_()
    valid = torch.ones(1, GRID, GRID, dtype=torch.bool)
    none = torch.zeros(0)
    value = pair(ModelOutput(none, ours), ModelOutput(none, theirs), valid, 1.0)
    value.backward()

    features = ours.detach().numpy().reshape(3, -1)
    length = np.linalg.norm(features, axis=0)
    unit, other = features / length, theirs.numpy().reshape(5, -1)
    other = other / np.linalg.norm(other, axis=0)
    error = unit.T @ unit - other.T @ other
    assert value.item() == pytest.approx((error**2).mean())
    slope = 4 * unit @ error / error.size
    expected = (slope - unit * (unit * slope).sum(axis=0)) / length
    np.testing.assert_allclose(ours.grad.numpy().reshape(3, -1), expected, atol=1e-12)


def test_pair_counts_the_pairs_of_two_valid_nodes_alone():
    ours, theirs = torch.randn(2, 1, 2, GRID, GRID, generator=torch.Generator().manual_seed(3))
    valid = torch.zeros(1, GRID, GRID, dtype=torch.bool)
    for y, x, one, other in ((0, 5, (1.0, 0.0), (2.0, 0.0)), (9, 2, (0.0, 3.0), (1.0, 0.0))):
        valid[0, y, x] = True
        ours[0, :, y, x], theirs[0, :, y, x] = torch.tensor(one), torch.tensor(other)
    none = torch.zeros(0)
    value = pair(ModelOutput(none, ours), ModelOutput(none, theirs), valid, 1.0)
    # Each node with itself: no difference; the two ways of one with the other: cosine 0 and 1.
    assert value.item() == pytest.approx((0 + 0 + 1 + 1) / 4)


def test_pair_of_a_single_node_and_of_one_that_is_hardly_there():
    valid = torch.zeros(1, GRID, GRID, dtype=torch.bool)
    valid[0, 3, 4] = True
    none, nodes = torch.zeros(0), torch.zeros(1, 2, GRID, GRID)
    teacher = ModelOutput(none, nodes + 1)
    # Without a direction its cosine with itself is 0 where the teacher's is 1; 1e-6 is the scale.
    assert pair(ModelOutput(none, nodes), teacher, valid, 1.0).item() == pytest.approx(1)
    faint = ModelOutput(none, nodes + 1e-8)
    assert pair(faint, teacher, valid, 1.0).item() == pytest.approx((1 - 2e-4) ** 2, rel=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_void_adds_nothing_and_gets_no_gradient(name):
    student, teacher, masks = views()
    compare = build_kind(name, temperature=2.0)

    def loss(ours: torch.Tensor) -> torch.Tensor:
        both = [ModelOutput(x, pooled(x, masks != VOID)) for x in (ours, teacher.logits)]
        return compare(*both, masks)[name]

    void = (masks == VOID).unsqueeze(1)
    ours = student.logits.clone().requires_grad_()
    loss(ours).backward()
    assert not ours.grad[void.expand_as(ours)].any()
    assert ours.grad.any()
    other = torch.where(void, student.logits.flip(1) * 9, student.logits)
    assert loss(other).item() == pytest.approx(loss(ours).item(), rel=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_a_batch_of_void_alone_is_zero_without_nan(name):
    student, teacher, masks = views()
    ours = student.logits.clone().requires_grad_()
    void = torch.full_like(masks, VOID)
    both = [ModelOutput(x, pooled(x, void != VOID)) for x in (ours, teacher.logits)]
    value = build_kind(name, temperature=2.0)(*both, void)[name]
    value.backward()
    assert value.item() == 0
    assert not ours.grad.any()


def test_nodes_are_means_of_valid_pixels():
    features = torch.randn(1, 2, 2 * GRID, 2 * GRID)
    valid = torch.rand(1, 2 * GRID, 2 * GRID) < 0.7
    valid[0, :2, :2] = False
    nodes = pooled(features, valid)
    assert not nodes[0, :, 0, 0].any()
    part, kept = features[0, :, 6:8, 4:6], valid[0, 6:8, 4:6]
    assert kept.any()
    assert torch.allclose(nodes[0, :, 3, 2], part[:, kept].mean(dim=1), atol=1e-5)


def test_memory_of_pair_does_not_grow_with_the_picture():
    for size in (8, 48, 512):
        assert pooled(torch.ones(1, 2, size, size), torch.ones(1, 512, 512) > 0).shape == (
            (1, 2, GRID, GRID)
        )  # fmt: skip


def test_a_sum_is_the_sum_of_its_terms():
    student, teacher, masks = views()
    parts = build_kind("soft + 0.5*channel", temperature=3.0)(student, teacher, masks)
    alone = {n: build_kind(n, temperature=3.0)(student, teacher, masks)[n] for n in parts}
    assert torch.allclose(parts["soft"], alone["soft"])
    assert torch.allclose(parts["channel"], 0.5 * alone["channel"])


def test_a_name_may_stand_twice_in_a_sum():
    student, teacher, masks = views()
    (twice,) = build_kind("soft + 0.5*soft", temperature=3.0)(student, teacher, masks).values()
    (once,) = build_kind("soft", temperature=3.0)(student, teacher, masks).values()
    assert torch.allclose(twice, 1.5 * once)


def test_half_precision_is_compared_in_single():
    student, teacher, masks = views()
    half = [ModelOutput(v.logits.bfloat16(), v.nodes.bfloat16()) for v in (student, teacher)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        parts = build_kind("soft+pair", temperature=1.0)(*half, masks)
    single = [ModelOutput(v.logits.float(), v.nodes.float()) for v in half]
    for name, plain in build_kind("soft+pair", temperature=1.0)(*single, masks).items():
        assert parts[name].dtype == torch.float32 and parts[name].equal(plain)


def test_every_name_that_options_allow_is_a_kind():
    assert tuple(KINDS) == NAMES


@pytest.mark.parametrize("text", ["", "hint", "soft+", "0*soft", "soft*2"])
def test_a_kind_that_cannot_be_read_says_what_can(text):
    with pytest.raises(BadOption, match=r"soft\+0.5\*pair|above 0"):
        parse_kind(text)
    with pytest.raises(BadOption):
        DistillOptions.of(kind=text)
