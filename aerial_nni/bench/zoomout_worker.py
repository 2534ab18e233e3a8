"""A process of `bench zoomout`: one way to classify a picture, again and again.

python -m aerial_nni.bench.zoomout_worker WAY SPEC SIZE
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from aerial_nni.bench.worker import answer
from aerial_nni.models import ModelSpec
from aerial_nni.models.bilinear_sampling import between
from aerial_nni.models.zoomout import ZoomOut

STEPS = {1: (1, 1), 4: (2, 2)}
"""Spacing -> strides of the first two convolutions where the stack is classified."""


def stack(model: ZoomOut, x: Tensor) -> Tensor:
    """All features of every pixel, (b, dimension, h, w): each map enlarged, all beside another."""
    height, width = x.shape[-2:]
    whole = [
        functional.interpolate(found, scale_factor=stride, mode="bilinear", align_corners=False)
        for found, stride in zip(model.maps(x), model.encoder.strides, strict=True)
    ]
    return torch.cat([found[..., :height, :width] for found in whole], dim=1)


def naive(model: ZoomOut, x: Tensor) -> Tensor:
    """Logits as the reference work computes them: the stack, standardised, then convolutions."""
    head, rest = model.head, model.head.rest
    mean, scale = (
        torch.cat([getattr(standard, name) for standard in head.standards], dim=1)
        for name in ("mean", "scale")
    )
    features = (stack(model, x) - mean) * scale
    first, second = STEPS[model.spacing]
    weight = torch.cat([layer.get_parameter("weight") for layer in head.first], dim=1)
    hidden = functional.conv2d(features, weight, head.first[0].get_parameter("bias"), stride=first)
    hidden = rest[:2](hidden)
    start = model.spacing // 2 // first
    hidden = functional.conv2d(
        hidden[..., start:, start:],
        rest[2].get_parameter("weight"),
        rest[2].get_parameter("bias"),
        stride=second,
    )
    logits = rest[3:](hidden)
    down, right = (
        (torch.arange(side) - model.spacing // 2) / model.spacing for side in x.shape[-2:]
    )
    return between(logits, down, right)


def picture(size: int) -> Tensor:
    """A picture of noise, (1, 3, size, size), channels last as in training."""
    noise = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    return noise.to(memory_format=torch.channels_last)


def built(spec: ModelSpec) -> ZoomOut:
    """The model with drawn weights, the same in every process."""
    torch.manual_seed(0)
    model = spec.build()
    assert isinstance(model, ZoomOut)
    return model.to(memory_format=torch.channels_last)


def work_of(way: str, model: ZoomOut, x: Tensor) -> Callable[[], object]:
    """What a turn does: `rest`, `network`, `ours` or `stack`; with `, step` it also learns."""
    whole: dict[str, Callable[[Tensor], Any]] = {
        "ours": model,
        "stack": lambda given: naive(model, given),
    }
    name, _, step = way.partition(", ")
    if step:
        mask = torch.zeros(1, *x.shape[-2:], dtype=torch.long)

        def learn() -> None:
            functional.cross_entropy(whole[name](x), mask).backward()
            model.zero_grad()

        return learn
    model.eval()
    whole["network"] = model.features
    whole["rest"] = lambda given: model(given[..., :16, :16])

    def look() -> object:
        with torch.inference_mode():
            return whole[name](x)

    return look


def main() -> None:
    """Answers until its input ends."""
    way, spec, size = sys.argv[1:]
    model = built(ModelSpec.of(**json.loads(spec)))
    answer(work_of(way, model, picture(int(size))))


if __name__ == "__main__":
    main()
