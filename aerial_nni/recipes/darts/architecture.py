"""Architecture parameters: a weight for each operation in each place, before the softmax."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from aerial_nni.models.genotype import KEPT, Genotype, edge_label, from_choices
from aerial_nni.models.operations import NONE, SKIP

Weights = Tensor | tuple[int, Tensor] | str
"""Of a mixed operation: one for each candidate (k,), the only one's place and weight, or its name.
"""


class Architecture(nn.Module):
    """The alpha of every place, by its label, and the order of the operations there.

    Args:
        tables: label -> names of the operations, in their order.
        generator: draws the start, 1e-3 times a normal variable (Liu et al. 2019, their code), and
            the noise of the variant gumbel.
        variant: `softmax`, or `gumbel`: one operation is drawn for each place in each forward pass
            and no other runs (Dong & Yang 2019, "GDAS", eq. 3-5).
    """

    def __init__(
        self,
        tables: Mapping[str, list[str]],
        *,
        generator: torch.Generator,
        variant: str = "softmax",
    ) -> None:
        super().__init__()
        self.tables = dict(tables)
        self.variant = variant
        self.temperature = 1.0
        self.generator = generator
        self.alphas = nn.ParameterDict(
            {
                label: nn.Parameter(1e-3 * torch.randn(len(names), generator=generator))
                for label, names in self.tables.items()
            }
        )

    def draw(self) -> dict[str, Weights]:
        """The weights of a forward pass by label."""
        if self.variant == "softmax":
            return {label: alpha.softmax(0) for label, alpha in self.alphas.items()}
        return {label: self._hard(alpha) for label, alpha in self.alphas.items()}

    def _hard(self, alpha: Tensor) -> tuple[int, Tensor]:
        """The operation that is drawn; its weight is 1, with the gradient of the soft one."""
        uniform = torch.rand(len(alpha), generator=self.generator).clamp_min(1e-20).to(alpha.device)
        noisy = alpha.log_softmax(0) - (-uniform.log()).log()
        soft = (noisy / self.temperature).softmax(0)
        drawn = int(soft.argmax())
        return drawn, 1 + (soft[drawn] - soft[drawn].detach())

    def probabilities(self) -> dict[str, dict[str, float]]:
        """Label -> operation -> its softmax weight."""
        return {
            label: dict(zip(names, self.alphas[label].softmax(0).tolist(), strict=True))
            for label, names in self.tables.items()
        }

    def genotype(self, *, depth: int, nodes: int) -> Genotype:
        """What is derived: the best operation of each place, the `KEPT` best edges of each node.

        Liu et al. 2019, section 2.4: `none` is never kept, and an edge counts as much as its best
        other operation.
        """
        probabilities = self.probabilities()
        choices: dict[str, str] = {}
        strength: dict[str, float] = {}
        for label, shares in probabilities.items():
            shares.pop(NONE, None)
            choices[label] = max(shares, key=lambda name: shares[name])
            strength[label] = shares[choices[label]]
        for side, levels in (("encoder", depth + 1), ("decoder", depth)):
            for level in range(levels):
                for node in range(KEPT + 1, nodes + 1):
                    edges = [edge_label(f"{side}{level}", node, source) for source in range(node)]
                    for label in sorted(edges, key=lambda one: strength[one])[:-KEPT]:
                        choices[label] = NONE
        return from_choices(choices, depth=depth, nodes=nodes)

    def entropy(self) -> float:
        """Mean entropy of the places, over that of an even choice: 1 undecided, 0 decided."""
        shares = [alpha.detach().softmax(0) for alpha in self.alphas.values()]
        parts = [
            float(-(p * p.clamp_min(1e-12).log()).sum()) / torch.tensor(float(len(p))).log().item()
            for p in shares
        ]
        return sum(parts) / len(parts)


def skip_share(genotype: Genotype) -> float:
    """Share of the edges that are skips: near 1, a search has collapsed."""
    edges = [
        operation
        for side in (genotype.encoder, genotype.decoder)
        for block in side
        for node in block
        for operation, _ in node
    ]
    return edges.count(SKIP) / len(edges)
