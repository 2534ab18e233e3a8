"""The search space as NNI's own tools know it: a `ModelSpace` of `LayerChoice`.

    space = AerialSpace(bands=3, classes=6, depth=3)
    space.freeze(genotype.choices())  # a network; so do NNI's multi-trial strategies

Parameters have the names of the derived network's, with the operation's name between.
"""

import warnings
from collections.abc import Callable, Mapping

import nni
from torch import Tensor, nn

from aerial_nni.models.cell_unet import CellUNet, sharing

with warnings.catch_warnings():
    # NNI 3.0 makes a class of everything in torch.nn, and warns of what is no module in torch 2.5+.
    warnings.simplefilter("ignore", RuntimeWarning)
    # Its nas.evaluator fetches the Lightning evaluators of a framework, which are not needed here:
    # seconds and 200 MB for each trial, and lightning need not be installed.
    framework = nni.get_default_framework()
    nni.set_default_framework("none")
    from nni.nas.nn.pytorch import LayerChoice as LayerChoice
    from nni.nas.nn.pytorch import ModelSpace

    nni.set_default_framework(framework)


def layer_choice(
    label: str, table: Mapping[str, Callable[..., nn.Module]], *channels: int
) -> nn.Module:
    """All that may stand in a place."""
    choice: nn.Module = LayerChoice(
        {name: make(*channels) for name, make in table.items()}, label=label
    )
    return choice


class AerialSpace(ModelSpace):
    """A U-Net of layer choices: (b, bands, h, w) in, logits (b, classes, h, w) out."""

    def __init__(
        self,
        bands: int,
        classes: int,
        *,
        width: int = 16,
        depth: int = 3,
        nodes: int = 2,
        space_to_depth: int = 1,
        parts: int = 1,
    ) -> None:
        super().__init__()
        self.network = CellUNet(
            bands,
            classes,
            choose=sharing(layer_choice, parts),
            width=width,
            depth=depth,
            nodes=nodes,
            space_to_depth=space_to_depth,
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, bands, h, w) -> (b, classes, h, w), by the first candidate of each choice."""
        output: Tensor = self.network(x)
        return output
