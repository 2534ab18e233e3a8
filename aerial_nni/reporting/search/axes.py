"""A parameter as an axis: where its values lie from 0 to 1, and how they are written."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from aerial_nni.tuners.parameter import NORMAL, Parameter

MARGIN = 0.03
"""Room at both ends of an axis, so that marks at the bounds are whole."""
QUANTILES = (0.02, 0.16, 0.5, 0.84, 0.98)
"""Where the axis of a normal distribution has its marks."""


def write_value(value: Any) -> str:
    """A value as short as a reader needs it: `0.00312`, `1.2e-05`, `ce+dice`, `yes`."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, str)):
        return str(value)
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(write_value, value))
    return str(value)


def ticks(parameter: Parameter, *, most: int = 6) -> list[tuple[float, str]]:
    """Places on the unit axis and what stands there, at most some `most` where there is a choice.

    Every value of a choice has its mark; numbers have round ones, on a log scale the decades and
    as many steps between them as there is room for.
    """
    if parameter.values:
        return [(parameter.to_unit(value), write_value(value)) for value in parameter.values]
    if parameter.type in NORMAL:
        return [(quantile, write_value(parameter.from_unit(quantile))) for quantile in QUANTILES]
    high = parameter.high - 1 if parameter.type == "randint" else parameter.high
    values = _decades(parameter.low, high, most) if parameter.log else None
    if values is None:
        steps = MaxNLocator(most, integer=parameter.type == "randint", min_n_ticks=2)
        values = [float(value) for value in steps.tick_values(parameter.low, high)]
    inside = [v for v in values if parameter.low * (1 - 1e-9) <= v <= high * (1 + 1e-9)]
    if len(inside) < 2:  # no round one in a narrow range
        inside = [parameter.low, high]
    return [(parameter.share_below(value), f"{value:g}") for value in inside]


def _decades(low: float, high: float, most: int) -> list[float]:
    """Round values from `low` to `high` for a log scale."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fitting: list[float] = []
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7)):
        found = [step * 10.0**exponent for exponent in exponents for step in steps]
        inside = [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(inside) > most and len(fitting) >= 2:
            break
        fitting = inside
        if len(fitting) >= most - 2:
            break
    while len(fitting) > most + 1:
        fitting = fitting[::2]
    return fitting


def title(parameter: Parameter) -> str:
    """The parameter's name, and its scale where that is not plain."""
    return f"{parameter.name} (log scale)" if parameter.log else parameter.name


def parameter_axis(axes: Axes, parameter: Parameter, *, vertical: bool = False) -> None:
    """Makes the x axis (or the y axis) of `axes` that of a parameter."""
    marks = ticks(parameter)
    places, words = [place for place, _ in marks], [word for _, word in marks]
    if vertical:
        axes.set_yticks(places, [_broken(word) for word in words])
        axes.set_ylim(-MARGIN, 1 + MARGIN)
        axes.set_ylabel(title(parameter))
        return
    crowded = len(words) > 1 and sum(len(word) + 2 for word in words) > 32
    axes.set_xticks(places, [_broken(word) if crowded else word for word in words])
    # A number with few values has bars, whose outer halves lie beyond the ends.
    margin = max(MARGIN, 0.5 / (few - 1)) if (few := _few_steps(parameter)) else MARGIN
    axes.set_xlim(-margin, 1 + margin)
    axes.set_xlabel(title(parameter))


def _few_steps(parameter: Parameter) -> int:
    """The number of values of a parameter with steps, 0 where they are many or there are none."""
    levels = parameter.levels or 0
    return levels if parameter.step and 1 < levels <= 30 else 0


def _broken(word: str) -> str:
    """A long word in several lines, cut after a hyphen or a plus."""
    if len(word) <= 9:
        return word
    for mark in ("-", "+", "_"):
        if mark in word[1:]:
            head, tail = word.split(mark, 1)
            return f"{head}{mark}\n{tail}"
    return word


def grid_of(parameter: Parameter, count: int) -> np.ndarray:
    """Units at which a curve along a parameter is drawn: its values, or `count` even steps."""
    levels = parameter.levels
    if levels is not None and levels <= count:
        return np.array([parameter.unit(level) for level in range(levels)])
    return np.linspace(0, 1, count)
