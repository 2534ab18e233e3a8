"""Recalibrate batch-norm statistics for weights taken from another network."""

from collections.abc import Iterable

import torch
from torch import nn

from aerial_nni.data.pipeline.batches import Batch
from aerial_nni.training.device import autocast


def recalibrate(
    model: nn.Module, batches: Iterable[Batch], *, device: torch.device, precision: str
) -> None:
    """Sets the means and variances of every batch norm to those over `batches`."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch: a plain mean over the batches that are seen
    was_training = model.training
    model.train()
    with torch.no_grad(), autocast(device, precision):
        for images, *_ in batches:
            model(images)
    model.train(was_training)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum
