"""What the search chose: operations counted by level and side, and what that says of imagery."""

from collections.abc import Sequence
from dataclasses import dataclass

from aerial_nni.models.genotype import Genotype
from aerial_nni.models.operations import EDGES, NONE
from aerial_nni.recipes.darts.report.comparison import ENOUGH
from aerial_nni.recipes.darts.report.operations_table import reach_of
from aerial_nni.recipes.darts.report.reading import Discovery
from aerial_nni.reporting.format import table
from aerial_nni.reporting.group_comparison import Group
from aerial_nni.reporting.statistics import welch_difference

WIDE = tuple(name for name in EDGES if reach_of(name) >= 5)
"""Operations that see 5×5 pixels or more."""


def chosen_table(found: Discovery) -> str:
    """A block a row, an operation a column: how often it was chosen, in all that was found."""
    genotypes = _genotypes(found)
    names = [name for name in EDGES if name != NONE]
    rows = []
    for side in ("encoder", "decoder"):
        for level in range(len(getattr(genotypes[0], side))):
            edges = [edge for one in genotypes for edge in _edges(one, side, level)]
            counts = [edges.count(name) for name in names]
            rows.append([f"{side} {level}", *(str(count) if count else "·" for count in counts)])
    return table(["block", *(f"`{name}`" for name in names)], rows)


def ways_table(found: Discovery) -> str:
    """What each genotype has on the ways down and up and at the skip connections, by level."""
    genotypes = _genotypes(found)
    rows = [
        [
            str(level),
            *(", ".join(f"`{getattr(one, way)[level]}`" for one in genotypes)
              for way in ("down", "up", "skip")),
        ]
        for level in range(genotypes[0].depth)
    ]  # fmt: skip
    return table(["level", "way down", "way up", "skip connection"], rows, text_columns=4)


@dataclass(frozen=True)
class Chosen:
    """What the searches chose, by counts, and what may be said of it."""

    found: Discovery
    wide = WIDE

    @property
    def genotypes(self) -> int:
        """How many were found."""
        return len(self.found.all_found)

    @property
    def operations(self) -> str:
        """The operations of each block."""
        return chosen_table(self.found)

    @property
    def ways(self) -> str:
        """The ways between blocks."""
        return ways_table(self.found)

    @property
    def fine(self) -> list[bool]:
        """Of each edge in the finer half of the levels, whether its operation is wide."""
        return _halves(_genotypes(self.found))[0]

    @property
    def coarse(self) -> list[bool]:
        """The same in the coarser half."""
        return _halves(_genotypes(self.found))[1]

    @property
    def evenly(self) -> float:
        """Share of the wide operations."""
        return len(WIDE) / (len(EDGES) - 1)

    @property
    def _scores(self) -> tuple[list[float], list[float]]:
        return Group("", self.found.main.runs).scores, self.found.random_scores

    @property
    def too_few(self) -> bool:
        """Whether there are too few runs of derived or random networks to say anything."""
        return min(map(len, self._scores)) < ENOUGH

    @property
    def ahead(self) -> bool:
        """Whether the derived network is ahead of random ones by more than the spread."""
        ours, theirs = self._scores
        found = welch_difference(theirs, ours)
        return found.gap > (found.spread or 0.0)


def _genotypes(found: Discovery) -> list[Genotype]:
    return [one.genotype for one in found.all_found]


def _edges(genotype: Genotype, side: str, level: int) -> list[str]:
    return [operation for node in getattr(genotype, side)[level] for operation, _ in node]


def _halves(genotypes: Sequence[Genotype]) -> tuple[list[bool], list[bool]]:
    """Of each edge, whether its operation is wide: in the finer and in the coarser levels."""
    fine: list[bool] = []
    coarse: list[bool] = []
    for one in genotypes:
        for side in ("encoder", "decoder"):
            for level in range(len(getattr(one, side))):
                half = fine if 2 * level < one.depth else coarse
                half += [name in WIDE for name in _edges(one, side, level)]
    return fine, coarse
