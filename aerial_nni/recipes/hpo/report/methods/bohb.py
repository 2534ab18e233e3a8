"""Method 7, BOHB: its text, its brackets and rungs, and the densities of its model."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.bohb_text import IDEA, LIMITS, MODEL
from aerial_nni.recipes.hpo.report.methods.densities import caption, draw_densities, on_good
from aerial_nni.recipes.hpo.report.methods.hyperband import HyperbandChapter
from aerial_nni.reporting.format import percent, pluralize


class BOHBChapter(HyperbandChapter):
    """The brackets of the search, and the densities of its model."""

    def draw(self) -> dict[str, Figure]:
        """Brackets and curves as of Hyperband, and the densities of the model."""
        figures = super().draw()
        if ratio := self.tuner.ratio():
            figures["method-densities"] = draw_densities(self.search, ratio)
        return figures

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with what the model knew and what halving saved."""
        from aerial_nni.tuners.bohb import CANDIDATES, GOOD  # here, as it imports nni

        random = self.tuner.random_fraction
        text = (
            MODEL.replace("{points}", str(self.tuner.min_points))
            .replace("{share}", percent(GOOD))
            .replace("{candidates}", str(CANDIDATES))
            .replace("{wider}", f"{self.tuner.bandwidth_factor:g}")
            .replace("{random}", percent(random))
            .replace("{slower}", f"{1 / random:.2g}" if random else "any number of")
        )
        return "\n\n".join([IDEA, text, *self._densities(links), *self.halving(links), LIMITS])

    def _densities(self, links: Mapping[str, str]) -> list[str]:
        if "method-densities" not in links:
            return ["No budget has had enough trials for a model: this search was a Hyperband."]
        budget = self.tuner.model_budget()
        losses = self.tuner.observed(budget)[1]
        return [
            "![Densities of good and other trials along single parameters, and their ratio]"
            f"({links['method-densities']})",
            caption(self.search),
            f"The last model was fitted to the trials of {pluralize(budget, 'epoch')}. "
            f"{on_good(self.search, self.tuner.ratio(), losses)}",
        ]
