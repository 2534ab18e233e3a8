"""Training objective of a student: the supervised loss plus the teacher's."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from aerial_nni.recipes.distill.features import layer_of, look
from aerial_nni.recipes.distill.losses import ModelOutput, build_kind
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.training.loss_meter import LABELS, PartMeans

Loss = Callable[[Tensor, Tensor], Tensor]
"""(logits, masks) -> scalar."""


class DistillationLoss:
    """`loss + teacher_weight * kind`, and the mean of each part since it was last asked for.

    Called with what was kept of the teacher for these pictures, it does not run the teacher.
    """

    def __init__(self, loss: Loss, teacher: nn.Module, options: DistillOptions) -> None:
        self.loss, self.teacher, self.layer = loss, teacher, layer_of(options)
        self.weight = options.teacher_weight
        self.compare = build_kind(options.kind, temperature=options.temperature)
        self.parts = PartMeans()

    def __call__(self, model: nn.Module, images: Tensor, masks: Tensor, *kept: Tensor) -> Tensor:
        """The scalar that is minimised."""
        student = look(model, images, masks, layer=self.layer)
        teacher = ModelOutput(*kept) if kept else self.ask(images, masks)
        labels = self.loss(student.logits, masks)
        values = self.compare(student, teacher, masks)
        self.parts.note({LABELS: labels, **values}, masks)
        return labels + self.weight * torch.stack(list(values.values())).sum()

    def ask(self, images: Tensor, masks: Tensor) -> ModelOutput:
        """What the teacher says of these very pictures, without a graph."""
        with torch.no_grad():
            return look(self.teacher, images, masks, layer=self.layer)

    def columns(self) -> dict[str, float]:
        """The mean of each part, before weighting with `teacher_weight`, since the last call."""
        return self.parts.columns()
