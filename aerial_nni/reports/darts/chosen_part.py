"""What the search chose: operations counted by level and side, and what that says of imagery."""

from collections.abc import Sequence

from scipy import stats

from aerial_nni.models.genotype import Genotype
from aerial_nni.models.operations import EDGES, NONE
from aerial_nni.reports.beside import Group
from aerial_nni.reports.darts.findings import ENOUGH, deviation
from aerial_nni.reports.darts.operations_table import reach_of
from aerial_nni.reports.darts.reading import Discovery
from aerial_nni.reports.words import listed, percent, some, table

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
    """Where wide operations stand, whether that is more than chance, and how much it means."""
    genotypes = _genotypes(found)
    fine, coarse = _halves(genotypes)
    text = [
        f"Operations that see 5×5 pixels or more ({listed([f'`{name}`' for name in WIDE])}) stand "
        f"on {_share(fine)} in the finer half of the levels and on {_share(coarse)} in the coarser "
        f"half; an even draw puts them on {percent(len(WIDE) / (len(EDGES) - 1))}."
    ]
    counts = [[sum(half), len(half) - sum(half)] for half in (fine, coarse)]
    chance = float(stats.fisher_exact(counts)[1])
    where = "coarse" if _mean(coarse) > _mean(fine) else "fine"
    if chance < 0.05:
        text.append(
            f"So uneven a split has a chance of {chance:.3f} by luck alone (Fisher's exact test): "
            f"the search **put its wide view on the {where} levels**."
        )
    else:
        text.append(
            f"By luck alone a split at least as uneven has a chance of {chance:.2f} (Fisher's "
            "exact test): **no preference of a level is shown**."
        )
    text.append(_meaning(found, where if chance < 0.05 else ""))
    return " ".join(text)


def _meaning(found: Discovery, where: str) -> str:
    """What may be said about aerial imagery, which depends on the control."""
    ours, theirs = Group("", found.main.runs).scores, found.random_scores
    around = deviation(ours, theirs)
    if around is None or min(len(ours), len(theirs)) < ENOUGH:
        return f"With fewer than {ENOUGH} runs of each, nothing can be said of what that is for."
    if sum(ours) / len(ours) - sum(theirs) / len(theirs) <= around:
        return (
            "**About aerial imagery this says little**: random architectures of the same size do "
            "as well, as far as these runs can tell. On these pictures it matters more how large "
            "the network is and how it is trained than which of these operations stand where."
        )
    reading = {
        "coarse": "it may be that context over tens of metres tells classes apart once detail is "
        "gone, while edges of roofs and roads want a narrow view",
        "fine": "it may be that texture over several pixels tells land from vegetation where "
        "detail is still there",
        "": "but the gain cannot be put down to where wide operations stand",
    }[where]
    return (
        f"The derived network is ahead of random ones by more than their spread: {reading}. That "
        "is a reading of one search on one dataset, and no test of it: an experiment that swaps "
        "these operations alone would be one."
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


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0


def _share(values: Sequence[bool]) -> str:
    return f"{sum(values)} of {some(len(values), 'edge')} ({percent(_mean(values))})"
