"""The gradient of the architecture: Liu et al. 2019, eq. 5 to 8.

The architecture should be good for weights that are trained with it: min over alpha of
L_val(w*(alpha), alpha). First order takes w for w*. Second order takes one step of w, as the
optimiser will make it but for clipping, and how that step depends on alpha.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from aerial_nni.data.pipeline.batches import Batch

Loss = Callable[[Batch], Tensor]
"""A batch -> the loss with the weights and the architecture as they are now, with its graph."""

REACH = 0.01
"""Length of the finite difference: the paper's footnote 2."""


def first_order(alphas: Sequence[Tensor], val: Tensor) -> list[Tensor]:
    """The gradient of the validation loss by alpha, the weights taken as they are."""
    return _gradients(val, alphas)


def second_order(
    loss: Loss, train: Batch, val: Batch, *, optimizer: Optimizer, rate: float,
    alphas: Sequence[nn.Parameter],
) -> list[Tensor]:  # fmt: skip
    """The gradient of the validation loss by alpha after one step of the weights.

    Eq. 7: with w' = w - the step, it is d L_val(w', alpha) / d alpha less `rate` times the mixed
    second derivative of L_train times d L_val / d w'. Eq. 8: that product is a difference of two
    gradients by alpha, at w on either side.

    Args:
        loss: of a batch, with the weights in `optimizer` and `alphas` as they are at the call.
        optimizer: SGD, whose momentum, Nesterov's rule and weight decay enter the step. *differs*
            from the step as it will be made: the gradient is not clipped (option `clip`).
        rate: its learning rate.
        train: a batch of the half that weights learn from.
        val: one of the half that the architecture learns from.
        alphas: the architecture's parameters.

    The weights are put back to the last bit before it returns.
    """
    weights, step, share = _step_of(optimizer, loss(train))
    kept = [weight.detach().clone() for weight in weights]
    try:
        with torch.no_grad():
            for weight, change in zip(weights, step, strict=True):
                weight.sub_(change, alpha=rate)
        both = _gradients(loss(val), [*alphas, *weights])
        direct, sensitivity = both[: len(alphas)], both[len(alphas) :]
        length = torch.stack([v.norm() for v in sensitivity]).norm()
        if length == 0:  # a batch of void alone: nothing for the weights to pass on
            return direct
        reach = REACH / length
        sides = []
        with _frozen(weights):
            for side in (reach, -reach):
                with torch.no_grad():
                    for weight, old, v in zip(weights, kept, sensitivity, strict=True):
                        weight.copy_(old + side * v)
                sides.append(_gradients(loss(train), alphas))
    finally:
        with torch.no_grad():
            for weight, old in zip(weights, kept, strict=True):
                weight.copy_(old)
    return [
        gradient - rate * share * (above - below) / (2 * reach)
        for gradient, above, below in zip(direct, *sides, strict=True)
    ]


def _step_of(optimizer: Optimizer, loss: Tensor) -> tuple[list[Tensor], list[Tensor], float]:
    """Weights, what SGD will take from them per learning rate, and the gradient's share in that."""
    assert isinstance(optimizer, SGD), "the unrolled step is that of SGD"
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    gradients = iter(_gradients(loss, weights))
    step: list[Tensor] = []
    share = 1.0
    for group in optimizer.param_groups:
        momentum, nesterov = group["momentum"], group["nesterov"]
        share = 1 + momentum if nesterov else 1.0
        for weight in group["params"]:
            change = next(gradients) + group["weight_decay"] * weight.detach()
            buffer = optimizer.state[weight].get("momentum_buffer")
            if buffer is None:  # its first step: SGD begins the buffer with the gradient
                moved = change
            else:
                moved = momentum * buffer + change
            step.append(change + momentum * moved if nesterov else moved)
    return weights, step, share


def _gradients(loss: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Gradients by `inputs`, zeros where the loss does not depend on one."""
    found = torch.autograd.grad(loss, inputs, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


class _frozen:
    """Within it no gradient by `weights` is worked out: a third of a backward pass saved."""

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self.weights = weights

    def __enter__(self) -> None:
        for weight in self.weights:
            weight.requires_grad_(False)

    def __exit__(self, *_: object) -> None:
        for weight in self.weights:
            weight.requires_grad_(True)
