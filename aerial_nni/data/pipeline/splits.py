"""What a split is: which patches train and which validate, what of each class both have."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from aerial_nni.data.pipeline.prepared import Prepared


@dataclass(frozen=True, kw_only=True)
class Split:
    """Numbers of the patches that train and of those that validate, each ascending."""

    rule: str
    seed: int
    val_fraction: float
    train: tuple[int, ...]
    val: tuple[int, ...]
    nested: bool = False
    """Whether images of one area show the same ground."""
    left_out: tuple[int, ...] = ()
    """Patches on neither side: they lie too near to those that validate."""
    untold: bool = False
    """Whether images of different areas may show it too, and nothing says which."""

    @property
    def leaky(self) -> bool:
        """Whether one image, or one ground, may be on both sides: scores are then too good."""
        return self.untold or self.rule == "patch" or (self.rule == "stratified" and self.nested)


def pixels_per_class(prepared: Prepared, indices: Sequence[int]) -> dict[str, int]:
    """Pixels of each class in these patches, by name, and under "void" those of no class."""
    sums = prepared.counts[list(indices)].sum(axis=0).tolist()
    return dict(zip((*prepared.facts.classes, "void"), sums, strict=True))


def split_digest(prepared: Prepared, split: Split) -> str:
    """Hex digest of what trains and what validates, by the images' content and not their names."""
    sides = []
    for indices in (split.train, split.val):
        patches = [prepared.patches[index] for index in indices]
        sides.append(sorted([p.digest, p.y, p.x, p.height, p.width] for p in patches))
    return hashlib.sha256(json.dumps(sides).encode()).hexdigest()
