"""`scenes.yaml`: which scenes there are, where their labels lie, and what these mean.

Its keys are in `EXAMPLE`, which can be pasted. Paths begin at the folder of the file.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aerial_nni.config.safe_reading import read_yaml
from aerial_nni.data.dataset import VOID, Facts
from aerial_nni.data.datasets.geo.areas import Area, check_keys, read_areas
from aerial_nni.data.pipeline.class_codes import Written
from aerial_nni.data.pipeline.class_labels import (
    Label,
    check_distinct,
    check_lines,
    colour_of,
    shown,
)
from aerial_nni.data.pipeline.class_list import ClassListInvalid, read_facts, written_values
from aerial_nni.data.pipeline.masks import Colour

FILE = "scenes.yaml"

EXAMPLE = """\
scenes: "*.tif"             # the rasters: a pattern, or a list of files
labels: labels.gpkg         # GeoPackage, GeoJSON, Shapefile or FlatGeobuf; or a raster of classes
attribute: class            # the column that says which class a shape is of
classes:                    # in this order; the values of the column that mean each
  Building: building
  Road: [road, track]
  Land: []
background: Land            # optional: where no shape lies; without it that is void

# All of these are optional:
# name: my-town
# void: [unsure]            # values of the column that are no class
# inside: area.gpkg         # an area of interest: all outside is void
# all_touched: false        # true: every pixel that a shape touches, not only those whose centre is
#                           # inside it
# overlaps: fail            # or void, or order: of two classes on one place, the later one counts
# bands: [red, green, blue, infrared]
# patch: 256                # height and width of a patch in pixels
# window: 1024              # scenes are read by squares of about so many pixels
# resolution, licence, source, description: texts
#
# Labels in several files, each with its own meaning; lines need a width in metres:
# labels:
#   - {file: houses.shp, class: Building}
#   - {file: roads.geojson, class: Road, width: 6}
#   - {file: more.gpkg, layer: tracks, attribute: kind, width: metres}    a column has the widths
#   - {file: old.shp, crs: "EPSG:32640"}       where the file does not say its reference system
#
# Several areas, each with scenes, labels, inside of its own:
# areas:
#   north: {scenes: "north/*.tif", labels: north.gpkg}
#   south: {scenes: south.tif, labels: south.gpkg, inside: south_area.geojson}
"""

KEYS = ("name", "scenes", "labels", "attribute", "classes", "background", "void", "inside",
        "areas", "all_touched", "overlaps", "bands", "patch", "window", "resolution", "licence",
        "source", "description")  # fmt: skip
OVERLAPS = ("fail", "void", "order")
WINDOW, SMALLEST, LARGEST = 1024, 64, 1 << 14
"""Pixels of a window's side: usually, and its limits."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A `scenes.yaml` that was read."""

    root: Path
    facts: Facts
    areas: tuple[Area, ...]
    values: Mapping[str, int]
    """Class of each value of the attribute, as text; `VOID` for values that are none."""
    background: int
    """Class where no shape lies, or `VOID`."""
    all_touched: bool
    overlaps: str
    window: int

    def texts_of(self, index: int) -> tuple[str, ...]:
        """The values of the attribute that mean a class, or `VOID`."""
        return tuple(text for text, own in self.values.items() if own == index)


def read_listing(path: Path) -> Listing:
    """What a `scenes.yaml` says.

    Raises:
        ClassListInvalid: it cannot be used. The message says why and shows an example.
    """
    try:
        value = read_yaml(path)
        check_keys(value, KEYS, "")
        return _listing(path.parent, value)
    except (ValueError, OSError) as error:
        raise ClassListInvalid(f"{path}: {error}\nAn example:\n\n{EXAMPLE}") from error


def _listing(root: Path, value: dict[str, Any]) -> Listing:
    labels, void = _labels(value.get("classes")), _texts(value.get("void", []), "void")
    check_distinct(labels, void)
    names = [label.name for label in labels]
    background = value.get("background")
    if background is not None and background not in names:
        raise ValueError(f"background: {background!r} is no class; known: {', '.join(names)}")
    overlaps = value.get("overlaps", "fail")
    if overlaps not in OVERLAPS:
        raise ValueError(f"overlaps: {overlaps!r} is not known; write {', '.join(OVERLAPS)}")
    if type(touched := value.get("all_touched", False)) is not bool:
        raise ValueError(f"all_touched: {touched!r} must be true or false")
    window = value.get("window", WINDOW)
    if type(window) is not int or not SMALLEST <= window <= LARGEST:
        raise ValueError(f"window: {window!r} must be {SMALLEST} to {LARGEST} pixels")
    meanings = {text: index for index, label in enumerate(labels) for text in label.values}
    return Listing(
        root=root,
        facts=read_facts(value, root.resolve().name or "geo", labels, _written(labels, void)),
        areas=read_areas(root, value, names),
        values={**meanings, **dict.fromkeys(void, VOID)},
        background=VOID if background is None else names.index(background),
        all_touched=touched,
        overlaps=overlaps,
        window=window,
    )


def _labels(given: Any) -> tuple[Label, ...]:
    """The classes, with the values of the attribute that mean each, as text."""
    check_lines(given)
    return shown({name: (_texts(item, name), _colour(item, name)) for name, item in given.items()})


def _colour(item: Any, name: str) -> Colour | None:
    """The colour that is said of a class."""
    said = item.get("colour") if isinstance(item, dict) else None
    return None if said is None else colour_of(said, f"the class {name}")


def whole_numbers(texts: Iterable[str]) -> tuple[int, ...]:
    """Those of some texts that are whole numbers, of 32 bits as all values of masks are."""
    found = [int(text) for text in texts if re.fullmatch("0|-?[1-9][0-9]{0,9}", text)]
    return tuple(number for number in found if -(2**31) <= number < 2**31)


def _written(labels: Sequence[Label], void: Sequence[str]) -> Written | None:
    """What predictions hold, where every class has a whole number; else None."""
    numbered = [replace(label, values=whole_numbers(label.values)) for label in labels]
    if not all(label.values for label in numbered):
        return None
    return written_values(numbered, whole_numbers(void), index=True)


def _texts(item: Any, owner: str) -> tuple[str, ...]:
    """Values of the attribute, as text; there may be none."""
    if isinstance(item, dict):
        check_keys(item, ("value", "values", "colour"), f"{owner}: ")
        item = item.get("values", item.get("value", []))
    items = item if isinstance(item, list) else [item]
    for one in items:
        if type(one) not in (str, int):
            hint = "; put it in quotes" if isinstance(one, bool) else ""
            raise ValueError(f"{owner} has the value {one!r}, no text and no whole number{hint}")
    return tuple(str(one) for one in items)
