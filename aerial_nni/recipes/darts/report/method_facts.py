"""What the chapter on DARTS says of this very search: its space, a mixed operation, limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aerial_nni.config.run_folder import LATENCY
from aerial_nni.models.genotype import KEPT, places, space_size
from aerial_nni.models.operations import EDGES, NONE
from aerial_nni.recipes.darts.phases import LIKE_SIZE
from aerial_nni.recipes.darts.report.alpha_pictures import edges, in_words, shown_place
from aerial_nni.recipes.darts.report.operations_table import operation_table
from aerial_nni.recipes.darts.report.reading import Discovery


@dataclass(frozen=True, kw_only=True)
class ShownPlace:
    """The edge that serves as the example, and what was kept of it."""

    name: str
    operations: int
    chosen: str
    weight: float
    none_leads: bool

    @property
    def kept(self) -> bool:
        """Whether its node kept it."""
        return self.chosen != NONE


@dataclass(frozen=True)
class MethodFacts:
    """The facts behind `method.md.j2`."""

    found: Discovery
    like_size, kept, operations, latency_file = LIKE_SIZE, KEPT, len(EDGES), LATENCY

    @property
    def _options(self) -> Mapping[str, Any]:
        return self.found.main.searched.options

    @property
    def _shape(self) -> tuple[int, int]:
        genotype = self.found.main.genotype
        return genotype.depth, genotype.nodes

    @property
    def fold(self) -> int:
        """Side of the squares that are folded into channels."""
        return int(self._options.get("space_to_depth", 1))

    @property
    def edges(self) -> int:
        """Edges of all blocks."""
        return len(edges(self.found))

    @property
    def between(self) -> int:
        """Places between blocks at which something is chosen."""
        return len(list(places(*self._shape))) - self.edges

    @property
    def size(self) -> int:
        """Architectures of the space."""
        return space_size(*self._shape)

    @property
    def operation_table(self) -> str:
        """An operation a row."""
        width, parts = self._options["width"], self._options["parts"]
        return operation_table(width=width, depth=self._shape[0], parts=parts)

    @property
    def shown(self) -> ShownPlace:
        """The most decided edge."""
        place = shown_place(self.found)
        shares = self.found.final(place)
        chosen = self.found.main.genotype.choices()[place]
        return ShownPlace(
            name=in_words(place),
            operations=len(shares),
            chosen=chosen,
            weight=shares.get(chosen, 0.0),
            none_leads=max(shares, key=lambda name: shares[name]) == NONE,
        )

    @property
    def halves(self) -> Mapping[str, int] | None:
        """Patches of either half of the training; None where that was not noted."""
        facts = self.found.main.searched.metrics.get("search", {})
        return facts if "weights_patches" in facts else None

    @property
    def milliseconds(self) -> float | None:
        """Time of a patch above which architectures are penalised."""
        return self._options.get("target_milliseconds") or None

    @property
    def targets(self) -> list[str]:
        """What architectures are penalised above."""
        found = []
        if self._options.get("target_params"):
            found.append(f"{self._options['target_params']:,} parameters")
        if self.milliseconds:
            found.append(f"{self.milliseconds:g} milliseconds for a patch")
        return found

    @property
    def expected_milliseconds(self) -> float:
        """What the architecture that was found is expected to take."""
        main = self.found.main
        return main.at_its_epoch(main.searched.history["expected_milliseconds"])
