"""What every method's chapter is: pictures and a text, made from one search."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from aerial_nni.reports.hpo.search import Search


class Chapter:
    """A method explained by a search that used it. Models are fitted once and kept."""

    def __init__(self, search: Search) -> None:
        self.search = search

    def draw(self) -> dict[str, Figure]:
        """The figures by name, each beginning with `method-`."""
        raise NotImplementedError

    def explain(self, links: Mapping[str, str]) -> str:
        """The text in Markdown; `links` maps a figure's name to its path from the document."""
        raise NotImplementedError


class Control(Chapter):
    """A search that no result guided."""

    def draw(self) -> dict[str, Figure]:
        """Nothing."""
        return {}

    def explain(self, links: Mapping[str, str]) -> str:
        """That it is one."""
        return "No result guided this search: it serves as a control for those that are guided."
