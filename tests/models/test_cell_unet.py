"""How a block joins what its edges bring, and how PC-DARTS shares channels, by hand."""

import pytest
import torch
from torch import Tensor, nn

from aerial_nni.models.cell_unet import CellBlock, PartialChannels


class Times(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


def block(nodes: int, *, none: set[str] = frozenset()) -> float:  # type: ignore
    """What a block of identities makes of 1; without the edges `none`."""

    def choose(label: str, table: object, *channels: int) -> nn.Module | None:
        return None if label in none else nn.Identity()

    return CellBlock("b", 1, nodes=nodes, choose=choose)(torch.ones(1, 1, 1, 1)).item()


@pytest.mark.parametrize(
    ("nodes", "states"), [(1, [1]), (2, [1, 1]), (3, [1, 1, 1.5]), (4, [1, 1, 1.5, 2.25])]
)
def test_a_node_is_the_sum_of_its_edges_over_those_that_are_kept(nodes: int, states: list[float]):
    # Node 3 of a supernet: (1 + 1 + 1) / 2, for a derived one keeps two of the three.
    assert block(nodes) == pytest.approx(sum(states) / nodes)


def test_a_derived_node_with_two_edges_keeps_the_scale():
    assert block(3, none={"b_3_1"}) == 1


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [(1, [10, 20, 30, 40, 50, 60]), (2, [10, 4, 20, 5, 30, 6]), (3, [10, 3, 5, 20, 4, 6])],
)
def test_partial_channels_are_shuffled_so_that_the_next_operation_sees_others(
    parts: int, wanted: list[float]
):
    x = torch.arange(1.0, 7).view(1, 6, 1, 1)
    assert PartialChannels(Times(10), 6, parts=parts)(x).flatten().tolist() == wanted
