"""Method 1, the tree-structured Parzen estimator: its text, and its two densities."""

from collections.abc import Mapping
from functools import cached_property

from matplotlib.figure import Figure

from aerial_nni.recipes.hpo.report.methods.chapter import Chapter, on_records
from aerial_nni.recipes.hpo.report.methods.densities import caption, draw_densities, on_good
from aerial_nni.recipes.hpo.report.methods.tpe_text import CHOICE, IDEA, LIMITS, SPLIT
from aerial_nni.reporting.format import percent
from aerial_nni.tuners.density import Ratio


class TPEChapter(Chapter):
    """The tuner's own densities, fitted to all trials of the search."""

    @cached_property
    def ratio(self) -> Ratio:
        """The densities given all trials."""
        ratio: Ratio = self.tuner.ratio()
        return ratio

    def draw(self) -> dict[str, Figure]:
        """The densities of the most important parameters."""
        return {"method-densities": draw_densities(self.search, self.ratio)}

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with which values are typical of good trials."""
        from aerial_nni.tuners.tpe import CANDIDATES, GOOD  # here, as it imports nni

        losses = self.tuner.observed()[1]
        good = f"{len(self.ratio.good.centres)} of {len(losses)}"
        return "\n\n".join(
            [
                IDEA,
                SPLIT.replace("{share}", percent(GOOD)),
                "![Densities of good and other trials along single parameters, and their ratio]"
                f"({links['method-densities']})",
                caption(self.search),
                CHOICE.replace("{candidates}", str(CANDIDATES)),
                f"### In this search\n\n{on_good(self.search, self.ratio, losses)} "
                f"{on_records(self.search)}",
                LIMITS.replace("{good}", good),
            ]
        )
