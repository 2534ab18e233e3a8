"""The chapter on the method that was used: for each of the nine a text and its own pictures."""

from aerial_nni.recipes.hpo.report.methods.anneal import AnnealChapter
from aerial_nni.recipes.hpo.report.methods.bohb import BOHBChapter
from aerial_nni.recipes.hpo.report.methods.chapter import Chapter, Control
from aerial_nni.recipes.hpo.report.methods.dngo import DNGOChapter
from aerial_nni.recipes.hpo.report.methods.evolution import EvolutionChapter
from aerial_nni.recipes.hpo.report.methods.gp import GPChapter
from aerial_nni.recipes.hpo.report.methods.hyperband import HyperbandChapter
from aerial_nni.recipes.hpo.report.methods.metis import MetisChapter
from aerial_nni.recipes.hpo.report.methods.smac import SMACChapter
from aerial_nni.recipes.hpo.report.methods.tpe import TPEChapter
from aerial_nni.reporting.search.search import Search

CHAPTERS: dict[int, type[Chapter]] = {
    1: TPEChapter,
    2: AnnealChapter,
    3: EvolutionChapter,
    4: SMACChapter,
    5: HyperbandChapter,
    6: MetisChapter,
    7: BOHBChapter,
    8: GPChapter,
    9: DNGOChapter,
}
"""Index of the method -> its chapter."""


def chapter_of(search: Search) -> Chapter:
    """The chapter on the search's method."""
    return CHAPTERS.get(search.method["index"], Control)(search)
