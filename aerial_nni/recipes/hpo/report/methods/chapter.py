"""What every chapter on a method is: facts and figures of a search, told by a template."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.fitted_tuner import tuner_of
from aerial_nni.reporting.render import render
from aerial_nni.reporting.search.search import Search


class Chapter:
    """A method explained by a search that used it. Models are fitted once and kept.

    The template `TEMPLATE.md.j2` beside this file reads the attributes of the chapter.
    """

    template: ClassVar[str]

    def __init__(self, search: Search) -> None:
        self.search = search

    @cached_property
    def tuner(self) -> Any:
        """The experiment's tuner, which knows all trials."""
        return tuner_of(self.search)

    @property
    def chosen(self) -> int:
        """How many of the scored trials were chosen by results."""
        return sum(tried.chosen for tried in self.search.scored)

    @property
    def raised(self) -> list[int]:
        """Numbers of those of them that raised the best score."""
        best, found = -1.0, []
        for tried in self.search.scored:
            if tried.score is not None and tried.score > best:
                best = tried.score
                found += [tried.number] if tried.chosen else []
        return found

    def draw(self) -> dict[str, Figure]:
        """The figures by name, each beginning with `method-`."""
        raise NotImplementedError

    def explain(self, links: Mapping[str, str]) -> str:
        """The text in Markdown; `links` maps a figure's name to its path from the document."""
        name = f"recipes/hpo/report/methods/{self.template}.md.j2"
        return render(name, chapter=self, links=links)


class Control(Chapter):
    """A search by a method without a chapter: that no result guided, or that is not ours."""

    template = "control"

    def draw(self) -> dict[str, Figure]:
        """Nothing."""
        return {}
