"""The supernet: every layer choice of the space mixed by the architecture's weights."""

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from aerial_nni.models.genotype import Genotype
from aerial_nni.recipes.darts.architecture import Architecture, Weights
from aerial_nni.recipes.darts.space import AerialSpace, LayerChoice


class MixedOp(nn.Module):
    """The weighted sum of a layer choice's candidates (Liu et al. 2019, eq. 2).

    With `recompute`, no candidate's output is kept for the backward pass: each is worked out again
    there, one place after the other (Chen et al. 2016), for a third more time.
    """

    def __init__(self, choice: LayerChoice, *, recompute: bool) -> None:
        super().__init__()
        self.label: str = choice.label
        self.names: list[str] = list(choice.names)
        self.candidates = nn.ModuleDict({name: choice[name] for name in self.names})
        self.recompute = recompute
        self.weights: Weights = self.names[0]

    def forward(self, *inputs: Tensor) -> Tensor:
        """What a candidate takes, (b, c, h, w) each -> what it gives."""
        weights = self.weights
        if isinstance(weights, str):
            one: Tensor = self.candidates[weights](*inputs)
            return one
        if isinstance(weights, tuple):
            place, weight = weights
            weighted: Tensor = weight * self.candidates[self.names[place]](*inputs)
            return weighted
        if self.recompute and self.training:
            return checkpoint(self._sum, weights, *inputs, use_reentrant=False)
        return self._sum(weights, *inputs)

    def _sum(self, weights: Tensor, *inputs: Tensor) -> Tensor:
        parts = [
            weight * candidate(*inputs)
            for weight, candidate in zip(weights, self.candidates.values(), strict=True)
        ]
        total: Tensor = parts[0]
        for part in parts[1:]:
            total = total + part
        return total


class Supernet(nn.Module):
    """A space whose choices are mixed. Its parameters are the weights w, without alpha."""

    def __init__(self, space: AerialSpace, *, recompute: bool = False) -> None:
        super().__init__()
        self.network = space.network
        self.mixed: dict[str, MixedOp] = {}
        for module in list(self.network.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, LayerChoice):
                    mixed = MixedOp(child, recompute=recompute)
                    setattr(module, name, mixed)
                    self.mixed[mixed.label] = mixed
        self._architecture: list[Architecture] = []

    def tables(self) -> dict[str, list[str]]:
        """Label of each place -> names of the operations there."""
        return {label: mixed.names for label, mixed in self.mixed.items()}

    def follow(self, architecture: Architecture) -> None:
        """From now on `architecture` weighs the operations."""
        self._architecture = [architecture]  # in a list: its parameters are not this module's

    def forward(self, x: Tensor) -> Tensor:
        """(b, bands, h, w) -> (b, classes, h, w)."""
        for label, weights in self._architecture[0].draw().items():
            self.mixed[label].weights = weights
        output: Tensor = self.network(x)
        return output

    def inherited(self, genotype: Genotype) -> dict[str, Tensor]:
        """The weights of the derived network that this genotype gives, by its names."""
        chosen = genotype.choices()
        modules = self.network.named_modules()
        labels = {name: module.label for name, module in modules if isinstance(module, MixedOp)}
        tensors = {}
        for name, tensor in self.network.state_dict().items():
            words = name.split(".")
            if "candidates" in words:
                at = words.index("candidates")
                if chosen[labels[".".join(words[:at])]] != words[at + 1]:
                    continue
                words = words[:at] + words[at + 2 :]
            tensors[".".join(words)] = tensor
        return tensors
