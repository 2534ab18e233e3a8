"""Distillation losses, and weighted sums of them by name: `soft+0.5*pair`.

A kind compares what the student and the teacher say of the same pictures and returns a scalar that
is 0 where both say the same. Logits are compared as they come out of the model: no probabilities
go in. Every mean is over what is compared, so that the size of pictures and batches does not
matter. A void pixel adds nothing to the value and gets no gradient.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from aerial_nni.data.dataset import VOID
from aerial_nni.recipes.distill.options import parse_kind

GRID = 16
"""Side of the grid to which `pair` pools features: memory is at most (b, 16**2, 16**2)."""


@dataclass(frozen=True)
class ModelOutput:
    """What a model says of a batch."""

    logits: Tensor
    """(b, c, h, w)"""
    nodes: Tensor | None = None
    """Pooled features, (b, k, GRID, GRID), see `pooled`; needed by `pair` alone."""


Kind = Callable[[ModelOutput, ModelOutput, Tensor, float], Tensor]
"""(student, teacher, valid pixels (b, h, w), temperature) -> scalar."""


def soft(student: ModelOutput, teacher: ModelOutput, valid: Tensor, temperature: float) -> Tensor:
    """Soft targets, Hinton et al. 2015, sec. 2: T**2 * KL(teacher || student), mean over pixels.

    Softmax over the classes of each pixel. T**2 keeps the gradient's size whatever T is.
    *differs:* KL instead of cross-entropy, which is the same gradient and is 0 at the teacher.
    """
    ours = (student.logits / temperature).log_softmax(dim=1)
    theirs = (teacher.logits / temperature).log_softmax(dim=1)
    divergence = (theirs.exp() * (theirs - ours)).sum(dim=1)  # (b, c, h, w) -> (b, h, w)
    return temperature**2 * _mean(divergence, valid)


def logits(student: ModelOutput, teacher: ModelOutput, valid: Tensor, temperature: float) -> Tensor:
    """Regression of the logits: mean squared difference, as Nekrasov et al. 2019 distil."""
    return _mean((student.logits - teacher.logits).square().mean(dim=1), valid)


def channel(
    student: ModelOutput, teacher: ModelOutput, valid: Tensor, temperature: float
) -> Tensor:
    """Channel-wise, Shu et al. 2021: T**2 * KL, mean over channels and pictures.

    Softmax over the valid pixels of each class's map: where in the picture a class is, not which
    class a pixel has.
    """
    ours, theirs = (_over_pixels(view.logits / temperature, valid) for view in (student, teacher))
    divergence = (theirs.exp() * (theirs - ours)).sum(dim=2)  # (b, c, h*w) -> (b, c)
    return temperature**2 * _mean(divergence.mean(dim=1), valid.flatten(1).any(dim=1))


def _over_pixels(maps: Tensor, valid: Tensor) -> Tensor:
    """Log-softmax of each map over its valid pixels, (b, c, h, w) -> (b, c, h*w)."""
    # Not -inf: a picture of void alone would be NaN. exp(-1e4) is 0 in any type.
    masked = maps.masked_fill(~valid.unsqueeze(1), -1e4)
    return masked.flatten(2).log_softmax(dim=2)


def pair(student: ModelOutput, teacher: ModelOutput, valid: Tensor, temperature: float) -> Tensor:
    """Pair-wise, Liu et al. 2019: mean squared difference of the cosines of all pairs of nodes.

    The mean is over the pairs whose nodes both have valid pixels. The number of channels and the
    size of the feature maps need not agree.
    """
    assert student.nodes is not None and teacher.nodes is not None
    counted = functional.adaptive_max_pool2d(valid.float(), GRID).flatten(1)  # (b, GRID**2)
    pairs = counted.unsqueeze(2) * counted.unsqueeze(1)
    difference = _cosines(student.nodes) - _cosines(teacher.nodes)
    return (difference.square() * pairs).sum() / pairs.sum().clamp_min(1)


def _cosines(nodes: Tensor) -> Tensor:
    """Cosine of every pair of nodes of a picture, (b, k, g, g) -> (b, g*g, g*g)."""
    unit = functional.normalize(nodes.flatten(2), dim=1, eps=1e-6)
    return unit.transpose(1, 2) @ unit


def pooled(features: Tensor, valid: Tensor) -> Tensor:
    """Means of the valid pixels' features on a grid, (b, k, h', w') -> (b, k, GRID, GRID).

    0 where a node has no valid pixel. *differs:* Liu et al. 2019 take the maximum over half the
    map, which leaves four nodes.
    """
    height, width = features.shape[-2:]
    share = valid.unsqueeze(1).to(features.dtype)
    share = functional.adaptive_avg_pool2d(share, (height, width))
    weight = functional.adaptive_avg_pool2d(share, GRID)
    return functional.adaptive_avg_pool2d(features * share, GRID) / weight.clamp_min(1e-6)


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    """Mean of `values` where `counted`, of the same shape; 0 where nothing is."""
    return (values * counted).sum() / counted.sum().clamp_min(1)


KINDS: dict[str, Kind] = {"soft": soft, "logits": logits, "channel": channel, "pair": pair}


def build_kind(
    text: str, *, temperature: float
) -> Callable[[ModelOutput, ModelOutput, Tensor], dict[str, Tensor]]:
    """The terms of `text`, each with its factor, by name: a function of views and the masks.

    Masks are (b, h, w), class indices or `VOID`. Computed in fp32, also where the caller's
    autocast is on.
    """
    terms = parse_kind(text)

    def compare(student: ModelOutput, teacher: ModelOutput, masks: Tensor) -> dict[str, Tensor]:
        valid = masks != VOID
        with torch.autocast(masks.device.type, enabled=False):
            views = (_plain(student), _plain(teacher))
            values: dict[str, Tensor] = {}
            for factor, name in terms:
                value = factor * KINDS[name](*views, valid, temperature)
                values[name] = values[name] + value if name in values else value
        return values

    return compare


def _plain(view: ModelOutput) -> ModelOutput:
    """A view in fp32."""
    return ModelOutput(view.logits.float(), None if view.nodes is None else view.nodes.float())
