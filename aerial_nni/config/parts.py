"""Objects of a run folder's JSON files as dataclasses, whose attributes have the names of the keys.

Keys that no dataclass has are left out when a file is read, as a newer version wrote them, and are
an error when one is written. What may be missing is None.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar

from aerial_nni.config.schema import ANY_FLOAT, Name, fitted

Word = Annotated[str, Name(inside=True)]
Number = Annotated[float, ANY_FLOAT]
Score = Number | None
"""NaN, which JSON has no word for, is None in a file: the score of a class that is absent."""

Counts = dict[str, int]


class Part(Mapping[str, Any]):
    """An object of a JSON file: its attributes are its keys."""

    def __getitem__(self, key: str) -> Any:
        return vars(self)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Sparse(Part):
    """One in which what is None, and is so where nothing else is said, is left out."""

    def __getitem__(self, key: str) -> Any:
        value = vars(self)[key]
        if value is None and key in _left_out(type(self)):
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        left = _left_out(type(self))
        return (k for k, value in vars(self).items() if value is not None or k not in left)


@cache
def _left_out(kind: type) -> frozenset[str]:
    """Names of the fields that are left out where they are None."""
    return frozenset(spec.name for spec in dataclasses.fields(kind) if spec.default is None)


Kind = TypeVar("Kind")


def made(kind: type[Kind], values: Mapping[str, Any], what: str) -> Kind:
    """A dataclass of plain `values`, to be written: none of them is left out.

    Raises:
        TypeError: a dataclass has no such field.
        Damaged: a value is not what its field holds.
    """
    found = fitted(kind, dict(values), what)
    if lost := _lost(values, found):
        raise TypeError(f"{what} has {lost}, which no dataclass of `config` has: add a field there")
    return found


def _lost(values: Any, found: Any, place: str = "") -> str:
    """The place of the first key that has no attribute; empty where there is none."""
    if not isinstance(values, Mapping) or not isinstance(found, Mapping):
        return ""
    for key, value in values.items():
        where = f"{place}.{key}" if place else str(key)
        if isinstance(found, Part) and not hasattr(found, key):
            return where
        inner = getattr(found, key) if isinstance(found, Part) else found.get(key)
        if lost := _lost(value, inner, where):
            return lost
    return ""
