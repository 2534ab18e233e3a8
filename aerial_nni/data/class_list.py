"""`classes.yaml`: what a folder of one's own says about itself.

Its keys are in `EXAMPLE`, which can be pasted. Only `classes` must be there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aerial_nni.data.dataset import Facts
from aerial_nni.data.masks import Colour, ColourCode, IndexCode
from aerial_nni.errors import Explained
from aerial_nni.fitting import Name
from aerial_nni.reading import read_yaml

FILE = "classes.yaml"

EXAMPLE = """\
classes:                    # in this order; the colour of each in the masks
  Building: "#3C1098"       # hexadecimal, in quotes,
  Road: [110, 193, 228]     # or red, green, blue
  Water: [226, 169, 41]
void:                       # optional: colours of pixels that belong to no class
  - [0, 0, 0]

# Or, where the masks hold indices instead of colours:
# masks: index
# classes:
#   Building: 1
#   Road: 2
# void: [0]

# All of these are optional:
# name: my-town
# bands: [red, green, blue, infrared]   # where it is not red, green, blue
# area: '^(.+)_[0-9]+$'     # regular expression on file names: its group names the ground shown
# patch: 256                # height and width of a patch in pixels
# resolution: 0.5 m
# licence: CC BY 4.0
# source: https://example.org
"""

DISPLAY: tuple[Colour, ...] = (
    (60, 16, 152), (254, 221, 58), (110, 193, 228), (226, 87, 76), (72, 160, 92), (155, 155, 155),
    (132, 41, 246), (226, 169, 41), (38, 70, 160), (240, 160, 190), (120, 80, 50), (20, 130, 140),
)  # fmt: skip
"""Colours in which classes told apart by index are shown; more classes get darker ones of these."""

MOST = 254
"""Classes that a mask can tell apart, as it is kept: one value less than a byte has is void."""

KEYS = ("name", "masks", "classes", "void", "bands", "area", "patch", "resolution", "licence",
        "source", "description")  # fmt: skip


class ClassListInvalid(Explained, ValueError):
    """`classes.yaml` cannot be used. The message says what is wrong and shows an example."""


@dataclass(frozen=True, kw_only=True)
class ClassList:
    """A class list that was read: the facts, how mask values become classes, the rule for areas."""

    facts: Facts
    index_masks: bool
    classes: Mapping[str, Any]
    """Colour or index of each class in the masks."""
    void: tuple
    area: re.Pattern[str] | None

    def code(self) -> ColourCode | IndexCode:
        """What turns mask values into classes."""
        return (IndexCode if self.index_masks else ColourCode)(self.classes, void=self.void)

    def area_of(self, name: str) -> str:
        """The ground that a sample shows: the rule's group, or its own name without a rule."""
        if self.area is None:
            return name
        found = self.area.search(name)
        if found is None:
            raise ClassListInvalid(
                f"the rule area: {self.area.pattern} in {FILE} does not match the name {name!r}; "
                "change the rule so that it matches every name"
            )
        return found.group(1)


def read_class_list(path: Path) -> ClassList:
    """The class list in a YAML file.

    Raises:
        ClassListInvalid: it cannot be used.
    """
    try:
        value = read_yaml(path)
        if not isinstance(value, dict):
            raise ValueError("it is no list of `key: value` lines")
        return _class_list(value)
    except (ValueError, OSError) as error:
        raise ClassListInvalid(f"{path}: {error}\nAn example:\n\n{EXAMPLE}") from error


def _class_list(value: dict[str, Any]) -> ClassList:
    """The class list from what the YAML file holds; a `ValueError` says what cannot be used."""
    for key in value:
        if key not in KEYS:
            raise ValueError(f"there is no key {key!r}; known: {', '.join(KEYS)}")
    kind = value.get("masks", "colour")
    if kind not in ("colour", "index"):
        raise ValueError(f"masks: {kind!r} is not known; write colour or index")
    given = value.get("classes")
    if not isinstance(given, dict) or len(given) < 2:
        raise ValueError("classes: needs two or more lines `Name: value`")
    for name in given:
        if not isinstance(name, str):
            raise ValueError(f"YAML reads the class name {name!r} as no text; put it in quotes")
        _check_name(name, "a class name")
    if len(given) > MOST:
        raise ValueError(f"classes: {len(given)} lines; a mask has room for {MOST}")
    convert = _index if kind == "index" else _colour
    classes = {name: convert(item, f"the class {name}") for name, item in given.items()}
    void = tuple(convert(item, "void") for item in _listed(value, "void"))
    _check_distinct([*classes.items(), *(("void", item) for item in void)])
    return ClassList(
        facts=_facts(value, classes, shown=kind == "index"),
        index_masks=kind == "index",
        classes=classes,
        void=void,
        area=_area(value.get("area")),
    )


def _facts(value: dict[str, Any], classes: dict[str, Any], *, shown: bool) -> Facts:
    """The facts; classes told apart by index are `shown` in colours of our own."""
    bands = tuple(_listed(value, "bands")) or ("red", "green", "blue")
    if len(bands) < 3 or len(set(bands)) < len(bands) or not all(isinstance(b, str) for b in bands):
        raise ValueError(f"bands: {list(bands)} must be three or more different names")
    for band in bands:
        _check_name(band, "a band")
    patch = value.get("patch", 256)
    if type(patch) is not int or not 1 <= patch <= 1 << 20:
        raise ValueError(f"patch: {patch!r} must be a number of pixels")
    texts: dict[str, Any] = {
        key: str(value[key])
        for key in ("resolution", "licence", "source", "description")
        if value.get(key) is not None
    }
    for key, text in texts.items():
        _check_name(text, key, longest=2000)
    _check_name(str(value.get("name") or "folder"), "name")
    return Facts(
        name=str(value.get("name") or "folder"),
        classes=tuple(classes),
        palette=_display(len(classes)) if shown else tuple(classes.values()),
        bands=bands,
        patch=patch,
        **texts,
    )


def _check_name(text: str, what: str, *, longest: int = 200) -> None:
    """Raises `ValueError` for what cannot be shown as a name."""
    if problem := Name(longest).problem(text):
        raise ValueError(f"{what}, {text!r:.60}, {problem}")


def _display(count: int) -> tuple[Colour, ...]:
    """That many different colours."""
    rounds = -(-count // len(DISPLAY))
    return tuple(
        (red * k // rounds, green * k // rounds, blue * k // rounds)
        for k in range(rounds, 0, -1)
        for red, green, blue in DISPLAY
    )[:count]


def _listed(value: dict[str, Any], key: str) -> list:
    """The list under `key`, empty where there is none."""
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise ValueError(f"{key}: {found!r} must be a list")
    return found


def _check_distinct(pairs: list[tuple[str, Any]]) -> None:
    """Raises `ValueError` where two classes, or a class and void, have the same mask value."""
    owners: dict[Any, str] = {}
    for name, item in pairs:
        if item in owners:
            raise ValueError(f"{owners[item]} and {name} have the same value {item}")
        owners[item] = name


def _colour(item: Any, owner: str) -> Colour:
    """A colour written as "#RRGGBB" or as [red, green, blue]."""
    if isinstance(item, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", item):
        return (int(item[1:3], 16), int(item[3:5], 16), int(item[5:7], 16))
    if isinstance(item, list) and len(item) == 3 and all(map(_is_byte, item)):
        return (item[0], item[1], item[2])
    hint = " (in quotes: YAML takes # for a comment)" if item is None else ""
    raise ValueError(
        f'{owner} has the colour {item!r}; write "#3C1098"{hint} or [60, 16, 152], or add the '
        "line `masks: index` if the masks hold indices"
    )


def _index(item: Any, owner: str) -> int:
    """A mask value, 0 to 255."""
    if _is_byte(item):
        return item
    raise ValueError(f"{owner} has the index {item!r}; write a number from 0 to 255")


def _is_byte(item: Any) -> bool:
    return type(item) is int and 0 <= item <= 255


def _area(rule: Any) -> re.Pattern[str] | None:
    """The compiled rule for areas, which has exactly one group."""
    if rule is None:
        return None
    try:
        pattern = re.compile(rule)
    except (re.error, TypeError) as error:
        raise ValueError(f"area: {rule!r} is no regular expression: {error}") from error
    if pattern.groups != 1:
        raise ValueError(f"area: {rule!r} has {pattern.groups} groups in brackets; give it one")
    return pattern
