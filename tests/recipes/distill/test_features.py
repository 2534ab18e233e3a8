"""Which features of a model are seen, and that looking leaves nothing behind."""

import pytest
import torch
from torch import Tensor, nn

from aerial_nni.config.options import BadOption
from aerial_nni.data.dataset import VOID
from aerial_nni.recipes.distill.features import layer_of, look
from aerial_nni.recipes.distill.losses import GRID
from aerial_nni.recipes.distill.options import LAYERS, DistillOptions


class Levels(nn.Module):
    """Features of two levels, and of a list of modules that run in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Both()
        self.decoder = nn.ModuleList([Times(2.0), Times(3.0)])
        self.head = Times(10.0)
        self.note = "no module"

    def forward(self, images: Tensor) -> Tensor:
        fine, coarse = self.encoder(images)
        x = self.decoder[1](fine)
        return self.head(self.decoder[0](x))


class Both(nn.Module):
    def forward(self, x: Tensor) -> list[Tensor]:
        return [x, 7 * x[:, :1]]


class Times(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


IMAGES = torch.ones(1, 2, GRID, GRID)
MASKS = torch.zeros(1, GRID, GRID, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("layer", "value", "channels"), [("encoder", 7, 1), ("decoder", 6, 2), ("logits", 60, 2)]
)
def test_of_levels_the_last_and_of_a_list_the_one_that_runs_last(
    layer: str, value: float, channels: int
):
    model = Levels()
    view = look(model, IMAGES, MASKS, layer=layer)
    assert torch.equal(view.logits, 60 * IMAGES)
    assert view.nodes is not None and view.nodes.shape == (1, channels, GRID, GRID)
    torch.testing.assert_close(view.nodes, torch.full_like(view.nodes, value))
    assert not any(module._forward_hooks for module in model.modules())


def test_void_is_left_out_of_nodes_and_without_a_layer_there_are_none():
    masks = MASKS.clone()
    masks[0, 0, 0] = VOID
    nodes = look(Levels(), IMAGES, masks, layer="decoder").nodes
    assert nodes is not None and nodes[0, 0, 0, :2].tolist() == pytest.approx([0, 6])
    assert look(Levels(), IMAGES, MASKS, layer="").nodes is None


@pytest.mark.parametrize("layer", ["note", "neck"])
def test_a_layer_that_is_not_there_is_refused(layer: str):
    with pytest.raises(BadOption, match=f"a Levels has no {layer}; give --layers logits"):
        look(Levels(), IMAGES, MASKS, layer=layer)


def test_only_pair_needs_a_layer():
    for layer in LAYERS:
        assert layer_of(DistillOptions.of(kind="soft+0.5*pair", layers=layer)) == layer
        assert layer_of(DistillOptions.of(kind="soft+channel", layers=layer)) == ""
    assert LAYERS == ("decoder", "encoder", "logits")
