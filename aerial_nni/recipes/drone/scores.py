"""The scores of drone scenes: two that are called Dice and differ much, each under its own name.

Over the data set, one confusion matrix gives Dice of each class, and a class that is nowhere is
left out. By image, Dice is averaged over all classes of an image and then over images, and a class
that is neither there nor predicted counts as 1: with few classes in an image most of that mean are
such ones.
"""

from collections.abc import Mapping
from typing import Any

DATA_SET, BY_IMAGE = "Dice over the data set", "Dice by image, empty classes as 1"

SCORES = {
    "mean IoU": "mean_iou",
    DATA_SET: "f1",
    BY_IMAGE: "image_dice",
    "pixel accuracy": "pixel_accuracy",
}
"""Name of a score -> its key among the final scores of `metrics.json`."""


def scores_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Name -> score of a trial's `metrics.json`."""
    return {name: float(metrics["final"][key]) for name, key in SCORES.items()}
