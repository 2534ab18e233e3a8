"""NNI's search space as the unit cube in which every method works.

    >>> space = Space.parse({"lr": {"_type": "loguniform", "_value": [1e-4, 1e-2]}})
    >>> space.decode(np.array([0.5]))
    {'lr': 0.001}

Each parameter is one coordinate from 0 to 1. A logarithmic scale is linear there, a normal
distribution is its own quantile, so a uniform draw in the cube is a draw as NNI defines it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import norm

from aerial_nni.errors import Explained

Config = dict[str, Any]
Kind = Literal["categorical", "ordinal", "integer", "float"]

BOUNDED = ("uniform", "quniform", "loguniform", "qloguniform")
NORMAL = ("normal", "qnormal", "lognormal", "qlognormal")
TYPES = ("choice", "randint", *BOUNDED, *NORMAL)


class BadSpace(Explained, ValueError):
    """A search space cannot be used; the message names the parameter and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One coordinate. `to_unit` and `from_unit` are inverse up to the values that there are."""

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
    """Values are multiples of this; 0: any."""

    @property
    def log(self) -> bool:
        """Whether the scale is logarithmic."""
        return "log" in self.type

    @property
    def levels(self) -> int | None:
        """Number of different values, None where there is a continuum of them."""
        if self.values:
            return len(self.values)
        if self.type == "randint":
            return int(self.high - self.low)
        if self.step and self.type in BOUNDED:
            return round(self.high / self.step) - round(self.low / self.step) + 1
        return None

    def from_unit(self, unit: float) -> Any:
        """The value at `unit`, 0 to 1, of the type NNI gives to a trial."""
        unit = min(max(float(unit), 0.0), 1.0)
        if self.values:
            return self.values[min(int(unit * len(self.values)), len(self.values) - 1)]
        if self.type == "randint":
            return int(min(self.low + math.floor(unit * (self.high - self.low)), self.high - 1))
        if self.type in NORMAL:
            inside = min(max(unit, 1e-6), 1 - 1e-6)
            value = self.low + self.high * float(norm.ppf(inside))
            value = math.exp(value) if self.log else value
        elif self.log:
            value = math.exp(math.log(self.low) + unit * math.log(self.high / self.low))
            value = min(max(value, self.low), self.high)
        else:
            value = self.low + unit * (self.high - self.low)
        return self._rounded(value)

    def to_unit(self, value: Any) -> float:
        """Where `value` lies, 0 to 1; of a choice and an integer, the middle of its share.

        Raises:
            BadSpace: the value is not one of the parameter's.
        """
        if self.values:
            if value not in self.values:
                raise BadSpace(f"{self.name}={value!r} is not one of {list(self.values)}")
            return (self.values.index(value) + 0.5) / len(self.values)
        try:
            number = float(value)
            if self.type == "randint":
                return _clipped((number - self.low + 0.5) / (self.high - self.low))
            if self.type in NORMAL:
                if self.log:  # a rounded value may be 0
                    number = math.log(number) if number > 0 else -math.inf
                return float(norm.cdf((number - self.low) / self.high))
            if self.log:
                return _clipped(math.log(number / self.low) / math.log(self.high / self.low))
            return _clipped((number - self.low) / (self.high - self.low))
        except (TypeError, ValueError) as error:
            raise BadSpace(f"{self.name}={value!r} is not a number it can be: {error}") from error

    def snap(self, unit: float) -> float:
        """`unit` of the value that is there."""
        continuous = not (self.levels or self.step or self.type in NORMAL)
        return _clipped(unit) if continuous else self.to_unit(self.from_unit(unit))

    def _rounded(self, value: float) -> float:
        if self.step:
            value = round(value / self.step) * self.step
        value = float(f"{value:.12g}")  # 0.1 * 3 is 0.3, and encoding and decoding change nothing
        return min(max(value, self.low), self.high) if self.type in BOUNDED else value


@dataclass(frozen=True)
class Space:
    """The parameters in the order of their names in the search space."""

    parameters: tuple[Parameter, ...]

    @classmethod
    def parse(cls, search_space: Mapping[str, Any]) -> "Space":
        """The space of NNI's `{"name": {"_type": ..., "_value": [...]}}`.

        Raises:
            BadSpace: with the parameter's name and what is allowed.
        """
        if not search_space:
            raise BadSpace("the search space is empty; give it at least one parameter")
        return cls(tuple(_parameter(name, spec) for name, spec in search_space.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of the coordinates."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def size(self) -> int | None:
        """Number of configurations, None where there is a continuum of them."""
        levels = [parameter.levels for parameter in self.parameters]
        return None if None in levels else math.prod(level for level in levels if level)

    def encode(self, config: Mapping[str, Any]) -> np.ndarray:
        """The point of a configuration, shape (d,).

        Raises:
            BadSpace: a parameter is missing or has a value that is not in the space.
        """
        missing = [name for name in self.names if name not in config]
        if missing:
            raise BadSpace(f"the configuration lacks {', '.join(missing)}")
        return np.array([p.to_unit(config[p.name]) for p in self.parameters])

    def decode(self, units: Sequence[float] | np.ndarray) -> Config:
        """The configuration at a point, shape (d,)."""
        pairs = zip(self.parameters, units, strict=True)
        return {parameter.name: parameter.from_unit(unit) for parameter, unit in pairs}

    def snap(self, units: Sequence[float] | np.ndarray) -> np.ndarray:
        """The point of the configuration that a point stands for, shape (d,)."""
        pairs = zip(self.parameters, units, strict=True)
        return np.array([parameter.snap(unit) for parameter, unit in pairs])

    def sample(self, generator: np.random.Generator) -> Config:
        """A configuration drawn as the search space says."""
        return self.decode(generator.random(len(self.parameters)))


def _parameter(name: str, spec: Any) -> Parameter:
    if not isinstance(spec, Mapping) or {"_type", "_value"} - set(spec):
        raise BadSpace(f"{name}: write {{_type: uniform, _value: [0, 1]}}, not {spec!r}")
    kind, value = spec["_type"], spec["_value"]
    if kind not in TYPES:
        raise BadSpace(f"{name}: _type {kind!r} is not known; choose one of {', '.join(TYPES)}")
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise BadSpace(f"{name}: _value must be a list, not {value!r}")
    if kind == "choice":
        return _choice(name, value)
    wanted = 3 if kind.startswith("q") else 2
    if len(value) != wanted or not all(_is_number(number) for number in value):
        raise BadSpace(f"{name}: {kind} takes {wanted} numbers, not {list(value)!r}")
    low, high = value[:2]
    step = float(value[2]) if wanted == 3 else 0.0
    if wanted == 3 and step <= 0:
        raise BadSpace(f"{name}: the step of {kind} is {step:g}; give a number above 0")
    if kind in NORMAL:
        if high <= 0:
            raise BadSpace(f"{name}: the standard deviation is {high:g}; give one above 0")
    elif low >= high:
        raise BadSpace(f"{name}: {low:g} is not below {high:g}; the lower bound comes first")
    elif "log" in kind and low <= 0:
        raise BadSpace(f"{name}: {kind} needs bounds above 0, not {low:g}")
    if kind == "randint" and (low != int(low) or high != int(high)):
        raise BadSpace(f"{name}: randint takes whole numbers, not {list(value)!r}")
    return Parameter(
        name=name,
        kind="integer" if kind == "randint" else "float",
        type=kind,
        low=float(low),
        high=float(high),
        step=step,
    )


def _choice(name: str, values: Sequence[Any]) -> Parameter:
    """A choice; of three or more rising or falling numbers it has an order to learn from."""
    if not values:
        raise BadSpace(f"{name}: a choice needs at least one value")
    nested = [value for value in values if isinstance(value, Mapping) and "_name" in value]
    if nested:
        flat = [value["_name"] if value in nested else value for value in values]
        raise BadSpace(
            f"{name}: nested choices (`_name`) are not searched; write {name}: {{_type: choice, "
            f"_value: {flat}}} and each nested parameter beside it, for trials that use it"
        )
    if any(value in values[:place] for place, value in enumerate(values)):
        raise BadSpace(f"{name}: a value stands twice in {list(values)!r}")
    numbers = [value for value in values if _is_number(value)]
    ordered = len(numbers) == len(values) >= 3 and list(values) in (
        sorted(values),
        sorted(values, reverse=True),
    )
    kind: Kind = "ordinal" if ordered else "categorical"
    return Parameter(name=name, kind=kind, type="choice", values=tuple(values))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _clipped(unit: float) -> float:
    return min(max(unit, 0.0), 1.0)
