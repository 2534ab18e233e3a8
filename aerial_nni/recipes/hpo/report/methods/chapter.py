"""What every method's chapter is: pictures and a text, made from one search."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.fitted_tuner import tuner_of
from aerial_nni.recipes.hpo.report.search import Search
from aerial_nni.reporting.format import pluralize


class Chapter:
    """A method explained by a search that used it. Models are fitted once and kept."""

    def __init__(self, search: Search) -> None:
        self.search = search

    @cached_property
    def tuner(self) -> Any:
        """The experiment's tuner, which knows all trials."""
        return tuner_of(self.search)

    def draw(self) -> dict[str, Figure]:
        """The figures by name, each beginning with `method-`."""
        raise NotImplementedError

    def explain(self, links: Mapping[str, str]) -> str:
        """The text in Markdown; `links` maps a figure's name to its path from the document."""
        raise NotImplementedError


class Control(Chapter):
    """A search by a method without a chapter: that no result guided, or that is not ours."""

    def draw(self) -> dict[str, Figure]:
        """Nothing."""
        return {}

    def explain(self, links: Mapping[str, str]) -> str:
        """That it is one."""
        if self.search.method["name"] in ("random", "grid"):
            return "No result guided this search: it serves as a control for those that are guided."
        return f"This document has no text on the method {self.search.title}."


def on_records(search: Search) -> str:
    """How many of the trials that results chose raised the best score, in a sentence."""
    best, records = -1.0, []
    for tried in search.scored:
        if tried.score is not None and tried.score > best:
            best = tried.score
            records.append(tried)
    later = [str(tried.number) for tried in records if tried.chosen]
    count = sum(tried.chosen for tried in search.scored)
    if not count:
        return "No trial was guided by results: there is nothing to see of the method's choices."
    which = f" ({'trial' if len(later) == 1 else 'trials'} {', '.join(later)})" if later else ""
    return f"Of {pluralize(count, 'guided trial')} {len(later) or 'none'} raised the best "
    f"score{which}."
