"""`classes.yaml`: what a folder of one's own says about itself.

Its keys are in `EXAMPLE`, which can be pasted. Only `classes` must be there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aerial_nni.config.errors import UserError
from aerial_nni.config.safe_reading import read_yaml
from aerial_nni.config.schema import Name
from aerial_nni.data.dataset import VOID, Facts
from aerial_nni.data.pipeline.class_codes import Written
from aerial_nni.data.pipeline.class_labels import (
    Label,
    check_distinct,
    check_name,
    read_labels,
    read_void,
)
from aerial_nni.data.pipeline.mask_names import Naming
from aerial_nni.data.pipeline.masks import ColourCode, IndexCode

FILE = "classes.yaml"

EXAMPLE = """\
classes:                    # in this order; the colour of each in the masks
  Building: "#3C1098"       # hexadecimal, in quotes,
  Road: [110, 193, 228]     # or red, green, blue
  Water: ["#E2A929", "#E2A92A"]         # or several colours for one class
void: "#000000"             # optional: the colour of pixels of no class, or a list of colours

# Or, where the masks hold indices instead of colours:
# masks: index
# classes:
#   Building: 1
#   Road: [111, 112]        # several values for one class
#   Water: {value: 7, colour: "#E2A929"}      # with its colour in pictures; also `values: [7, 8]`
# void: [0, -1]

# All of these are optional:
# name: my-town             # else the folder's name
# bands: [red, green, blue, infrared]   # where it is not red, green, blue
# area: '^(.+)_[0-9]+$'     # regular expression on file names: its group names the ground shown
# mask_suffix: _mask        # t1.jpg and t1_mask.png are a pair; also mask_prefix, image_suffix, ...
# georeference: false       # where the images' files are wrong about where they lie on the Earth
# patch: 256                # height and width of a patch in pixels
# resolution: 0.5 m
# licence: CC BY 4.0
# source: https://example.org
"""

AFFIXES = ("image_prefix", "image_suffix", "mask_prefix", "mask_suffix")

KEYS = ("name", "masks", "classes", "void", "bands", "area", *AFFIXES, "georeference", "patch",
        "resolution", "licence", "source", "description")  # fmt: skip


class ClassListInvalid(UserError, ValueError):
    """`classes.yaml` cannot be used. The message says what is wrong and shows an example."""


@dataclass(frozen=True, kw_only=True)
class ClassList:
    """A class list that was read: the facts, how mask values become classes, the rule for areas."""

    facts: Facts
    index_masks: bool
    labels: tuple[Label, ...]
    void: tuple[Any, ...]
    """Values of no class: indices or colours."""
    area: re.Pattern[str] | None
    naming: Naming | None
    """How the names of an image and its mask differ, if it is said."""
    georeference: bool = True
    """Whether the files of images are believed where they lie."""

    def code(self) -> ColourCode | IndexCode:
        """What turns mask values into classes."""
        values: dict[str, Any] = {label.name: label.values for label in self.labels}
        return (IndexCode if self.index_masks else ColourCode)(values, void=self.void)

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


def read_class_list(path: Path, *, name: str = "folder") -> ClassList:
    """The class list in a YAML file; `name` is the dataset's where the file gives none.

    Raises:
        ClassListInvalid: it cannot be used.
    """
    try:
        value = read_yaml(path)
        if not isinstance(value, dict):
            raise ValueError("it is no list of `key: value` lines")
        return _class_list(value, name)
    except (ValueError, OSError) as error:
        raise ClassListInvalid(f"{path}: {error}\nAn example:\n\n{EXAMPLE}") from error


def _class_list(value: dict[str, Any], name: str) -> ClassList:
    """The class list from what the YAML file holds; a `ValueError` says what cannot be used."""
    for key in value:
        if key not in KEYS:
            raise ValueError(f"there is no key {key!r}; known: {', '.join(KEYS)}")
    kind = value.get("masks", "colour")
    if kind not in ("colour", "index"):
        raise ValueError(f"masks: {kind!r} is not known; write colour or index")
    index = kind == "index"
    labels = read_labels(value.get("classes"), index=index)
    void = read_void(value.get("void"), index=index)
    check_distinct(labels, void)
    return ClassList(
        facts=read_facts(value, name, labels, written_values(labels, void, index=index)),
        index_masks=index,
        labels=labels,
        void=void,
        area=_area(value.get("area")),
        naming=_naming(value),
        georeference=_georeference(value.get("georeference", True)),
    )


def written_values(labels: Sequence[Label], void: Sequence[Any], *, index: bool) -> Written:
    """What predictions hold: the first value of each class, or its place where masks are colours.

    Void has its first value, or else one that no class has.
    """
    if not index:
        return Written(values=tuple(range(len(labels))), void_colour=void[0] if void else None)
    taken = {value for label in labels for value in label.values}
    usual = (VOID, 0, *range(VOID - 1, -len(taken), -1))
    free = next(value for value in usual if value not in taken)
    first = tuple(label.values[0] for label in labels)
    return Written(values=first, void=void[0] if void else free)


def read_facts(
    value: dict[str, Any], name: str, labels: Sequence[Label], written: Written | None = None
) -> Facts:
    """The facts of a dataset with these classes; `name` is its own if the file has none."""
    bands = tuple(_listed(value, "bands")) or ("red", "green", "blue")
    if len(bands) < 3 or len(set(bands)) < len(bands) or not all(isinstance(b, str) for b in bands):
        raise ValueError(f"bands: {list(bands)} must be three or more different names")
    for band in bands:
        check_name(band, "a band")
    patch = value.get("patch", 256)
    if type(patch) is not int or not 1 <= patch <= 1 << 20:
        raise ValueError(f"patch: {patch!r} must be a number of pixels")
    texts: dict[str, Any] = {
        key: str(value[key])
        for key in ("resolution", "licence", "source", "description")
        if value.get(key) is not None
    }
    for key, text in texts.items():
        check_name(text, key, longest=2000)
    name = str(value.get("name") or name)
    check_name(name, "name")
    return Facts(
        name=name,
        classes=tuple(label.name for label in labels),
        palette=tuple(label.colour for label in labels),
        bands=bands,
        patch=patch,
        written=written,
        **texts,
    )


def _listed(value: dict[str, Any], key: str) -> list[Any]:
    """The list under `key`, empty where there is none."""
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise ValueError(f"{key}: {found!r} must be a list")
    return found


def _naming(value: dict[str, Any]) -> Naming | None:
    """How names differ, or None where nothing is said of it."""
    said = {key: value[key] for key in AFFIXES if value.get(key) is not None}
    for key, text in said.items():
        if not isinstance(text, str):
            raise ValueError(f"YAML reads {key}: {text!r} as no text; put it in quotes")
        if text and (set(text) & {"/", "\\"} or Name().problem(text)):
            raise ValueError(f"{key}: {text!r:.60} is no part of a file's name, such as _mask")
    return Naming(**said) if said else None


def _georeference(said: Any) -> bool:
    if type(said) is not bool:
        raise ValueError(f"georeference: {said!r} must be true or false")
    return said


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
