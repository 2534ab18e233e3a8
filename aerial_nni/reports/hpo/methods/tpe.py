"""Method 1, the tree-structured Parzen estimator: its text, and its two densities."""

from collections.abc import Mapping
from functools import cached_property

from matplotlib.figure import Figure

from aerial_nni.reports.hpo.axes import write_value
from aerial_nni.reports.hpo.methods.chapter import Chapter
from aerial_nni.reports.hpo.methods.densities import (
    Bets,
    Split,
    bets,
    draw_densities,
    draw_split,
    on_bets,
    split,
)
from aerial_nni.reports.hpo.methods.tpe_text import CHOICE, IDEA, LIMITS, SPLIT
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.words import listed, percent, some

DENSITIES = (
    "*Figure: the densities after the last trial of this search, along the parameters that matter "
    "most. Above, where good trials lie and where the others do; numbers with few values and "
    "categories have bars, the left one of each pair for the good trials. Below, the ratio of the "
    "two; above the line at 1 a value is more common among good trials. The tuner takes the ratio "
    "of the densities over all parameters together, of which these are the margins.*"
)


def settings() -> tuple[float, int]:
    """The share of good trials and the number of candidates, as the tuner has them."""
    from aerial_nni.tuners.tpe import CANDIDATES, GOOD  # here, as it imports nni

    return GOOD, CANDIDATES


class TPEChapter(Chapter):
    """The tuner's own densities, fitted to all trials of the search."""

    @cached_property
    def found(self) -> Split:
        """The densities given all trials."""
        return split(self.search, *self.search.observed(), share=settings()[0])

    @cached_property
    def bets(self) -> Bets:
        """What the ratio said of each guided trial before it ran."""
        return bets(self.search, share=settings()[0])

    def draw(self) -> dict[str, Figure]:
        """The densities of the most important parameters, and how trials were split."""
        return {
            "method-densities": draw_densities(self.search, self.found),
            "method-split": draw_split(self.search, self.found, self.bets),
        }

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with which values are typical of good trials."""
        share, candidates = settings()
        good = percent(share)
        return "\n\n".join(
            [
                IDEA,
                SPLIT.replace("{share}", good),
                "![Densities of good and other trials along the most important parameters, and "
                f"their ratio]({links['method-densities']})",
                DENSITIES,
                CHOICE.replace("{candidates}", str(candidates)),
                "![Which trials count as good, and the density ratio of each guided trial against "
                f"its score]({links['method-split']})",
                "*Figure: left the trials with the border between good and other ones after the "
                "last trial (marks below the axis are left out); right the ratio that each guided "
                "trial had when it was chosen, computed from the trials before it, and the score "
                "it got.*",
                f"### In this search\n\n{here(self.search, self.found)} {on_bets(self.bets)}",
                LIMITS.replace("{share}", good),
            ]
        )


def here(search: Search, found: Split) -> str:
    """Which values are typical of good trials, in a sentence."""
    text = (
        f"{some(len(found.good), 'trial')} of {len(found.good) + len(found.bad)} count as good, "
        f"those with a mean IoU above {found.threshold:.4f}."
    )
    typical = []
    for column in search.importance.order[:3]:
        parameter = search.space.parameters[column]
        values = sorted(found.good[:, column])
        if parameter.kind == "categorical":
            most = max(set(values), key=values.count)
            said = f"{write_value(parameter.from_unit(most))} ({values.count(most)} of them)"
        else:
            low, high = (write_value(parameter.from_unit(v)) for v in (values[0], values[-1]))
            said = low if low == high else f"{low} to {high}"
        typical.append(f"`{parameter.name}` {said}")
    return f"{text} They have {listed(typical)}."
