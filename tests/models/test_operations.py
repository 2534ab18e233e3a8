"""What stands on an edge learns alike in bf16 and in fp32."""

import copy

import pytest
import torch
from torch import nn

from aerial_nni.models.operations import EDGES, NONE, SKIP


def gradients(operation: nn.Module, x: torch.Tensor, *, bf16: bool) -> list[torch.Tensor]:
    """Of each convolution's weights, for a fixed direction of the output."""
    operation = copy.deepcopy(operation).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        y = operation(x.to(memory_format=torch.channels_last))
    towards = torch.randn(y.shape, generator=torch.Generator().manual_seed(1))
    weights = [weight for weight in operation.parameters() if weight.ndim == 4]
    return torch.autograd.grad((y.float() * towards).sum(), weights)


@pytest.mark.parametrize("name", sorted(EDGES.keys() - {NONE, SKIP}))
def test_gradients_in_bf16_point_where_those_in_fp32_do(name: str):
    torch.manual_seed(0)
    operation, x = EDGES[name](8), torch.randn(4, 8, 32, 32)  # smaller ones take another way
    for coarse, fine in zip(
        gradients(operation, x, bf16=True), gradients(operation, x, bf16=False), strict=True
    ):
        alike = nn.functional.cosine_similarity(coarse.flatten(), fine.flatten(), dim=0)
        assert alike > 0.99
        assert coarse.norm() == pytest.approx(fine.norm().item(), rel=0.05)
