"""Method 5, Hyperband: its text, and the brackets and rungs of the search."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from aerial_nni.reports.hpo.methods.brackets_picture import draw_brackets, draw_curves, on_ranks
from aerial_nni.reports.hpo.methods.chapter import Chapter
from aerial_nni.reports.hpo.methods.hyperband_text import BRACKETS, HALVING, IDEA, LIMITS
from aerial_nni.reports.hpo.methods.ladders import on_cost, rung_table
from aerial_nni.reports.hpo.search import Search


class HyperbandChapter(Chapter):
    """The brackets of the search."""

    def draw(self) -> dict[str, Figure]:
        """The brackets, and the curves of all configurations."""
        return {
            "method-brackets": draw_brackets(self.search),
            "method-curves": draw_curves(self.search),
        }

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with what halving cost and saved."""
        return "\n\n".join([IDEA, *halving(self.search, links), LIMITS])


def halving(search: Search, links: Mapping[str, str]) -> list[str]:
    """Brackets and rungs in words, figures and numbers; the same under BOHB."""
    eta = (search.method.get("class_args") or {}).get("eta", 3)
    return [
        HALVING.replace("{eta}", f"{eta:g}"),
        BRACKETS,
        "![Every configuration as a column as high as the epochs it was given, by bracket]"
        f"({links['method-brackets']})",
        "*Figure: the brackets of this search. Each column is a configuration; its height is the "
        "number of epochs it was given, its colour the score after its last one. In each bracket "
        "the columns are in the order of their first score, the best at the left.*",
        rung_table(search),
        "![Score of every configuration by epoch, and scores at one rung against the next]"
        f"({links['method-curves']})",
        "*Figure: left the curve of every configuration until it was stopped. Right, for those "
        "that were promoted, the score at a rung against the score at the next: the more the marks "
        "rise from left to right, the more an early score told.*",
        f"### In this search\n\n{on_cost(search)} {on_ranks(search)}",
    ]
