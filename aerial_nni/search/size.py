"""How large an architecture is, in parameters, and the penalty for more than is wanted."""

from collections.abc import Mapping

import torch
from torch import Tensor

from aerial_nni.models import parameter_count
from aerial_nni.models.operations import NONE
from aerial_nni.search.architecture import Architecture
from aerial_nni.search.supernet import Supernet


class Size:
    """Parameters of a supernet's operations, counted in the modules themselves."""

    def __init__(self, supernet: Supernet) -> None:
        self.of_operations: Mapping[str, dict[str, int]] = {
            label: {name: parameter_count(module) for name, module in mixed.candidates.items()}
            for label, mixed in supernet.mixed.items()
        }
        everything = sum(sum(counts.values()) for counts in self.of_operations.values())
        self.fixed = parameter_count(supernet) - everything
        """Of what is not chosen: the first and the last convolution."""

    def expected(self, architecture: Architecture) -> Tensor:
        """Parameters of the network, each operation counted by its weight; `none` is left out.

        A derived network keeps no `none`, so the other weights are scaled to add up to 1.
        """
        total = torch.tensor(float(self.fixed))
        for label, counts in self.of_operations.items():
            shares = architecture.alphas[label].softmax(0)
            kept = [i for i, name in enumerate(counts) if name != NONE]
            sizes = torch.tensor([float(list(counts.values())[i]) for i in kept])
            chances = shares[kept] / shares[kept].sum()
            total = total.to(chances.device) + (chances * sizes.to(chances.device)).sum()
        return total

    def penalty(self, architecture: Architecture, target: int) -> Tensor:
        """How far the expected size is above `target`, relative to it; 0 at or below it."""
        return torch.relu(self.expected(architecture) / target - 1)
