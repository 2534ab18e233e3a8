"""What an architecture is expected to cost, and the penalty for more than is wanted."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from aerial_nni.models import parameter_count
from aerial_nni.models.cell_unet import CellUNet
from aerial_nni.models.genotype import KEPT, incoming
from aerial_nni.models.operations import NONE
from aerial_nni.recipes.darts.architecture import Architecture


class Cost:
    """A cost that is the sum of those of a network's operations.

    Args:
        of_operations: label of a place -> operation -> what it costs there.
        fixed: what is not chosen costs: the first and the last convolution.
    """

    def __init__(self, of_operations: Mapping[str, Mapping[str, float]], fixed: float) -> None:
        self.of_operations, self.fixed = of_operations, fixed

    def expected(self, architecture: Architecture) -> Tensor:
        """Cost of the derived network, each operation counted by its weight; `none` is left out.

        A derived network keeps no `none`, so the other weights are scaled to add up to 1. Of a
        node's edges it keeps `KEPT`, so that each counts by the share that is kept.
        """
        total = torch.tensor(float(self.fixed))
        for label, costs in self.of_operations.items():
            shares = architecture.alphas[label].softmax(0)
            names = architecture.tables[label]
            kept = [i for i, name in enumerate(names) if name != NONE]
            values = torch.tensor([float(costs[names[i]]) for i in kept])
            chances = shares[kept] / shares[kept].sum()
            share = min(1.0, KEPT / incoming(label))
            total = total.to(chances.device) + share * (chances * values.to(chances.device)).sum()
        return total

    def penalty(self, architecture: Architecture, target: float) -> Tensor:
        """How far the expected cost is above `target`, relative to it; 0 at or below it."""
        return torch.relu(self.expected(architecture) / target - 1)


def parameters(bands: int, classes: int, **sizes: int) -> Cost:
    """Parameters of the operations as a derived network is trained with them: on all channels.

    `sizes` are those of `CellUNet`: width, depth, nodes and space_to_depth.
    """
    counts: dict[str, dict[str, float]] = {}

    def count(label: str, table: Mapping[str, Callable[..., nn.Module]], *channels: int) -> None:
        counts[label] = {name: parameter_count(make(*channels)) for name, make in table.items()}

    with torch.device("meta"):
        fixed = CellUNet(bands, classes, choose=count, **sizes)
    return Cost(counts, parameter_count(fixed))
