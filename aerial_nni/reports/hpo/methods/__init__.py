"""The chapter on the method that was used: for each of the nine a text and its own pictures."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from matplotlib.figure import Figure

from aerial_nni.reports.hpo.methods import (
    anneal,
    bohb,
    dngo,
    evolution,
    gp,
    hyperband,
    metis,
    smac,
    tpe,
)
from aerial_nni.reports.hpo.search import Search


class Chapter(NamedTuple):
    """How a method is drawn and explained from an experiment that used it."""

    draw: Callable[[Search], dict[str, Figure]]
    """The figures by name, each beginning with `method-`."""
    explain: Callable[[Search, Mapping[str, str]], str]
    """The text in Markdown; the links lead to the figures by name."""


CHAPTERS: dict[int, Chapter] = {
    1: Chapter(tpe.draw, tpe.explain),
    2: Chapter(anneal.draw, anneal.explain),
    3: Chapter(evolution.draw, evolution.explain),
    4: Chapter(smac.draw, smac.explain),
    5: Chapter(hyperband.draw, hyperband.explain),
    6: Chapter(metis.draw, metis.explain),
    7: Chapter(bohb.draw, bohb.explain),
    8: Chapter(gp.draw, gp.explain),
    9: Chapter(dngo.draw, dngo.explain),
}
"""Index of the method -> its chapter."""


def draw_method(search: Search) -> dict[str, Figure]:
    """The pictures of the method, drawn from the experiment's data; none for a control."""
    chapter = CHAPTERS.get(search.index or 0)
    return chapter.draw(search) if chapter else {}


def explain_method(search: Search, links: Mapping[str, str]) -> str:
    """The chapter in Markdown."""
    chapter = CHAPTERS.get(search.index or 0)
    title = f"## 1. The method: {search.title}"
    if chapter is None:
        return f"{title}\n\nThis search was not guided by results: it serves as a control."
    return f"{title}\n\n{chapter.explain(search, links)}"
