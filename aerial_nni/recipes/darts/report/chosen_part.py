"""What the search chose: operations counted by level and side, and what that says of imagery."""

from collections.abc import Sequence
from statistics import mean

from aerial_nni.models.genotype import Genotype
from aerial_nni.models.operations import EDGES, NONE
from aerial_nni.recipes.darts.report.findings import ENOUGH, deviation
from aerial_nni.recipes.darts.report.operations_table import reach_of
from aerial_nni.recipes.darts.report.reading import Discovery
from aerial_nni.reporting.format import join_and, percent, pluralize, table
from aerial_nni.reporting.group_comparison import Group

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


def explain_choice(found: Discovery) -> str:
    """Where wide operations stand, by counts, and how much that means."""
    genotypes = _genotypes(found)
    fine, coarse = _halves(genotypes)
    return (
        f"Operations that see 5×5 pixels or more ({join_and([f'`{name}`' for name in WIDE])}) "
        "stand "
        f"on {_share(fine)} in the finer half of the levels and on {_share(coarse)} in the coarser "
        f"half; an even draw puts them on {percent(len(WIDE) / (len(EDGES) - 1))}. These "
        "are counts and no test: the edges of a search learn together, and searches share their "
        f"images, so none is a draw of its own. {_meaning(found)}"
    )


def _meaning(found: Discovery) -> str:
    """What may be said about aerial imagery, which depends on the control."""
    ours, theirs = Group("", found.main.runs).scores, found.random_scores
    around = deviation(ours, theirs)
    if around is None or min(len(ours), len(theirs)) < ENOUGH:
        return f"With fewer than {ENOUGH} runs of each, nothing can be said of what that is for."
    if mean(ours) - mean(theirs) <= around:
        return (
            "**About aerial imagery this says little**: random architectures of like size do as "
            "well, as far as these runs can tell, so it is not shown that the place of an "
            "operation matters on these pictures."
        )
    return (
        "The derived network is ahead of random ones by more than their spread, but these runs do "
        "not say which of its operations that comes from: an experiment that swaps them alone "
        "would."
    )


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


def _share(values: Sequence[bool]) -> str:
    return (
        f"{sum(values)} of {pluralize(len(values), 'edge')} ({percent(sum(values) / len(values))})"
    )
