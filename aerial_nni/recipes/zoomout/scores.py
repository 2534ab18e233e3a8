"""The scores of building footprints: four of the reference work, and those of the building class.

All come from the confusion matrix of a trial, under the policy of `training.metrics`. The first
four are mostly about the ground, which has most of the pixels: the reference work's mean IoU of
0.757 goes with a building IoU of about 0.55.
"""

from collections.abc import Mapping
from typing import Any

import torch

from aerial_nni.training.metrics import (
    f1_per_class,
    frequency_weighted_iou,
    iou_per_class,
    mean_over_classes,
    pixel_accuracy,
    precision_per_class,
    recall_per_class,
)

BUILDING = "Building"
"""Name of the class that counts."""

OF_ALL = ("overall accuracy", "mean class accuracy", "mean IoU", "frequency-weighted IoU")
OF_BUILDINGS = ("building IoU", "building precision", "building recall", "building F1")


def scores_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Name -> score of a trial's `metrics.json`; those of buildings where it has this class."""
    confusion = torch.tensor(metrics["confusion"], dtype=torch.int64)
    iou, recall = iou_per_class(confusion), recall_per_class(confusion)
    found = dict(
        zip(
            OF_ALL,
            (
                pixel_accuracy(confusion),
                mean_over_classes(recall),
                mean_over_classes(iou),
                frequency_weighted_iou(confusion),
            ),
            strict=True,
        )
    )
    classes = list(metrics["data"]["classes"])
    if BUILDING in classes:
        place = classes.index(BUILDING)
        columns = (iou, precision_per_class(confusion), recall, f1_per_class(confusion))
        values = (float(column[place]) for column in columns)
        found |= dict(zip(OF_BUILDINGS, values, strict=True))
    return found
