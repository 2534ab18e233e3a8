"""Method 7, BOHB: its text, its brackets and rungs, and the densities of its model."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from aerial_nni.reports.hpo.methods import hyperband
from aerial_nni.reports.hpo.methods.bohb_text import IDEA, LIMITS, MODEL
from aerial_nni.reports.hpo.methods.densities import Split, draw_densities, split
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


def draw(search: Search) -> dict[str, Figure]:
    """Brackets and curves as of Hyperband, and the densities of the model."""
    figures = hyperband.draw(search)
    if found := model(search):
        figures["method-densities"] = draw_densities(search, found[1])
    return figures


def explain(search: Search, links: Mapping[str, str]) -> str:
    """The chapter's text."""
    share, candidates = settings()
    tuner, found = tuner_of(search), model(search)
    text = (
        MODEL.replace("{points}", str(tuner.min_points))
        .replace("{share}", percent(share))
        .replace("{candidates}", str(candidates))
        .replace("{wider}", f"{tuner.bandwidth_factor:g}")
        .replace("{random}", percent(tuner.random_fraction))
    )
    densities = ["No budget has had enough trials for a model: the search was a Hyperband."]
    if found:
        densities = [
            "![Densities of good and other trials along the most important parameters, and their "
            f"ratio]({links['method-densities']})",
            DENSITIES,
            f"The model was at last fitted to the trials of {found[0]} epochs. "
            f"{here(search, found[1])}",
        ]
    return "\n\n".join([IDEA, text, *densities, *hyperband.halving(search, links), LIMITS])
