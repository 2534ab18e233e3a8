"""Whether a difference of scores is more than chance: means, spreads, intervals and words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np
from scipy import stats

LEVEL = 0.95
"""Of every interval."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A difference of two means, with the interval that it lies in at `LEVEL`."""

    gap: float
    spread: float | None
    """Its standard deviation; None where there is one run of either."""
    low: float
    high: float
    test: str
    """What the interval is by."""

    @property
    def known(self) -> bool:
        """Whether anything can be said of chance: one run has no spread."""
        return not math.isnan(self.low)

    @property
    def certain(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.low > 0 or self.high < 0


def welch_difference(control: Sequence[float], treated: Sequence[float]) -> Difference:
    """What independent runs have more than others, by Welch's t."""
    gap, spread, low, high = mean(treated) - mean(control), None, math.nan, math.nan
    if min(len(control), len(treated)) > 1:
        spread = math.hypot(stdev(treated), stdev(control))
        low = high = gap
        if np.var(control) or np.var(treated):
            found = stats.ttest_ind(treated, control, equal_var=False).confidence_interval(LEVEL)
            low, high = float(found.low), float(found.high)
    return Difference(gap=gap, spread=spread, low=low, high=high, test="Welch's t")


def paired_difference(differences: Sequence[float]) -> Difference:
    """What is gained in the mean over differences seed by seed, by the paired t test."""
    gap, spread, width = mean(differences), None, math.nan
    if len(differences) > 1:
        count, spread = len(differences), stdev(differences)
        width = float(stats.t.ppf((1 + LEVEL) / 2, count - 1)) * spread / math.sqrt(count)
    return Difference(gap=gap, spread=spread, low=gap - width, high=gap + width, test="paired t")


def verdict(found: Difference, *, nothing: str, harm: str, noun: str = "seed") -> str:
    """Whether a difference is more than chance: a sentence or two in Markdown, without kindness.

    Args:
        found: the difference.
        nothing: what is said further where it is smaller than its spread, and 0 in the interval.
        harm: what is said where it is below 0 for certain.
        noun: what the spread is over.
    """
    if found.spread is None:
        return f"**One {noun} has no spread: whether that is more than chance is not known.**"
    reaches = (
        f"the 95 % interval of the mean ({found.test}) reaches from {found.low:+.4f} to "
        f"{found.high:+.4f}"
    )
    if found.certain:
        said = harm if found.gap < 0 else "That is **more than the {noun}s explain**"
        more = f", more than the {noun}s explain" if found.gap < 0 else ""
        return f"{said.format(noun=noun)}{more}: {reaches}."
    if abs(found.gap) <= found.spread:
        return (
            f"**The difference is smaller than its spread: it may be chance**; {reaches}. {nothing}"
        )
    return (
        f"The difference is larger than its spread, but {reaches}: **with so few {noun}s "
        "chance alone could explain it.**"
    )
