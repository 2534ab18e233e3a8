"""Method 5, Hyperband: its text, and the brackets and rungs of the search."""

from collections.abc import Mapping
from functools import cached_property

from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.bracket_ladders import (
    Group,
    groups_of,
    on_cost,
    on_sizes,
    rung_table,
)
from aerial_nni.recipes.hpo.report.methods.brackets_picture import draw_brackets, draw_curves
from aerial_nni.recipes.hpo.report.methods.chapter import Chapter
from aerial_nni.recipes.hpo.report.methods.hyperband_text import BRACKETS, HALVING, IDEA, LIMITS


class HyperbandChapter(Chapter):
    """The brackets of the search."""

    @cached_property
    def groups(self) -> list[Group]:
        """The brackets with their configurations."""
        return groups_of(self.search, self.tuner.brackets)

    def draw(self) -> dict[str, Figure]:
        """The brackets, and the curves of all configurations."""
        return {
            "method-brackets": draw_brackets(self.search, self.groups),
            "method-curves": draw_curves(self.search, self.groups),
        }

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with what halving cost and saved."""
        return "\n\n".join([IDEA, *self.halving(links), LIMITS])

    def halving(self, links: Mapping[str, str]) -> list[str]:
        """Brackets and rungs in words, figures and numbers; the same under BOHB."""
        return [
            HALVING.replace("{eta}", f"{self.tuner.eta:g}"),
            BRACKETS,
            on_sizes(self.tuner.brackets),
            "![Every configuration as a column as high as the epochs it was given, by bracket]"
            f"({links['method-brackets']})",
            "*Figure: the brackets of this search. Each column is a configuration; its height is "
            "the number of epochs it was given, its colour the score, which is that of its best "
            "epoch. In each bracket the columns are in the order of their first score, the best at "
            "the left.*",
            rung_table(self.groups),
            f"![Score of every configuration by epoch]({links['method-curves']})",
            "*Figure: the mean IoU of every configuration after each epoch, until it was stopped. "
            "Where curves cross beyond a rung, an early score misled.*",
            f"### In this search\n\n{on_cost(self.search, self.groups)}",
        ]
