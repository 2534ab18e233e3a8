"""Vector files: their shapes with what they mean, as they stand there; none is guessed or mended.

Only files of a few kinds are opened, by their content: others may name further files or addresses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from rasterio.crs import CRS
from rasterio.errors import CRSError

from aerial_nni.data.dataset import VOID, Problem
from aerial_nni.data.datasets.geo.areas import LabelFile
from aerial_nni.data.datasets.geo.meridian import unwrapped
from aerial_nni.data.datasets.geo.plane import carry_shapes, full_turn

DRIVERS = {"GPKG", "GeoJSON", "ESRI Shapefile", "FlatGeobuf"}
STARTS = {
    ".gpkg": (b"SQLite format 3\0",),
    ".geojson": (b"{",),
    ".json": (b"{",),
    ".shp": (b"\0\0\x27\x0a",),
    ".fgb": (b"fgb\x03",),
}
"""Endings of vector files, and how the content of each begins."""

LARGEST = 4 << 30
"""Bytes of a vector file: its shapes are in memory while the cache is built."""
MOST = 5_000_000
"""Shapes of a vector file."""
SHOWN = 3
"""Shapes that a finding names."""

POINTS, LINES, AREAS = {0, 4}, {1, 2, 5}, {3, 6}
"""shapely's numbers of kinds of shapes."""


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """Shapes of a file in the dataset's plane, all areas, with the class of each."""

    path: Path
    shapes: np.ndarray
    """(n,) of polygons."""
    classes: np.ndarray
    """(n,) uint8, class indices or `VOID`."""
    numbers: np.ndarray
    """(n,) by which the file knows them."""


class Unreadable(ValueError):
    """A vector file cannot be used at all. `problem` says why."""

    def __init__(self, where: str, text: str, mend: str) -> None:
        self.problem = Problem(where=where, text=text, mend=mend)
        super().__init__(str(self.problem))


def is_vector(path: Path) -> bool:
    """Whether a file's name is that of a vector file."""
    return path.suffix.lower() in STARTS


def read_shapes(
    label: LabelFile, *, values: Mapping[str, int], plane: CRS, problems: list[Problem]
) -> Shapes:
    """The shapes of a file; what is wrong with single ones is added to `problems`.

    Raises:
        Unreadable: with what to type next.
    """
    where = str(label.path)
    table, shapes, numbers, crs = _read(label)
    kinds = shapely.get_type_id(shapes)
    odd = _Odd(where, numbers, problems)
    odd.say(shapely.is_missing(shapes) | shapely.is_empty(shapes), "without a geometry",
            "delete them, or draw them", fatal=False)  # fmt: skip
    odd.say(np.isin(kinds, list(POINTS)) | (kinds == 7), "of points or of mixed kinds",
            "keep polygons and lines only")  # fmt: skip
    if crs.is_geographic:
        shapes, crosses = unwrapped(shapes, full_turn(crs))
        odd.say(crosses, "whose border jumps across the 180th meridian; it is taken the short way "
                "around the Earth", "nothing needs to be done if that is meant",
                fatal=False)  # fmt: skip
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    reasons = shapely.is_valid_reason(shapes[broken][:SHOWN])
    odd.say(broken, f"with an invalid geometry ({'; '.join(map(str, reasons))})",
            f"mend them with: ogr2ogr -makevalid mended.gpkg {label.path}")  # fmt: skip
    classes, known = _classes(label, table, values, odd)
    widths = _widths(label, table, np.isin(kinds, list(LINES)), odd)
    good = np.isin(kinds, [*AREAS, *LINES]) & ~shapely.is_empty(shapes) & ~broken & known
    good &= ~np.isin(kinds, list(LINES)) | (widths > 0)
    try:
        ground = carry_shapes(crs, plane, shapes[good])
    except ValueError as error:
        raise Unreadable(where, str(error), "say the right one in scenes.yaml: `crs:`") from error
    lines = np.isin(kinds[good], list(LINES))
    ground[lines] = shapely.buffer(ground[lines], widths[good][lines] / 2, cap_style="flat")
    return Shapes(path=label.path, shapes=ground, classes=classes[good], numbers=numbers[good])


class _Odd:
    """What is wrong with single shapes of a file, as findings."""

    def __init__(self, where: str, numbers: np.ndarray, problems: list[Problem]) -> None:
        self.where, self.numbers, self.problems = where, numbers, problems

    def say(self, which: np.ndarray, what: str, mend: str, *, fatal: bool = True) -> None:
        """Adds a finding where there are any."""
        if which.any():
            count = int(which.sum())
            first = ", ".join(map(str, self.numbers[which][:SHOWN]))
            more = ", ..." if count > SHOWN else ""
            text = f"{count} feature{'s' * (count > 1)} {what}: number {first}{more}"
            self.problems.append(Problem(where=self.where, text=text, mend=mend, fatal=fatal))


def _classes(
    label: LabelFile, table: dict[str, np.ndarray], values: Mapping[str, int], odd: _Odd
) -> tuple[np.ndarray, np.ndarray]:
    """The class of each shape, and whether it is known."""
    count = len(odd.numbers)
    if label.of_class is not None:
        return np.full(count, label.of_class, np.uint8), np.ones(count, bool)
    texts = np.array([_text(value) for value in table[label.attribute]], object)
    missing = np.array([text == "" for text in texts], bool)
    odd.say(missing, f"with nothing in the column {label.attribute!r}",
            "fill it in, or delete them")  # fmt: skip
    unknown = ~missing & ~np.isin(texts.astype(str), list(values))
    for text in sorted(set(texts[unknown]))[:SHOWN]:
        odd.say(texts == text, f"of the value {text!r:.60}, which is no class",
                "add it to a class in scenes.yaml, or to `void`")  # fmt: skip
    known = ~missing & ~unknown
    return np.array([values.get(text, VOID) for text in texts], np.uint8), known


def _widths(
    label: LabelFile, table: dict[str, np.ndarray], lines: np.ndarray, odd: _Odd
) -> np.ndarray:
    """Metres of each line, 0 where they are not said."""
    if isinstance(label.width, str):
        widths = np.array([_number(value) for value in table[label.width]], float)
    else:
        widths = np.full(len(lines), float(label.width))
    odd.say(lines & ~(widths > 0), "of lines without a width",
            "say it in scenes.yaml, in metres: `width: 6`, or the column that has it")  # fmt: skip
    return np.where(widths > 0, widths, 0)


def _text(value: Any) -> str:
    """A value of a column as text; empty for nothing."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _read(label: LabelFile) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, CRS]:
    """Columns that are needed, shapes, their numbers and their system."""
    import pyogrio  # slow to import

    where = str(label.path)
    check_file(label.path)
    try:
        layer = label.layer or _only_layer(label.path)
        about = pyogrio.read_info(label.path, layer=layer)
        wanted = [name for name in _columns(label) if name]
        for name in wanted:
            if name not in about["fields"]:
                fields = ", ".join(about["fields"]) or "none"
                raise Unreadable(where, f"it has no column {name!r}; it has {fields}",
                                 "name one of these in scenes.yaml")  # fmt: skip
        if about["features"] > MOST:
            raise Unreadable(where, f"it has {about['features']} features, more than {MOST}",
                             "cut it into several files")  # fmt: skip
        meta, numbers, shapes, columns = pyogrio.raw.read(
            label.path, layer=layer, columns=wanted, force_2d=True, return_fids=True
        )
        geometries = shapely.from_wkb(shapes)
    except Unreadable:
        raise
    except Exception as error:  # GDAL and GEOS raise whatever they stumble over
        raise Unreadable(where, f"it cannot be read: {error}", "save it as GeoPackage") from error
    table = dict(zip(meta["fields"], columns, strict=True))
    return table, geometries, numbers, system_of(label, meta["crs"])


def _columns(label: LabelFile) -> Iterator[str]:
    """Columns of a file that are needed."""
    if label.of_class is None:
        if not label.attribute:
            raise Unreadable(str(label.path), "which class its shapes are of is not said",
                             "say it in scenes.yaml: `attribute:` or `class:`")  # fmt: skip
        yield label.attribute
    if isinstance(label.width, str):
        yield label.width


def check_file(path: Path) -> None:
    """Raises `Unreadable` for what is no regular vector file of a kind that is read."""
    where, kinds = str(path), ", ".join(STARTS)
    if not path.is_file():
        raise Unreadable(where, "it does not exist, or is no regular file", "name one that is")
    if not is_vector(path):
        raise Unreadable(where, f"its name does not end in {kinds}", "save it as GeoPackage")
    if path.stat().st_size > LARGEST:
        raise Unreadable(where, f"it has more than {LARGEST} bytes", "cut it into several files")
    with path.open("rb") as file:
        begin = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if not begin.startswith(STARTS[path.suffix.lower()]):
        raise Unreadable(where, f"it does not start as a {path.suffix.lower()} does", "get it anew")


def _only_layer(path: Path) -> str:
    """The layer of a file. Raises `Unreadable` where it has several."""
    import pyogrio

    layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    if len(layers) != 1:
        raise Unreadable(str(path), f"it has {len(layers)} layers with shapes: {', '.join(layers)}",
                         "say in scenes.yaml which: {file: ..., layer: ...}")  # fmt: skip
    return layers[0]


def system_of(label: LabelFile, found: str | None) -> CRS:
    """The reference system of a file, its own or the one that the list says."""
    text = label.crs or found
    if not text:
        raise Unreadable(str(label.path), "it does not say its coordinate reference system",
                         'say it in scenes.yaml: `crs: "EPSG:N"`')  # fmt: skip
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise Unreadable(str(label.path), f"its reference system {text!r:.60} is not known",
                         'say it in scenes.yaml: `crs: "EPSG:N"`') from error  # fmt: skip
