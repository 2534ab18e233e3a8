"""Controls of like size: random architectures and a U-Net as large as what a search found."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from aerial_nni.models.genotype import Genotype, random_genotype
from aerial_nni.recipes.darts.phases import LIKE_SIZE

if TYPE_CHECKING:  # torch is slow to import: only when a search is over
    from aerial_nni.recipes.darts.cost import Cost

DRAWS = 5000
"""Random architectures that are drawn at most for one of like size; then the nearest is taken."""


class Sizes:
    """Parameters of the networks of one experiment.

    Args:
        network: width, depth, nodes and space_to_depth that all have in common, and the U-Net's
            upsampling (without one: "transposed").
        bands: of the imagery.
        classes: of the imagery.
    """

    def __init__(self, network: Mapping[str, Any], bands: int, classes: int) -> None:
        self._network, self._bands, self._classes = dict(network), bands, classes

    def derived(self, genotype: Genotype) -> int:
        """Parameters of a derived network: the sum of those of its operations."""
        chosen = genotype.choices().items()
        costs = self._cost.of_operations
        return round(self._cost.fixed + sum(costs[place][name] for place, name in chosen))

    def hand_made(self, width: int) -> int:
        """Parameters of the plain U-Net of a width."""
        import torch

        from aerial_nni.models import ModelSpec, parameter_count

        with torch.device("meta"):
            spec = ModelSpec(
                model="unet",
                bands=self._bands,
                classes=self._classes,
                options={
                    "width": width,
                    "depth": self._network["depth"],
                    "upsampling": self._network.get("upsampling", "transposed"),
                    "space_to_depth": self._network["space_to_depth"],
                },
            )
            return parameter_count(spec.build())

    def random(self, generator: np.random.Generator, wanted: int) -> Genotype:
        """Drawn evenly from the architectures of at most `LIKE_SIZE` more or less parameters.

        The nearest of `DRAWS` where none of them is so near.
        """
        depth, nodes = self._network["depth"], self._network["nodes"]
        nearest, least = None, float("inf")
        for _ in range(DRAWS):
            drawn = random_genotype(generator, depth=depth, nodes=nodes)
            off = abs(self.derived(drawn) - wanted)
            if off < least:
                nearest, least = drawn, off
            if off <= LIKE_SIZE * wanted:
                break
        assert nearest is not None
        return nearest

    def width_for(self, wanted: int) -> int:
        """The width at which the plain U-Net has nearly `wanted` parameters."""
        return min(range(1, 129), key=lambda width: abs(self.hand_made(width) - wanted))

    @cached_property
    def _cost(self) -> "Cost":
        from aerial_nni.recipes.darts.cost import parameters

        names = ("width", "depth", "nodes", "space_to_depth")
        return parameters(self._bands, self._classes, **{n: self._network[n] for n in names})
