"""What holds for kinds of distillation: each law raises AssertionError where it does not hold."""

import pytest
import torch
from torch import Tensor

from aerial_nni.data.dataset import VOID
from aerial_nni.recipes.distill.losses import GRID, Kind, ModelOutput, pooled

CLASSES = 4


def views(
    *, seed: int = 0, batch: int = 2, size: int = GRID
) -> tuple[ModelOutput, ModelOutput, Tensor]:
    """A student's and a teacher's view of the same noise, and masks with some void."""
    draw = torch.Generator().manual_seed(seed)
    shape = (batch, CLASSES, size, size)
    masks = torch.randint(CLASSES, (batch, size, size), generator=draw).to(torch.uint8)
    masks[:, : size // 4, ::2] = VOID
    pair = [torch.randn(shape, generator=draw) * 2 for _ in range(2)]
    return *(ModelOutput(logits, pooled(logits, masks != VOID)) for logits in pair), masks


def value(
    kind: Kind, student: ModelOutput, teacher: ModelOutput, masks: Tensor, *, t: float = 2.0
) -> float:
    return float(kind(student, teacher, masks != VOID, t))


def a_student_equal_to_its_teacher_loses_nothing(kind: Kind) -> None:
    student, _, masks = views()
    assert value(kind, student, student, masks) == pytest.approx(0, abs=1e-6)


def any_other_student_loses(kind: Kind) -> None:
    assert value(kind, *views()) > 1e-4


def the_size_of_the_batch_does_not_matter(kind: Kind) -> None:
    student, teacher, masks = views()
    twice = [
        ModelOutput(torch.cat([v.logits] * 2), torch.cat([v.nodes] * 2)) for v in (student, teacher)
    ]
    both = value(kind, *twice, torch.cat([masks] * 2))
    assert both == pytest.approx(value(kind, student, teacher, masks), rel=1e-4)


def the_number_of_pixels_does_not_matter(kind: Kind) -> None:
    def finer(part: Tensor) -> Tensor:
        return part.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)

    student, teacher, masks = views()
    fine = [ModelOutput(finer(v.logits), v.nodes) for v in (student, teacher)]
    assert value(kind, *fine, finer(masks)) == pytest.approx(
        value(kind, student, teacher, masks), rel=1e-4
    )


def a_picture_of_void_alone_does_not_matter(kind: Kind) -> None:
    student, teacher, masks = views()
    more = torch.cat([masks, torch.full_like(masks[:1], VOID)])
    wider = [
        ModelOutput(logits := torch.cat([v.logits, v.logits[:1]]), pooled(logits, more != VOID))
        for v in (student, teacher)
    ]
    assert value(kind, *wider, more) == pytest.approx(
        value(kind, student, teacher, masks), rel=1e-4
    )


def a_class_that_neither_sees_does_not_matter(kind: Kind) -> None:
    """Fails for means that divide by the classes too."""
    student, teacher, masks = views()
    never = torch.full((2, 1, GRID, GRID), -1e4)
    more = [ModelOutput(torch.cat([v.logits, never], dim=1), v.nodes) for v in (student, teacher)]
    assert value(kind, *more, masks) == pytest.approx(
        value(kind, student, teacher, masks), rel=1e-4
    )


def only_differences_between_classes_matter(kind: Kind) -> None:
    """Fails for a softmax over rows, columns or all pixels, and for probabilities as logits."""
    student, teacher, masks = views()
    lift = torch.randn(2, 1, GRID, GRID, generator=torch.Generator().manual_seed(5)) * 3
    lifted = ModelOutput(student.logits + lift, student.nodes)
    assert value(kind, lifted, teacher, masks) == pytest.approx(
        value(kind, student, teacher, masks), rel=1e-4
    )


def only_differences_within_a_map_matter(kind: Kind) -> None:
    student, teacher, masks = views()
    lift = torch.tensor([3.0, -2.0, 0.0, 7.0]).view(1, CLASSES, 1, 1)
    lifted = ModelOutput(student.logits + lift, student.nodes)
    assert value(kind, lifted, teacher, masks) == pytest.approx(
        value(kind, student, teacher, masks), rel=1e-4
    )


def a_sure_student_that_is_wrong_loses_much(kind: Kind) -> None:
    """Fails for probabilities in place of logits: their softmax is never sure."""
    sure = torch.zeros(1, 2, GRID, GRID)
    sure[:, 0, : GRID // 2], sure[:, 1, GRID // 2 :] = 40.0, 40.0
    masks = torch.zeros(1, GRID, GRID, dtype=torch.uint8)
    student, teacher = ModelOutput(sure), ModelOutput(sure.flip(1))
    assert value(kind, student, teacher, masks, t=1.0) > 20


def the_gradient_keeps_its_size_at_any_temperature(kind: Kind) -> None:
    """Fails without T**2."""
    student, teacher, masks = views()
    warm, hot = (value(kind, student, teacher, masks, t=t) for t in (50.0, 100.0))
    assert hot == pytest.approx(warm, rel=0.1)


EVERY = (
    a_student_equal_to_its_teacher_loses_nothing,
    any_other_student_loses,
    the_size_of_the_batch_does_not_matter,
    the_number_of_pixels_does_not_matter,
    a_picture_of_void_alone_does_not_matter,
)
"""Laws of every kind."""

SOFT = (
    *EVERY,
    a_class_that_neither_sees_does_not_matter,
    only_differences_between_classes_matter,
    a_sure_student_that_is_wrong_loses_much,
    the_gradient_keeps_its_size_at_any_temperature,
)
CHANNEL = (
    *EVERY,
    only_differences_within_a_map_matter,
    a_sure_student_that_is_wrong_loses_much,
    the_gradient_keeps_its_size_at_any_temperature,
)
LAWS = {
    "soft": SOFT,
    "logits": (*EVERY, a_sure_student_that_is_wrong_loses_much),
    "channel": CHANNEL,
    "pair": EVERY,
}
