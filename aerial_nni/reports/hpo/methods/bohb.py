"""Method 7, BOHB: its text, its brackets and rungs, and the densities of its model."""

from collections.abc import Mapping
from functools import cached_property

from matplotlib.figure import Figure

from aerial_nni.reports.hpo.methods.bohb_text import IDEA, LIMITS, MODEL
from aerial_nni.reports.hpo.methods.densities import Split, draw_densities, split
from aerial_nni.reports.hpo.methods.hyperband import HyperbandChapter, halving
from aerial_nni.reports.hpo.methods.ladders import ladders, rungs
from aerial_nni.reports.hpo.methods.replica import tuner_of
from aerial_nni.reports.hpo.methods.tpe import DENSITIES, here
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.words import percent


def settings() -> tuple[float, int]:
    """The share of good trials and the number of candidates, as the tuner has them."""
    from aerial_nni.tuners.bohb import CANDIDATES, GOOD  # here, as it imports nni

    return GOOD, CANDIDATES


def model(search: Search) -> tuple[int, Split] | None:
    """The largest budget with enough trials, and its densities; None where there is none."""
    fewest = tuner_of(search).min_points
    for budget in rungs(ladders(search))[::-1]:
        units, losses = search.observed(budget=budget)
        if len(losses) >= fewest:
            return budget, split(search, units, losses, share=settings()[0])
    return None


class BOHBChapter(HyperbandChapter):
    """The brackets of the search, and the densities of its model."""

    @cached_property
    def found(self) -> tuple[int, Split] | None:
        """The budget of the last model, and its densities."""
        return model(self.search)

    def draw(self) -> dict[str, Figure]:
        """Brackets and curves as of Hyperband, and the densities of the model."""
        figures = super().draw()
        if self.found:
            figures["method-densities"] = draw_densities(self.search, self.found[1])
        return figures

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with what the model knew and what halving saved."""
        share, candidates = settings()
        tuner = tuner_of(self.search)
        text = (
            MODEL.replace("{points}", str(tuner.min_points))
            .replace("{share}", percent(share))
            .replace("{candidates}", str(candidates))
            .replace("{wider}", f"{tuner.bandwidth_factor:g}")
            .replace("{random}", percent(tuner.random_fraction))
        )
        return "\n\n".join(
            [IDEA, text, *self._densities(links), *halving(self.search, links), LIMITS]
        )

    def _densities(self, links: Mapping[str, str]) -> list[str]:
        if self.found is None:
            return ["No budget has had enough trials for a model: this search was a Hyperband."]
        budget, found = self.found
        return [
            "![Densities of good and other trials along the most important parameters, and their "
            f"ratio]({links['method-densities']})",
            DENSITIES,
            f"The last model was fitted to the trials of {budget} epochs. "
            f"{here(self.search, found)}",
        ]
