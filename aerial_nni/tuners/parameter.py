"""One parameter of a search space: which values it has, and where each lies from 0 to 1.

A parameter with levels has these values, for every method alike:

    choice                 each of its values
    randint                low, low + 1, … below high
    quniform, qloguniform  low, low + q, low + 2q, … up to high. `high` is one of them where it is a
                           whole number of steps above `low`, and else none; a q larger than the
                           range leaves `low` alone
    qnormal, qlognormal    the multiples of q. Those within the middle 0.999998 of the distribution
                           are suggested, the others may be added by hand

    >>> [p.value(place) for place in range(p.levels)]

*differs:* NNI's clip(round(x / q) * q, low, high) has the multiples of q and both ends; 0 would be
one of qloguniform's. A step finer than the twelve digits of a number is none.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from scipy.special import ndtr, ndtri

from aerial_nni.config.errors import UserError

Kind = Literal["categorical", "ordinal", "integer", "float"]
Place = int | float
"""Which of a parameter's values: the number of its level, or in a continuum the value itself."""

BOUNDED = ("uniform", "quniform", "loguniform", "qloguniform")
NORMAL = ("normal", "qnormal", "lognormal", "qlognormal")
TYPES = ("choice", "randint", *BOUNDED, *NORMAL)

TAIL = 1e-6
"""Share of a normal distribution, at either end, that is never suggested."""
FINEST = 1e-12
"""A step is none where it is this part of the largest value or less."""
OFF = Fraction(1, 10**14)
"""How far from a level a number that stands for it may be, as a part of it: 0.1 + 0.2 is 0.3."""


class BadSpace(UserError, ValueError):
    """A search space cannot be used; the message names the parameter and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One coordinate: a unit from 0 to 1 <-> the place of a value <-> the value."""

    name: str
    kind: Kind
    type: str
    """NNI's `_type`."""
    values: tuple[Any, ...] = ()
    """Of a choice."""
    low: float = 0.0
    """Lower bound (the mean of a normal kind)."""
    high: float = 1.0
    """Upper bound, of `randint` exclusive (the standard deviation of a normal kind)."""
    step: float = 0.0
    """From one level to the next; 0: any number."""

    @property
    def log(self) -> bool:
        """Whether the scale is logarithmic."""
        return "log" in self.type

    @cached_property
    def levels(self) -> int | None:
        """Number of different values, None where there is a continuum of them."""
        if self.values:
            return len(self.values)
        if self._grid is None:
            return None
        origin, step = self._grid
        if self.type in NORMAL:
            return round(Fraction(self.quantile(1.0)) / step) - int(origin / step) + 1
        if self.type == "randint":
            return int(self.high - self.low)
        high = exact(self.high)
        return math.floor((high + OFF * abs(high) - origin) / step) + 1

    def place(self, value: Any) -> Place:
        """Which value this is; 16 and 16.0 are one, true and 1 are two.

        Raises:
            BadSpace: it is none of the parameter's.
        """
        if self.values:
            if (found := self._numbers.get(text(value))) is None:
                raise BadSpace(f"{self.name}={value!r} is not one of {list(self.values)}")
            return found
        if not is_number(value):
            raise BadSpace(f"{self.name}={value!r} is not a number it can be")
        if self._grid is None:
            return self._inside(float(value))
        origin, step = self._grid
        number = exact(value)
        level = round((number - origin) / step)
        known = 0 <= level < (self.levels or 0)
        if known and value == self.value(level):  # rounded, where numbers are few
            return level
        beyond = self.type == "qnormal" or (self.type == "qlognormal" and value >= 0)
        if abs(origin + level * step - number) > OFF * abs(number) or not (known or beyond):
            raise BadSpace(f"{self.name}={value!r} is not one of {self._said()}")
        return level

    def has(self, value: Any) -> bool:
        """Whether it is one of the parameter's values."""
        try:
            self.place(value)
        except BadSpace:
            return False
        return True

    def value(self, place: Place) -> Any:
        """The value at a place, of the type NNI gives to a trial."""
        if self.values:
            return self.values[int(place)]
        if self._grid is None:
            return float(place)
        origin, step = self._grid
        if self.type == "randint":
            return int(origin) + int(place)
        number = float(origin + int(place) * step)
        return number if self.type in NORMAL else min(number, self.high)

    def at(self, unit: float) -> Place:
        """The place of the value at `unit`, 0 to 1."""
        unit = min(max(float(unit), 0.0), 1.0)
        if self.values or self.type == "randint":
            assert self.levels is not None
            return min(int(unit * self.levels), self.levels - 1)
        number = self.quantile(unit)
        if self._grid is None:
            return self._rounded(number)
        assert self.levels is not None
        first = float(self._grid[0])
        return min(max(round(number / self.step - first / self.step), 0), self.levels - 1)

    def unit(self, place: Place) -> float:
        """Where a place lies, 0 to 1; of a choice and an integer, the middle of its share."""
        if self.values or self.type == "randint":
            assert self.levels is not None
            return (place + 0.5) / self.levels
        return self.share_below(self.value(place))

    def from_unit(self, unit: float) -> Any:
        """The value at `unit`, 0 to 1."""
        return self.value(self.at(unit))

    def to_unit(self, value: Any) -> float:
        """Where `value` lies, 0 to 1. Raises `BadSpace` where it is none of the parameter's."""
        return self.unit(self.place(value))

    def snap(self, unit: float) -> float:
        """`unit` of the value that is there."""
        return self.unit(self.at(unit))

    def share_below(self, number: float) -> float:
        """Where a number lies on the axis, 0 to 1, be it one of the values or not."""
        if self.type == "randint":
            share = (number - self.low + 0.5) / (self.high - self.low)
            return min(max(share, 0.0), 1.0)
        if self.log:  # a value of qlognormal may be 0
            number = math.log(number) if number > 0 else -math.inf
        if self.type in NORMAL:
            return float(ndtr((number - self.low) / self.high))
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        size = max(abs(low), abs(high))  # by it, so that no difference overflows
        width = high / size - low / size
        return min(max((number / size - low / size) / width, 0.0), 1.0) if width else 0.5

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """Of a choice: the text of each value -> its number."""
        return {text(value): number for number, value in enumerate(self.values)}

    @cached_property
    def _grid(self) -> tuple[Fraction, Fraction] | None:
        """The value at level 0 and the step, both exact; None for a choice and a continuum."""
        if self.type == "randint":
            return exact(self.low), Fraction(1)
        ends = [self.quantile(0.0), self.quantile(1.0)] if self.step else []
        if not self.step or self.step <= FINEST * max(map(abs, ends)):
            return None
        step = exact(self.step)
        if self.type in NORMAL:
            return round(Fraction(ends[0]) / step) * step, step
        return exact(self.low), step

    def quantile(self, unit: float) -> float:
        """The number, of a continuum without steps, below which a share `unit` lies."""
        if self.type in NORMAL:
            inside = min(max(unit, TAIL), 1 - TAIL)
            number = self.low + self.high * float(ndtri(inside))
            return math.exp(number) if self.log else number
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            number = math.exp(min((1 - unit) * low + unit * high, high))
        else:
            number = (1 - unit) * self.low + unit * self.high
        return min(max(number, self.low), self.high)

    def _rounded(self, number: float) -> float:
        """Twelve digits of a number of a continuum, or all where the range is that narrow."""
        if self.type in NORMAL:
            return float(f"{number:.12g}")
        short = min(max(float(f"{number:.12g}"), self.low), self.high)
        return short if abs(short - number) <= 1e-9 * (self.high / 2 - self.low / 2) else number

    def _inside(self, number: float) -> float:
        if self.type in BOUNDED and not self.low <= number <= self.high:
            raise BadSpace(f"{self.name}={number:g} is not from {self.low:g} to {self.high:g}")
        if self.type == "lognormal" and number <= 0:
            raise BadSpace(f"{self.name}={number:g} is not above 0")
        return number

    def _said(self) -> str:
        """The levels in short."""
        if self.type in NORMAL:
            return f"the multiples of {self.step:g}"
        count = self.levels or 0
        shown = [f"{self.value(level):g}" for level in range(count if count < 4 else 2)]
        return ", ".join(shown if count < 4 else [*shown, "…", f"{self.value(count - 1):g}"])


def exact(number: float) -> Fraction:
    """The number as it is written: 1/10 for 0.1."""
    return Fraction(repr(float(number)))


def text(value: Any) -> str:
    """A value as JSON, equal for equal ones: 16.0 is 16, as Node writes it; true is not 1."""
    return json.dumps(_plain(value), sort_keys=True, default=str)


def is_number(value: Any) -> bool:
    """Whether it is a finite number, as a float can hold it; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
