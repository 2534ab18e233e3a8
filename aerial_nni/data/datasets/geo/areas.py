"""Areas in a `scenes.yaml`: their scenes, and the files of their labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aerial_nni.data.pipeline.class_labels import check_name
from aerial_nni.data.pipeline.matching import natural

WIDEST = 1e5
"""Metres of a line."""


@dataclass(frozen=True, kw_only=True)
class LabelFile:
    """A file of labels: where, and how its shapes or values become classes."""

    path: Path
    layer: str = ""
    attribute: str = ""
    of_class: int | None = None
    """The class of all its shapes."""
    width: float | str = 0.0
    """Metres of a line, or the column that has them."""
    crs: str = ""
    """Its reference system where the file does not say."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """Scenes with their labels. Without a `name` each scene is an area of its own."""

    name: str
    scenes: tuple[Path, ...]
    labels: tuple[LabelFile, ...]
    inside: LabelFile | None
    shared: bool = False
    """Whether `inside` is that of several areas."""


def read_areas(root: Path, value: dict[str, Any], names: Sequence[str]) -> tuple[Area, ...]:
    """Those under `areas`, or the one that the whole file is."""
    kinds = ("scenes", "labels", "inside")
    given = value.get("areas")
    if given is None:
        return (_area(root, "", value, value, names),)
    if not isinstance(given, dict) or not given:
        raise ValueError("areas: needs lines `name: {scenes: ..., labels: ...}`")
    for kind in kinds:
        if kind in value and kind != "inside":
            raise ValueError(f"{kind}: stands beside areas; write it into each of them")
    for name, one in given.items():
        check_keys(one, kinds, f"areas: {name}: ")
    return tuple(_area(root, _named(name), one, value, names) for name, one in given.items())


def _area(
    root: Path, name: str, one: dict[str, Any], whole: dict[str, Any], names: Sequence[str]
) -> Area:
    prefix = f"areas: {name}: " if name else ""
    scenes = [path for text in _texts(one, "scenes", prefix) for path in _matches(root, text)]
    if not scenes:
        raise ValueError(f"{prefix}scenes: {one.get('scenes')!r} names no file in {root}")
    usual = whole.get("attribute", "")
    listed = one.get("labels")
    listed = listed if isinstance(listed, list) else [listed]
    labels = tuple(_label(root, item, usual, names, prefix) for item in listed)
    inside = one.get("inside", whole.get("inside"))
    return Area(
        name=name,
        scenes=tuple(dict.fromkeys(scenes)),
        labels=labels,
        inside=None if inside is None else _label(root, inside, "", names, f"{prefix}inside: "),
        shared=whole is not one and "inside" not in one and len(whole["areas"]) > 1,
    )


def _label(root: Path, item: Any, attribute: Any, names: Sequence[str], prefix: str) -> LabelFile:
    """A file of labels, as it stands in the list: a name, or keys with values."""
    one = {"file": item} if isinstance(item, str) else item
    if not isinstance(one, dict) or not isinstance(one.get("file"), str):
        raise ValueError(f"{prefix}labels: {item!r} must be a file or {{file: ..., class: ...}}")
    prefix = f"{prefix}labels: {one['file']}: "
    check_keys(one, ("file", "layer", "attribute", "class", "width", "crs"), prefix)
    of_class, width = one.get("class"), one.get("width", 0.0)
    if of_class is not None and of_class not in names:
        raise ValueError(f"{prefix}class: {of_class!r} is no class; known: {', '.join(names)}")
    if not isinstance(width, str) and (type(width) not in (int, float) or not 0 <= width <= WIDEST):
        raise ValueError(f"{prefix}width: {width!r} must be metres, or the name of a column")
    texts = {key: one.get(key, "") for key in ("layer", "crs")}
    texts["attribute"] = one.get("attribute", attribute)
    for key, text in texts.items():
        if not isinstance(text, str):
            raise ValueError(f"{prefix}{key}: {text!r} must be a text; put it in quotes")
    return LabelFile(
        path=root / one["file"],
        of_class=None if of_class is None else names.index(of_class),
        width=width,
        **texts,
    )


def _matches(root: Path, text: str) -> list[Path]:
    """The files that a pattern means, in natural order; a plain name means itself."""
    if not re.search(r"[*?\[]", text):
        return [root / text]
    found = [path for path in root.glob(text) if path.is_file() and path.name[0] != "."]
    return sorted(found, key=lambda path: natural(str(path)))


def _texts(value: dict[str, Any], key: str, prefix: str) -> list[str]:
    found = value.get(key)
    texts = [text for text in (found if isinstance(found, list) else [found]) if text]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{prefix}{key}: {found!r} must be a file, a pattern or a list of these")
    return texts


def check_keys(value: Any, keys: Sequence[str], prefix: str) -> None:
    """Raises `ValueError` for what is no mapping, or has other keys."""
    if not isinstance(value, dict):
        raise ValueError(f"{prefix}{value!r} must be `key: value` lines")
    for key in value:
        if key not in keys:
            raise ValueError(f"{prefix}there is no key {key!r}; known: {', '.join(keys)}")


def _named(name: Any) -> str:
    """The name of an area."""
    if not isinstance(name, str):
        raise ValueError(f"areas: YAML reads the name {name!r} as no text; put it in quotes")
    check_name(name, "an area")
    return name
