"""Method 1, the tree-structured Parzen estimator: its text, and its two densities."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from aerial_nni.reports.hpo.axes import write_value
from aerial_nni.reports.hpo.methods.densities import (
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


def settings() -> tuple[float, int]:
    """The share of good trials and the number of candidates, as the tuner has them."""
    from aerial_nni.tuners.tpe import CANDIDATES, GOOD  # here, as it imports nni

    return GOOD, CANDIDATES


def draw(search: Search) -> dict[str, Figure]:
    """The densities of the most important parameters, and how trials were split."""
    share, _ = settings()
    found = split(search, *search.observed(), share=share)
    return {
        "method-densities": draw_densities(search, found),
        "method-split": draw_split(search, found, bets(search, share=share)),
    }


def explain(search: Search, links: Mapping[str, str]) -> str:
    """The chapter's text."""
    share, candidates = settings()
    found = split(search, *search.observed(), share=share)
    good = percent(share)
    return "\n\n".join(
        [
            IDEA,
            SPLIT.replace("{share}", good),
            f"![Densities of good and other trials along the most important parameters, and their "
            f"ratio]({links['method-densities']})",
            DENSITIES,
            CHOICE.replace("{candidates}", str(candidates)),
            "![Which trials count as good, and the density ratio of each guided trial against its "
            f"score]({links['method-split']})",
            "*Figure: left the trials with the border between good and other ones after the last "
            "trial (marks below the axis are left out); right the ratio that each guided trial had "
            "when it was chosen, computed from the trials before it, and the score it got.*",
            f"### In this search\n\n{here(search, found)} {on_bets(bets(search, share=share))}",
            LIMITS.replace("{share}", good),
        ]
    )


DENSITIES = (
    "*Figure: the densities after the last trial of this search, along the parameters that matter "
    "most. Above, where good trials lie and where the others do; numbers with few values and "
    "categories have bars, the left one of each pair for the good trials. Below, the ratio of the "
    "two; above the line at 1 a value is more common among good trials. The tuner takes the ratio "
    "of the densities over all parameters together, of which these are the margins.*"
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
