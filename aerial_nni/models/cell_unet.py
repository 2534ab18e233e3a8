"""A U-Net whose blocks are small graphs of chosen operations: the searched space and what it gives.

One class is both. `choose` makes what stands in a place, from the table of what may stand there: a
supernet's makes all of it, a genotype's makes one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Protocol

import torch
from torch import Tensor, nn

from aerial_nni.config.options import BadOption
from aerial_nni.config.schema import Between
from aerial_nni.models.genotype import KEPT, Genotype, edge_label, read_genotype
from aerial_nni.models.initialisation import draw_weights
from aerial_nni.models.operations import DOWN, EDGES, NONE, SKIPS, UP, Zero
from aerial_nni.models.padding import padded


class Choose(Protocol):
    """Makes what stands in the place `label`; None where nothing does."""

    def __call__(
        self, label: str, table: Mapping[str, Callable[..., nn.Module]], *channels: int
    ) -> nn.Module | None:
        """`channels` are what the table's functions take."""


class CellBlock(nn.Module):
    """Nodes that each average what edges bring from earlier ones; the output averages the nodes."""

    def __init__(self, label: str, channels: int, *, nodes: int, choose: Choose) -> None:
        super().__init__()
        self.edges = nn.ModuleDict()
        self.incoming: list[list[tuple[int, str]]] = []
        """Of each node: where its edges come from, and their names."""
        for node in range(1, nodes + 1):
            self.incoming.append([])
            for source in range(node):
                edge = choose(edge_label(label, node, source), EDGES, channels)
                if edge is not None:
                    self.edges[f"{node}_{source}"] = edge
                    self.incoming[-1].append((source, f"{node}_{source}"))

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        states = [x]
        for node, incoming in enumerate(self.incoming, start=1):
            brought = [self.edges[name](states[source]) for source, name in incoming]
            # Not the sum: through blocks of skips it would double at every node. The edges that a
            # node keeps count, so that a supernet's node is on the scale of the derived one's.
            states.append(_total(brought) / min(node, KEPT))
        return _total(states[1:]) / len(self.incoming)


def _total(tensors: Sequence[Tensor]) -> Tensor:
    total = tensors[0]
    for tensor in tensors[1:]:
        total = total + tensor
    return total


class CellUNet(nn.Module):
    """A U-Net of chosen operations: (b, bands, h, w) in, logits (b, classes, h, w) out."""

    def __init__(
        self,
        bands: int,
        classes: int,
        *,
        choose: Choose,
        width: int = 16,
        depth: int = 3,
        nodes: int = 2,
        space_to_depth: int = 1,
    ) -> None:
        super().__init__()
        fold = space_to_depth
        channels = [width * 2**level for level in range(depth + 1)]
        self.stride = fold * 2**depth
        self.fold = nn.PixelUnshuffle(fold) if fold > 1 else nn.Identity()
        self.unfold = nn.PixelShuffle(fold) if fold > 1 else nn.Identity()
        self.stem = nn.Sequential(
            nn.Conv2d(bands * fold**2, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )

        def chosen(
            way: str, table: Mapping[str, Any], levels: Sequence[Sequence[int]]
        ) -> nn.ModuleList:
            made = (choose(f"{way}{level}", table, *sizes) for level, sizes in enumerate(levels))
            return nn.ModuleList([module for module in made if module is not None])

        def blocks(side: str, levels: int) -> nn.ModuleList:
            return nn.ModuleList(
                CellBlock(f"{side}{level}", channels[level], nodes=nodes, choose=choose)
                for level in range(levels)
            )

        steps = list(zip(channels[:-1], channels[1:], strict=True))
        self.encoder, self.decoder = blocks("encoder", depth + 1), blocks("decoder", depth)
        self.down = chosen("down", DOWN, steps)
        self.up = chosen("up", UP, [(coarse, fine) for fine, coarse in steps])
        self.skip = chosen("skip", SKIPS, [(fine,) for fine, _ in steps])
        self.head = nn.Sequential(nn.ReLU(), nn.Conv2d(width, classes * fold**2, 1))
        draw_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        """(b, bands, h, w) -> (b, classes, h, w). Ragged sizes are padded and cropped back."""
        return padded(self._whole, x, stride=self.stride)

    def _whole(self, x: Tensor) -> Tensor:
        features = [self.encoder[0](self.stem(self.fold(x)))]
        for down, block in zip(self.down, list(self.encoder)[1:], strict=True):
            features.append(block(down(features[-1])))
        x = features.pop()
        levels = zip(self.up, self.skip, self.decoder, features, strict=True)
        for up, skip, block, feature in reversed(list(levels)):
            x = block(skip(up(x), feature))
        logits: Tensor = self.unfold(self.head(x))
        return logits


class PartialChannels(nn.Module):
    """An operation on the first of `parts` shares of the channels; the others pass by.

    Xu et al. 2020, "PC-DARTS", section 3.2: channels are then shuffled, so that the next operation
    sees others. What runs needs a share of the memory and the work. *differs:* a node weighs no
    edges (section 3.3, edge normalisation): edges are ranked by their best operation alone.
    """

    def __init__(self, operation: nn.Module, channels: int, *, parts: int) -> None:
        super().__init__()
        self.operation = operation
        self.shuffle = nn.ChannelShuffle(parts)
        self.active = channels // parts

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        passing = x[:, self.active :]
        mixed: Tensor = self.shuffle(
            torch.cat([self.operation(x[:, : self.active]), passing], dim=1)
        )
        return mixed


def sharing(choose: Choose, parts: int) -> Choose:
    """`choose`, with edges on one of `parts` shares of the channels.

    Where there is no edge, the others pass by all the same, as in the paper.
    """

    def chosen(
        label: str, table: Mapping[str, Callable[..., nn.Module]], *channels: int
    ) -> nn.Module | None:
        if table is not EDGES or parts == 1:
            return choose(label, table, *channels)
        (width,) = channels
        made = choose(label, table, width // parts)
        return PartialChannels(made or Zero(), width, parts=parts)

    return chosen


def one_of(genotype: Genotype) -> Choose:
    """Makes the one operation that the genotype has in each place."""
    choices = genotype.choices()

    def choose(
        label: str, table: Mapping[str, Callable[..., nn.Module]], *channels: int
    ) -> nn.Module | None:
        return None if choices[label] == NONE else table[choices[label]](*channels)

    return choose


def derived(
    bands: int,
    classes: int,
    *,
    genotype: Annotated[str, Between(0, 1 << 15)],
    width: Annotated[int, Between(1, 1 << 16)] = 16,
    depth: Annotated[int, Between(1, 7)] = 4,
    space_to_depth: Annotated[int, Between(1, 8)] = 1,
    parts: Annotated[int, Between(1, 64)] = 1,
) -> CellUNet:
    """The network of a genotype, which is a line of JSON.

    With `parts` its edges work on one of so many shares of the channels.

    Raises:
        BadOption: the genotype is of another depth.
    """
    found = read_genotype(genotype)
    if found.depth != depth:
        raise BadOption(f"depth={depth}, but the genotype has {found.depth}; give --depth "
                        f"{found.depth}")  # fmt: skip
    return CellUNet(
        bands,
        classes,
        choose=sharing(one_of(found), parts),
        width=width,
        depth=depth,
        nodes=found.nodes,
        space_to_depth=space_to_depth,
    )
