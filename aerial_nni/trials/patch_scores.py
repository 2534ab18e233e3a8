"""Each validation patch by itself: its confusion matrix, and pictures of some of them."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from aerial_nni.config.run_folder import EXAMPLE_LIST, EXAMPLES, write_json
from aerial_nni.config.trial_schema import ExampleFacts
from aerial_nni.data.visualisation import rgb_view, save_image, save_mask
from aerial_nni.training.example_selection import choose_examples
from aerial_nni.training.metrics import (
    confusion_matrix,
    iou_per_class,
    mean_over_classes,
    pixel_accuracy,
)

if TYPE_CHECKING:
    from aerial_nni.trials.run_trial import DataContext

PRESENT = 0.01
"""Share of a patch's pixels from which a class counts as shown by it."""


def count_into(confusions: Tensor) -> Callable[[Tensor, Tensor], None]:
    """What fills `confusions`, (patches, classes, classes), from batches (predicted, target).

    They are one block from the beginning, and no prediction is kept: thousands of small blocks that
    stay, between large ones that come and go, would keep the allocator from using these again.
    """
    places = iter(range(len(confusions)))

    def count(predicted: Tensor, target: Tensor) -> None:
        for guess, truth in zip(predicted.cpu(), target.cpu(), strict=True):
            confusions[next(places)] = confusion_matrix(truth, guess, confusions.shape[1])

    return count


def by_image(context: "DataContext", confusions: Tensor) -> Tensor:
    """The sum over the validation patches of each image, (images, classes, classes)."""
    numbers: dict[str, int] = {}
    images = [context.prepared.patches[index].image for index in context.split.val]
    owners = torch.tensor([numbers.setdefault(name, len(numbers)) for name in images])
    return confusions.new_zeros(len(numbers), *confusions.shape[1:]).index_add(
        0, owners, confusions
    )


def write_examples(
    folder: Path,
    context: "DataContext",
    confusions: Tensor,
    predict: Callable[[tuple[int, ...]], Sequence[np.ndarray]],
) -> None:
    """Pictures of some validation patches, and their list.

    `predict` gives class indices (h, w) for the patches of some numbers: only those are predicted
    once more, so that the predictions of all others need no memory.
    """
    prepared, val = context.prepared, context.split.val
    facts = prepared.facts
    scores = [mean_over_classes(iou_per_class(confusion)) for confusion in confusions]
    counts = prepared.counts[list(val)][:, :-1]
    present = counts >= PRESENT * math.prod(prepared.size)
    names = [prepared.patches[i].image for i in val]
    chosen = choose_examples(np.array(scores), present, images=names)
    guesses = predict(tuple(val[row] for row in chosen))
    listed = []
    for number, (row, guess) in enumerate(zip(chosen, guesses, strict=True), start=1):
        patch, index = prepared.patches[val[row]], val[row]
        stem = folder / EXAMPLES / f"{number:02d}"
        window = np.s_[: patch.height, : patch.width]
        save_image(
            stem.with_name(f"{stem.name}-image.png"), rgb_view(prepared.images[index])[window]
        )
        for kind, mask in (("truth", prepared.masks[index]), ("prediction", guess)):
            save_mask(stem.with_name(f"{stem.name}-{kind}.png"), mask[window], facts.palette)
        listed.append(
            ExampleFacts(
                number=number,
                image=patch.image,
                y=patch.y,
                x=patch.x,
                mean_iou=scores[row],
                pixel_accuracy=pixel_accuracy(confusions[row]),
                classes=tuple(facts.classes[c] for c in np.flatnonzero(present[row])),
            )
        )
    write_json(folder / EXAMPLE_LIST, listed)
