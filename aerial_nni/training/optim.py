"""Update rules and learning rates."""

import math
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from aerial_nni.config.options import TrialOptions


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Two groups: matrices and kernels decay; biases and norms (one axis or none) do not."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


def build_optimizer(model: nn.Module, options: TrialOptions) -> Optimizer:
    """The update rule that `options` ask for."""
    groups = parameter_groups(model, options.weight_decay)
    if options.optimizer == "sgd":
        momentum = options.momentum
        return torch.optim.SGD(groups, lr=options.lr, momentum=momentum, nesterov=momentum > 0)
    kind = torch.optim.AdamW if options.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=options.lr)


def learning_rate(options: TrialOptions, step: int, steps: int) -> float:
    """The learning rate of update `step` (from 0) of `steps`; a function of the step alone.

    one-cycle: Smith & Topin 2019 with cosine arms, up from lr / 25 over the first 30 %, then down
    to lr / 25e4 (*differs:* the momentum stays). cosine: Loshchilov & Hutter 2017, eq. 5, to 0.
    poly: (1 - step / steps) ** 0.9, as in Chen et al. 2018. step: a tenth after each quarter.
    """
    done = step / max(1, steps)
    if options.schedule == "one-cycle":
        # torch counts the arms from the first to the last step, not past it
        top, end = 0.3 * steps - 1, steps - 1
        if step <= top:
            return _cosine(options.lr / 25, options.lr, step / top)  # top is never 0
        share = (step - top) / (end - top) if end > top else 1.0
        return _cosine(options.lr, options.lr / 25e4, min(1.0, share))
    if options.schedule == "cosine":
        return _cosine(options.lr, 0.0, done)
    if options.schedule == "poly":
        rate: float = options.lr * (1 - done) ** 0.9
        return rate
    if options.schedule == "step":
        return options.lr * 0.1 ** min(3, int(4 * done))
    return options.lr


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
