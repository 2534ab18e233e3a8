"""One pass over the validation patches, and every score that comes from it."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from aerial_nni.data.dataset import VOID
from aerial_nni.data.pipeline.batches import Batch
from aerial_nni.training.device import autocast
from aerial_nni.training.metrics import (
    PrecisionRecall,
    SoftJaccard,
    confusion_matrix,
    f1_per_class,
    iou_per_class,
    mean_over_classes,
    pixel_accuracy,
    precision_per_class,
    recall_per_class,
)


@dataclass
class Evaluation:
    """What a pass gathered: the confusion matrix, the loss and the reference's soft Jaccard."""

    confusion: Tensor
    loss: float = math.nan
    jaccard: SoftJaccard = field(default_factory=SoftJaccard)

    def scores(self) -> dict[str, float]:
        """The scores of an epoch, under the names of the result folder."""
        confusion = self.confusion
        return {
            "loss": self.loss,
            "mean_iou": mean_over_classes(iou_per_class(confusion)),
            "soft_jaccard": self.jaccard.value(),
            "precision": mean_over_classes(precision_per_class(confusion)),
            "recall": mean_over_classes(recall_per_class(confusion)),
            "f1": mean_over_classes(f1_per_class(confusion)),
            "pixel_accuracy": pixel_accuracy(confusion),
        }

    def per_class(self, classes: Sequence[str]) -> dict[str, dict[str, float]]:
        """IoU, precision, recall, F1 and true pixels of each class by name; NaN where absent."""
        confusion = self.confusion
        columns = {
            "iou": iou_per_class(confusion),
            "precision": precision_per_class(confusion),
            "recall": recall_per_class(confusion),
            "f1": f1_per_class(confusion),
            "pixels": confusion.sum(1),
        }
        return {
            name: {key: column[i].item() for key, column in columns.items()}
            for i, name in enumerate(classes)
        }


def evaluate(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    classes: int,
    device: torch.device,
    precision: str,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    curves: PrecisionRecall | None = None,
    each: Callable[[Tensor, Tensor], None] | None = None,
) -> Evaluation:
    """Scores `model`, put in evaluation mode for the pass, on all of `batches`.

    The loss is the mean over batches, each weighed with its valid pixels. `curves` gathers
    probabilities when given; `each(predicted, target)` sees every batch, shapes (b, h, w).
    """
    result = Evaluation(torch.zeros(classes, classes, dtype=torch.int64, device=device))
    loss_sum, pixels = torch.zeros((), device=device), 0
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for images, target in batches:
            with autocast(device, precision):
                logits = model(images)
            valid = target != VOID
            count = int(valid.sum())
            if loss is not None:
                loss_sum += loss(logits, target) * count
            probs = logits.float().softmax(dim=1)
            predicted = probs.argmax(dim=1)
            result.confusion += confusion_matrix(target, predicted, classes)
            index = torch.where(valid, target, 0).long().unsqueeze(1)
            result.jaccard.add(probs.gather(1, index).squeeze(1)[valid])
            pixels += count
            if curves is not None:
                curves.add(probs, target)
            if each is not None:
                each(predicted, target)
    model.train(was_training)
    result.confusion = result.confusion.cpu()
    if loss is not None and pixels:
        result.loss = float(loss_sum) / pixels
    return result
