"""What was read as what it should be: of the type that an annotation says, within its limits.

    @dataclass(frozen=True, kw_only=True)
    class Card:
        classes: Annotated[tuple[Annotated[str, Name()], ...], Distinct()]
        std: tuple[Annotated[float, Between(0, open=True)], ...]

    card = fitted(Card, read_json(path), path)

One way for headers of checkpoints, records, options and everything else. Keys that the type does
not know are left out: a newer version wrote them. Nothing is converted, but for a whole number
where a float is wanted and a list where a tuple is.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aerial_nni.config.errors import Damaged, is_plain, shown

DEEPEST = 64
"""Brackets inside each other."""

MOST = 1 << 26
"""Parts of what was read."""

LONGEST = 1000
"""Bits of a whole number."""

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Between:
    """Limits of a number, inclusive unless `open`; of a text or a list those of its length."""

    low: float
    high: float = math.inf
    open: bool = False

    def problem(self, value: Any) -> str:
        """What is wrong with a value, empty where nothing is."""
        size = len(value) if isinstance(value, Sequence | Mapping) else value
        inside = self.low < size < self.high if self.open else self.low <= size <= self.high
        what = "" if size is value else "a length "
        least = "above" if self.open else "from"
        return "" if inside else f"must be {what}{least} {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Name:
    """A name that people read: short, on one line, and no command to a terminal.

    With `inside` it may also be that of a file in a folder, and of none elsewhere.
    """

    longest: int = 200
    inside: bool = False

    def problem(self, value: str) -> str:
        """What is wrong with a value, empty where nothing is."""
        if not value.strip() or len(value) > self.longest:
            return f"must have 1 to {self.longest} letters"
        odd = next((letter for letter in value if letter in "\n\t" or not is_plain(letter)), "")
        if self.inside and (value.startswith(".") or set(value) & {"/", "\\", "\0"}):
            return "must be a name inside its folder"
        return f"has the sign {odd!a}, which is no letter of a name" if odd else ""


ANY_FLOAT = object()
"""In `Annotated[float, ANY_FLOAT]`: NaN and infinity as well."""


@dataclass(frozen=True)
class Distinct:
    """Of a list: nothing in it twice."""

    def problem(self, value: Sequence[Any]) -> str:
        """What is wrong with a value, empty where nothing is."""
        return "" if len(set(value)) == len(value) else "must have nothing twice"


@dataclass(frozen=True)
class Small:
    """Of what may be anything: few parts."""

    most: int = 100

    def problem(self, value: Any) -> str:
        """What is wrong with a value, empty where nothing is."""
        return "" if count(value) <= self.most else f"must have {self.most} parts at most"


@dataclass(frozen=True)
class OneOf:
    """One of some values."""

    known: Collection[Any]

    def problem(self, value: Any) -> str:
        """What is wrong with a value, empty where nothing is."""
        return "" if value in self.known else f"must be one of {', '.join(map(str, self.known))}"


def fitted(kind: type[Kind], value: Any, source: object, place: str = "") -> Kind:
    """`value`, of plain JSON, as what the annotation `kind` says: a dataclass, a tuple, a number.

    Raises:
        Damaged: it is something else. `source` names its file there, `place` where in it.
    """
    try:
        fit: Kind = _fit(kind, value, place)
        return fit
    except Damaged as error:
        raise Damaged(f"{source}: {error}") from None


def _fit(kind: Any, value: Any, place: str) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin is typing.Annotated:
        return _limited(inner, value, place)
    if origin in (typing.Union, types.UnionType):
        return _one_of(inner, value, place)
    if origin is typing.Literal:
        _demand(value in inner and type(value) in map(type, inner), inner, value, place)
        return value
    if dataclasses.is_dataclass(kind):
        return _object(kind, value, place)
    if origin in (tuple, list, Sequence) or kind in (tuple, list):
        return _row(origin or kind, inner, value, place)
    if origin in (dict, Mapping) or kind is dict:
        _demand(isinstance(value, dict), "keys with values", value, place)
        kind_of = inner[1] if inner else Any
        return {str(k): _fit(kind_of, v, f"{place}[{k!r:.60}]") for k, v in value.items()}
    if kind is float and _is_whole(value):
        value = float(value)
    _demand(type(value) is kind, kind.__name__, value, place)
    if kind is float:
        _demand(math.isfinite(value), "a finite number", value, place)
    if kind is int:
        _demand(abs(value) < 2**63, "a whole number of 64 bits", value, place)
    return value


def _is_whole(value: Any) -> bool:
    """Whether it is a whole number that a float can hold, if not all of its digits."""
    return type(value) is int and value.bit_length() <= LONGEST


def _demand(holds: bool, wanted: Any, value: Any, place: str) -> None:
    if not holds:
        wanted = " or ".join(map(repr, wanted)) if isinstance(wanted, tuple) else wanted
        raise Damaged(f"{place or 'its value'} is {shown(f'{value!r:.80}')}; it must be {wanted}")


def _limited(inner: tuple[Any, ...], value: Any, place: str) -> Any:
    """A value of an `Annotated` type."""
    if ANY_FLOAT in inner:
        _demand(type(value) is float or _is_whole(value), "a number", value, place)
        return float(value)
    found = _fit(inner[0], value, place)
    for limit in inner[1:]:
        if problem := limit.problem(found):
            raise Damaged(f"{place} is {shown(f'{value!r:.80}')}; it {problem}")
    return found


def _one_of(kinds: tuple[Any, ...], value: Any, place: str) -> Any:
    """A value of one of several types."""
    if value is None and type(None) in kinds:
        return None
    problem = Damaged(f"{place} is missing")
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _fit(kind, value, place)
        except Damaged as error:
            problem = error
    raise problem


def _row(kind: Any, inner: tuple[Any, ...], value: Any, place: str) -> Any:
    """A list or a tuple."""
    _demand(isinstance(value, list | tuple), "a list", value, place)
    if kind is tuple and inner and inner[-1] is not ...:
        _demand(len(value) == len(inner), f"a list of {len(inner)}", value, place)
        kinds: Sequence[Any] = inner
    else:
        kinds = [inner[0] if inner else Any] * len(value)
    made = (
        _fit(one, part, f"{place}[{i}]")
        for i, (one, part) in enumerate(zip(kinds, value, strict=True))
    )
    return list(made) if kind is list else tuple(made)


def _object(kind: Any, value: Any, place: str) -> Any:
    """A dataclass; what it does not know is left out."""
    _demand(isinstance(value, dict), "keys with values", value, place)
    hints = typing.get_type_hints(kind, include_extras=True)
    made = {}
    for spec in dataclasses.fields(kind):
        where = f"{place}.{spec.name}" if place else spec.name
        if spec.name in value:
            made[spec.name] = _fit(hints[spec.name], value[spec.name], where)
        elif spec.default is spec.default_factory is dataclasses.MISSING:
            raise Damaged(f"{where} is missing")
    return kind(**made)


def count(value: Any, depth: int = 0, known: dict[int, int] | None = None) -> int:
    """Parts of a value, those that YAML repeats by reference counted each time they stand there.

    Raises `ValueError` where they are too many, too deep in each other, or whole numbers of too
    many digits.
    """
    known = {} if known is None else known
    numbers = [value, *value] if isinstance(value, dict) else [value]
    if any(type(number) is int and number.bit_length() > LONGEST for number in numbers):
        raise ValueError("it has a whole number of more than 300 digits")
    if not isinstance(value, dict | list) or id(value) in known:
        return known.get(id(value), 1)
    if depth > DEEPEST:
        raise ValueError(f"its brackets are deeper than {DEEPEST}")
    parts = value.values() if isinstance(value, dict) else value
    known[id(value)] = 1 + sum(count(part, depth + 1, known) for part in parts)
    if known[id(value)] > MOST:
        raise ValueError(f"it has more than {MOST} parts")
    return known[id(value)]
