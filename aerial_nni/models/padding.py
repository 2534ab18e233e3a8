"""Pictures of any size through a network that needs multiples of its stride."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional


def _symbolic() -> bool:
    """Whether this call is being exported: sizes are then unknowns that no `if` may look at."""
    return torch.jit.is_tracing() or torch.compiler.is_compiling()


def padded(network: Callable[[Tensor], Tensor], x: Tensor, *, stride: int) -> Tensor:
    """(b, bands, h, w) -> (b, classes, h, w): padded below and right, and cropped back."""
    height, width = x.shape[-2:]
    bottom, right = -height % stride, -width % stride
    ragged = _symbolic() or bottom or right
    if ragged:
        x = functional.pad(x, (0, right, 0, bottom), mode="replicate")
    logits = network(x)
    # Negative padding crops. Exporters would tie a slice to sizes like those of their example.
    return functional.pad(logits, (0, -right, 0, -bottom)) if ragged else logits
