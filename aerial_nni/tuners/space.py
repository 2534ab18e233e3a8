"""NNI's search space as the unit cube in which every method works.

    >>> space = Space.parse({"lr": {"_type": "loguniform", "_value": [1e-4, 1e-2]}})
    >>> space.decode(np.array([0.5]))
    {'lr': 0.001}

Each parameter is one coordinate from 0 to 1. A logarithmic scale is linear there, a normal
distribution is its own quantile, so a uniform draw in the cube is a draw as NNI defines it.
Configurations are compared by the places of their values, never as text.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aerial_nni.tuners.parameter import (
    NORMAL,
    TYPES,
    BadSpace,
    Kind,
    Parameter,
    Place,
    is_number,
    text,
)

Config = dict[str, Any]
Places = tuple[Place, ...]
"""What a configuration is, in the order of the parameters: equal for equal ones."""

EXACT = 2**53
"""Larger whole numbers change on their way through NNI's server: those of JavaScript are floats."""


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

    def places(self, config: Mapping[str, Any]) -> Places:
        """The places of a configuration's values; other entries of it are not looked at.

        Raises:
            BadSpace: a parameter is missing or has a value that is not in the space.
        """
        missing = [name for name in self.names if name not in config]
        if missing:
            raise BadSpace(f"the configuration lacks {', '.join(missing)}")
        return tuple(parameter.place(config[parameter.name]) for parameter in self.parameters)

    def config(self, places: Places) -> Config:
        """The configuration whose values have these places."""
        pairs = zip(self.parameters, places, strict=True)
        return {parameter.name: parameter.value(place) for parameter, place in pairs}

    def at(self, units: Sequence[float] | np.ndarray) -> Places:
        """The places of the configuration at a point, shape (d,)."""
        pairs = zip(self.parameters, units, strict=True)
        return tuple(parameter.at(unit) for parameter, unit in pairs)

    def units(self, places: Places) -> np.ndarray:
        """The point of a configuration, shape (d,)."""
        pairs = zip(self.parameters, places, strict=True)
        return np.array([parameter.unit(place) for parameter, place in pairs])

    def encode(self, config: Mapping[str, Any]) -> np.ndarray:
        """The point of a configuration, shape (d,). Raises `BadSpace` as `places`."""
        return self.units(self.places(config))

    def decode(self, units: Sequence[float] | np.ndarray) -> Config:
        """The configuration at a point, shape (d,)."""
        return self.config(self.at(units))

    def snap(self, units: Sequence[float] | np.ndarray) -> np.ndarray:
        """The point of the configuration that a point stands for, shape (d,)."""
        return self.units(self.at(units))

    def sample(self, generator: np.random.Generator) -> Config:
        """A configuration drawn as the search space says."""
        return self.decode(generator.random(len(self.parameters)))


def _parameter(name: Any, spec: Any) -> Parameter:
    if not isinstance(name, str):
        raise BadSpace(f"{name!r} is no name; names are text: put it in quotes")
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
    if len(value) != wanted or not all(map(is_number, value)):
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
    if kind == "randint":
        _check_whole(name, low, high)
    parameter = Parameter(
        name=name,
        kind="integer" if kind == "randint" else "float",
        type=kind,
        low=float(low),
        high=float(high),
        step=step,
    )
    _check_reach(parameter)
    return parameter


def _check_whole(name: str, low: float, high: float) -> None:
    if low != int(low) or high != int(high):
        raise BadSpace(f"{name}: randint takes whole numbers, not {[low, high]!r}")
    if max(abs(low), abs(high)) > EXACT:
        raise BadSpace(f"{name}: randint goes to 2**53 = {EXACT} at most, not {[low, high]!r}")


def _check_reach(parameter: Parameter) -> None:
    """Raises `BadSpace` for a distribution with values that no float can hold."""
    if parameter.type not in NORMAL:
        return
    try:
        ends = [parameter.quantile(unit) for unit in (0.0, 1.0)]
    except OverflowError:
        ends = [math.inf]
    if not all(map(math.isfinite, ends)) or (parameter.type == "lognormal" and not all(ends)):
        raise BadSpace(
            f"{parameter.name}: {parameter.type} with mean {parameter.low:g} and deviation "
            f"{parameter.high:g} has values that no number can hold; give smaller ones"
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
    try:
        for value in values:
            _check_json(name, value)
    except RecursionError:
        raise BadSpace(f"{name}: a value holds itself") from None
    if len(set(map(text, values))) < len(values):
        raise BadSpace(f"{name}: a value stands twice in {list(values)!r}")
    ordered = (
        all(map(is_number, values))
        and len(values) >= 3
        and list(values)
        in (
            sorted(values),
            sorted(values, reverse=True),
        )
    )
    kind: Kind = "ordinal" if ordered else "categorical"
    return Parameter(name=name, kind=kind, type="choice", values=tuple(values))


def _check_json(name: str, value: Any) -> None:
    """Raises `BadSpace` for a value that does not come out of JSON as it went in."""
    if isinstance(value, list | tuple):
        for one in value:
            _check_json(name, one)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            _check_json(name, one)
            if not isinstance(key, str):
                raise BadSpace(f"{name}: the key {key!r} in a value is no text; put it in quotes")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if not is_number(value) or (isinstance(value, int) and abs(value) > EXACT):
            raise BadSpace(
                f"{name}: {value!r} is no number that JSON keeps; give a finite one, of whole "
                f"numbers at most 2**53 = {EXACT}, or put it in quotes"
            )
    elif not (value is None or isinstance(value, str | bool)):
        what = type(value).__name__
        raise BadSpace(f"{name}: {value!r} is a {what}, which JSON has not; put it in quotes")
