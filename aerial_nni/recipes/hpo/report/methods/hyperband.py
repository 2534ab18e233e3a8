"""Method 5, Hyperband: the brackets and rungs of the search."""

from functools import cached_property

from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.bracket_ladders import (
    Cost,
    Group,
    Sizes,
    cost_of,
    groups_of,
    rung_table,
    sizes_of,
)
from aerial_nni.recipes.hpo.report.methods.brackets_picture import plot_brackets, plot_curves
from aerial_nni.recipes.hpo.report.methods.chapter import Chapter


class HyperbandChapter(Chapter):
    """The brackets of the search."""

    template = "hyperband"

    @cached_property
    def groups(self) -> list[Group]:
        """The brackets with their configurations."""
        return groups_of(self.search, self.tuner.brackets)

    @property
    def plan(self) -> Sizes:
        """How long and how large the brackets are."""
        return sizes_of(self.tuner.brackets)

    @property
    def cost(self) -> Cost:
        """What halving cost, against training every configuration to the end."""
        return cost_of(self.search, self.groups)

    @property
    def rung_table(self) -> str:
        """How many configurations reached each rung."""
        return rung_table(self.groups)

    def draw(self) -> dict[str, Figure]:
        """The brackets, and the curves of all configurations."""
        return {
            "method-brackets": plot_brackets(self.search, self.groups),
            "method-curves": plot_curves(self.search, self.groups),
        }
