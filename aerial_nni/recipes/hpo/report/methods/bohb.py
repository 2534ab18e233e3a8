"""Method 7, BOHB: its brackets and rungs, and the densities of its model."""

from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.densities import GoodTrials, good_trials, plot_densities
from aerial_nni.recipes.hpo.report.methods.hyperband import HyperbandChapter
from aerial_nni.reporting.search.search import Search


class BOHBChapter(HyperbandChapter):
    """The brackets of the search, and the densities of its model."""

    template = "bohb"

    def __init__(self, search: Search) -> None:
        from aerial_nni.tuners.bohb import CANDIDATES, GOOD  # here, as it imports nni

        super().__init__(search)
        self.candidates, self.share = CANDIDATES, GOOD

    @property
    def random_share(self) -> float:
        """Share of the configurations that are drawn at random."""
        return float(self.tuner.random_fraction)

    @property
    def slower(self) -> str:
        """How many times slower than a Hyperband it is at worst."""
        return f"{1 / self.random_share:.2g}" if self.random_share else "any number of"

    @property
    def budget(self) -> int:
        """Epochs of the trials to which the last model was fitted."""
        return int(self.tuner.model_budget())

    @property
    def good(self) -> GoodTrials:
        """What the good ones among them have in common."""
        losses = self.tuner.observed(self.budget)[1]
        return good_trials(self.search, self.tuner.ratio(), losses)

    def draw(self) -> dict[str, Figure]:
        """Brackets and curves as of Hyperband, and the densities of the model."""
        figures = super().draw()
        if ratio := self.tuner.ratio():
            figures["method-densities"] = plot_densities(self.search, ratio)
        return figures
