"""Genotypes: which operation stands where in a searched U-Net. Tuples that print and paste.

    Genotype(
        # A block a level, finest first; the decoder has one level less.
        encoder=(((("conv3", 0),), (("skip", 0), ("sep5", 1))), ...), decoder=...,
        down=("pool", ...), up=("shuffle", ...), skip=("concat", ...),  # finest first
    )

A block is a tuple of nodes, a node a tuple of edges, an edge an operation and where it comes from:
0 is the block's input, 1 its first node.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from aerial_nni.config.errors import UserError
from aerial_nni.config.safe_reading import parse_json
from aerial_nni.models.operations import DOWN, EDGES, NONE, SKIPS, UP

Node = tuple[tuple[str, int], ...]
Block = tuple[Node, ...]

LARGEST = 16
"""Levels, and nodes of a block, that a network may have at most."""

KEPT = 2
"""Edges that a node keeps at most, as in Liu et al. 2019."""


class BadGenotype(UserError, ValueError):
    """A genotype that no network can be built from."""


class Genotype(NamedTuple):
    """Operations of all blocks, and of the ways between them."""

    encoder: tuple[Block, ...]
    decoder: tuple[Block, ...]
    down: tuple[str, ...]
    up: tuple[str, ...]
    skip: tuple[str, ...]

    @property
    def depth(self) -> int:
        """Times the network halves the size."""
        return len(self.down)

    @property
    def nodes(self) -> int:
        """Nodes of a block, its input not counted."""
        return len(self.encoder[0])

    def choices(self) -> dict[str, str]:
        """The operation of each place by its label, `none` where there is no edge."""
        found = {label: NONE for label, table in places(self.depth, self.nodes) if table is EDGES}
        for side in ("encoder", "decoder"):
            for level, block in enumerate(getattr(self, side)):
                for node, edges in enumerate(block, start=1):
                    for operation, source in edges:
                        found[edge_label(f"{side}{level}", node, source)] = operation
        for way in ("down", "up", "skip"):
            found |= {f"{way}{level}": name for level, name in enumerate(getattr(self, way))}
        return found

    def text(self) -> str:
        """One line of JSON."""
        return json.dumps(self._asdict(), separators=(",", ":"))


def edge_label(block: str, node: int, source: int) -> str:
    """Name of the edge of a block to `node` (from 1) from `source` (0: the block's input)."""
    return f"{block}_{node}_{source}"


def incoming(label: str) -> int:
    """Edges of the node that the place `label` leads to; 1 for a place between blocks."""
    return int(label.split("_")[1]) if "_" in label else 1


def places(depth: int, nodes: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every place where an operation is chosen: its label, and the table it is chosen from."""
    for side, levels in (("encoder", depth + 1), ("decoder", depth)):
        for level in range(levels):
            for node in range(1, nodes + 1):
                for source in range(node):
                    yield edge_label(f"{side}{level}", node, source), EDGES
    for way, table in (("down", DOWN), ("up", UP), ("skip", SKIPS)):
        for level in range(depth):
            yield f"{way}{level}", table


def space_size(depth: int, nodes: int) -> int:
    """The number of ways to choose an operation for every place."""
    return int(np.prod([len(table) for _, table in places(depth, nodes)], dtype=object))


def from_choices(choices: Mapping[str, str], *, depth: int, nodes: int) -> Genotype:
    """The genotype with these operations; the inverse of `Genotype.choices`.

    Raises:
        BadGenotype: a place has no operation, one that is unknown, or a node has no edge.
    """
    for label, table in places(depth, nodes):
        if choices.get(label) not in table:
            raise BadGenotype(
                f"{label} is {choices.get(label)!r} in the genotype; choose one of "
                f"{', '.join(table)}"
            )

    def block(name: str) -> Block:
        return tuple(
            tuple(
                (operation, source)
                for source in range(node)
                if (operation := choices[edge_label(name, node, source)]) != NONE
            )
            for node in range(1, nodes + 1)
        )

    genotype = Genotype(
        encoder=tuple(block(f"encoder{level}") for level in range(depth + 1)),
        decoder=tuple(block(f"decoder{level}") for level in range(depth)),
        down=tuple(choices[f"down{level}"] for level in range(depth)),
        up=tuple(choices[f"up{level}"] for level in range(depth)),
        skip=tuple(choices[f"skip{level}"] for level in range(depth)),
    )
    for found in (*genotype.encoder, *genotype.decoder):
        if not all(found):
            raise BadGenotype(f"a node of the genotype has no edge: {found}; give it one")
    return genotype


def read_genotype(text: str) -> Genotype:
    """The genotype in a line of JSON.

    Raises:
        BadGenotype: the text is not one, or describes no network.
    """
    try:
        plain = parse_json(text, "a genotype")
        encoder, decoder = (_blocks(plain[side]) for side in ("encoder", "decoder"))
        down, up, skip = (tuple(map(str, plain[way])) for way in ("down", "up", "skip"))
        genotype = Genotype(encoder=encoder, decoder=decoder, down=down, up=up, skip=skip)
        depth, nodes = genotype.depth, genotype.nodes
        if max(depth, nodes) > LARGEST:
            raise ValueError(f"{max(depth, nodes)} levels or nodes are more than {LARGEST}")
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise BadGenotype(
            f"this is no genotype ({error!r}): {text[:80]!r}; give the JSON of genotype.json"
        ) from error
    again = from_choices(genotype.choices(), depth=depth, nodes=nodes)
    if again != genotype:
        raise BadGenotype(
            "the genotype's parts do not fit each other: it needs as many nodes in each block, one "
            "block more in the encoder than ways down, and each edge from an earlier node, once"
        )
    return genotype


def _blocks(plain: Any) -> tuple[Block, ...]:
    return tuple(
        tuple(tuple((str(operation), int(source)) for operation, source in node) for node in block)
        for block in plain
    )


def random_genotype(generator: np.random.Generator, *, depth: int, nodes: int) -> Genotype:
    """A genotype drawn evenly: what a search must beat.

    Each node has `KEPT` edges, or one where there is but one, as a derived network has.
    """
    choices = {}
    for label, table in places(depth, nodes):
        names = [name for name in table if name != NONE]
        choices[label] = str(generator.choice(names))
    for side, levels in (("encoder", depth + 1), ("decoder", depth)):
        for level in range(levels):
            for node in range(KEPT + 1, nodes + 1):
                left_out = generator.choice(node, size=node - KEPT, replace=False)
                for source in left_out:
                    choices[edge_label(f"{side}{level}", node, int(source))] = NONE
    return from_choices(choices, depth=depth, nodes=nodes)
