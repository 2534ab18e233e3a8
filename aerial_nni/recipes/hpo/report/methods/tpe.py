"""Method 1, the tree-structured Parzen estimator: the densities of its model."""

from functools import cached_property

from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.chapter import Chapter
from aerial_nni.recipes.hpo.report.methods.densities import GoodTrials, good_trials, plot_densities
from aerial_nni.reporting.search.search import Search
from aerial_nni.tuners.density import Ratio


class TPEChapter(Chapter):
    """The tuner's own densities, fitted to all trials of the search."""

    template = "tpe"

    def __init__(self, search: Search) -> None:
        from aerial_nni.tuners.tpe import CANDIDATES, GOOD  # here, as it imports nni

        super().__init__(search)
        self.candidates, self.share = CANDIDATES, GOOD

    @cached_property
    def ratio(self) -> Ratio:
        """The densities given all trials."""
        ratio: Ratio = self.tuner.ratio()
        return ratio

    @property
    def good(self) -> GoodTrials:
        """What the good trials have in common."""
        return good_trials(self.search, self.ratio, self.tuner.observed()[1])

    def draw(self) -> dict[str, Figure]:
        """The densities of the most important parameters."""
        return {"method-densities": plot_densities(self.search, self.ratio)}
