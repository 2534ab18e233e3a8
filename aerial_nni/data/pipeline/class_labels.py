"""One class of `classes.yaml`: its name, its mask values and its display colour.

Masks of colours, masks of indices:

    Building: "#3C1098"                          Building: 1
    Road: [110, 193, 228]                        Water: [111, 112]
    Water: ["#E2A929", "#E2A92A"]                Road: {value: 7, colour: "#6EC1E4"}
    Trees: {colours: ["#00FF00", [0, 254, 0]]}   Trees: {values: [-3, 512], colour: [0, 160, 0]}

Three numbers in brackets are one colour; several colours are a list of such, or of texts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aerial_nni.config.schema import Name
from aerial_nni.data.pipeline.masks import Colour

DISPLAY: tuple[Colour, ...] = (
    (60, 16, 152), (254, 221, 58), (110, 193, 228), (226, 87, 76), (72, 160, 92), (155, 155, 155),
    (132, 41, 246), (226, 169, 41), (38, 70, 160), (240, 160, 190), (120, 80, 50), (20, 130, 140),
)  # fmt: skip
"""Colours of classes that have an index and no colour; more classes get darker ones of these."""

MOST = 254
"""Classes that a mask can tell apart, as it is kept: one value less than a byte has is void."""

LOWEST, HIGHEST = -(2**31), 2**31 - 1
"""Limits of a value in a mask."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """A class of the user's own."""

    name: str
    values: tuple[Any, ...]
    """Indices or colours that say it in the masks; predictions have the first of several."""
    colour: Colour
    """Its colour in pictures and palettes."""


def read_labels(given: Any, *, index: bool) -> tuple[Label, ...]:
    """The classes under `classes:`, with values that are indices or colours.

    Raises:
        ValueError: they cannot be used.
    """
    check_lines(given)
    read = _by_index if index else _by_colour
    return shown({name: read(item, f"the class {name}") for name, item in given.items()})


def check_lines(given: Any) -> None:
    """Raises `ValueError` unless there are classes, and each has a name that is a text."""
    if not isinstance(given, dict) or len(given) < 2:
        raise ValueError("classes: needs two or more lines `Name: value`")
    if len(given) > MOST:
        raise ValueError(f"classes: {len(given)} lines; a mask has room for {MOST}")
    for name in given:
        if not isinstance(name, str):
            raise ValueError(f"YAML reads the class name {name!r} as no text; put it in quotes")
        check_name(name, "a class name")


def shown(found: Mapping[str, tuple[tuple[Any, ...], Colour | None]]) -> tuple[Label, ...]:
    """Classes of these values, each with its own colour, or with one that no other has."""
    spare = iter(display(len(found), {colour for _, colour in found.values() if colour}))
    return tuple(
        Label(name=name, values=values, colour=colour or next(spare))
        for name, (values, colour) in found.items()
    )


def read_void(given: Any, *, index: bool) -> tuple[Any, ...]:
    """The values under `void:`, one or several.

    Raises:
        ValueError: they cannot be used.
    """
    if given is None or given == []:
        return ()
    return _indices(given, "void") if index else _colours(given, "void")


def check_distinct(labels: Sequence[Label], void: Iterable[Any]) -> None:
    """Raises `ValueError` where two classes, or a class and void, have the same mask value."""
    owners: dict[Any, str] = {}
    pairs = [(label.name, value) for label in labels for value in label.values]
    for name, value in [*pairs, *(("void", value) for value in void)]:
        if owners.get(value) == name:
            raise ValueError(f"{name} has the value {value} twice")
        if value in owners:
            raise ValueError(f"{owners[value]} and {name} have the same value {value}")
        owners[value] = name


def check_name(text: str, what: str, *, longest: int = 200) -> None:
    """Raises `ValueError` for what cannot be shown as a name."""
    if problem := Name(longest).problem(text):
        raise ValueError(f"{what}, {text!r:.60}, {problem}")


def _by_index(item: Any, owner: str) -> tuple[tuple[int, ...], Colour | None]:
    """The values of a class and its colour, where masks hold indices."""
    if not isinstance(item, dict):
        return _indices(item, owner), None
    given = _one_key(item, ("value", "values"), owner, beside=("colour",))
    colour = item.get("colour")
    return _indices(given, owner), None if colour is None else colour_of(colour, owner)


def _by_colour(item: Any, owner: str) -> tuple[tuple[Colour, ...], Colour]:
    """The values of a class and the first of them, where masks hold colours."""
    if isinstance(item, dict):
        item = _one_key(item, ("colour", "colours"), owner)
    colours = _colours(item, owner)
    return colours, colours[0]


def _one_key(
    item: dict[Any, Any], wanted: tuple[str, str], owner: str, *, beside: tuple[str, ...] = ()
) -> Any:
    """What stands under one of two keys; others that are not `beside` it are an error."""
    there = [key for key in wanted if item.get(key) is not None]
    odd = [key for key in item if key not in (*wanted, *beside)]
    if odd or len(there) != 1:
        got = f"the key {odd[0]!r}" if odd else f"{' and '.join(there) or 'neither'}"
        more = f", beside it {', '.join(beside)} if you like" if beside else ""
        raise ValueError(f"{owner} has {got}; write one of {' and '.join(wanted)}{more}")
    return item[there[0]]


def _indices(item: Any, owner: str) -> tuple[int, ...]:
    """One index or several."""
    values = item if isinstance(item, list) and item else [item]
    for value in values:
        if type(value) is not int or not LOWEST <= value <= HIGHEST:
            raise ValueError(
                f"{owner} has the index {value!r}; write a whole number from {LOWEST} to "
                f"{HIGHEST}, or several in brackets: [111, 112]"
            )
    return tuple(values)


def _colours(item: Any, owner: str) -> tuple[Colour, ...]:
    """One colour, or a list of colours."""
    several = isinstance(item, list) and item and all(isinstance(one, str | list) for one in item)
    return tuple(colour_of(one, owner) for one in (item if several else [item]))


def colour_of(item: Any, owner: str) -> Colour:
    """A colour written as "#RRGGBB" or as [red, green, blue]."""
    if isinstance(item, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", item):
        return (int(item[1:3], 16), int(item[3:5], 16), int(item[5:7], 16))
    if isinstance(item, list) and len(item) == 3 and all(map(_is_byte, item)):
        return (item[0], item[1], item[2])
    hint = " (in quotes: YAML takes # for a comment)" if item is None else ""
    raise ValueError(
        f'{owner} has the colour {item!r:.60}; write "#3C1098"{hint} or [60, 16, 152], or add the '
        "line `masks: index` if the masks hold indices"
    )


def _is_byte(item: Any) -> bool:
    return type(item) is int and 0 <= item <= 255


def display(count: int, taken: set[Colour]) -> list[Colour]:
    """That many different colours, none of those that are `taken`."""
    rounds = -(-(count + len(taken)) // len(DISPLAY))
    made = [
        (red * k // rounds, green * k // rounds, blue * k // rounds)
        for k in range(rounds, 0, -1)
        for red, green, blue in DISPLAY
    ]
    return [colour for colour in made if colour not in taken][:count]
