"""Weights that a network starts from."""

from torch import nn


def draw_weights(network: nn.Module) -> None:
    """Draws the weights of all convolutions, from torch's generator (He et al. 2015, eq. 10)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
