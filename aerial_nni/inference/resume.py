"""Resume an interrupted prediction: outputs of the same settings, some of them missing.

Each output says what made it: by a tag of a raster, by a member of a GeoJSON, by the metadata of a
GeoPackage. Where a mask of the same work lies there, what was made with the same options is not
written again; what is missing, or was made with others, is.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from aerial_nni.config.run_folder import sha256
from aerial_nni.rasters import RasterUnusable, gdal, open_raster

TAG = "aerial_nni"
"""The tag, or member, or key of metadata, that says what made a file."""

ENDS = 256
"""Bytes at the end of a PNG, or at the beginning of a GeoJSON, in which the tag is."""

LAYER = "polygons"
"""The table of a GeoPackage."""


def mark_of(model: Path, **how: Any) -> str:
    """A digest of a model file and of all that decides what it answers."""
    return _digest([sha256(model), how])


def marks_of(work: str, options: Mapping[str, Any]) -> dict[str, str]:
    """What each kind of output is marked with: the work it is of, and a digest of its options.

    Kinds that have no options are always of the mask beside them, and are not marked. Without
    `work` nothing is.
    """
    return {kind: f"{work}-{_digest(own)[:8]}" for kind, own in options.items()} if work else {}


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def finished(
    files: Mapping[str, Path], image: Path, marks: Mapping[str, str]
) -> frozenset[str] | None:
    """The kinds of results that are there already and can stay.

    None where it is not known that they are of one work, or where nothing is left to be done.
    `files` are all that are wanted, by their kinds; the mask is what says whose work it is.
    """
    there = {kind for kind, path in files.items() if path.exists()}
    mask = files["mask"]
    if not marks or not mask.is_file() or mask.stat().st_mtime < image.stat().st_mtime:
        return None
    if _work(_said(mask)) != _work(marks["mask"]):
        return None
    left = {kind for kind in there if kind not in marks or _said(files[kind]) == marks[kind]}
    return frozenset(left) if len(left) < len(files) else None


def _work(mark: str) -> str:
    return mark.partition("-")[0]


def _said(path: Path) -> str:
    """The mark of a file; empty where it has none that can be read."""
    ending = path.suffix.lower()
    if ending == ".png":  # GDAL reads no text that stands at the end, where it is
        found = re.search(f"{TAG}\0([0-9a-f-]+)".encode(), _end(path, last=True))
    elif ending == ".geojson":
        found = re.search(f'"{TAG}": "([0-9a-f-]+)"'.encode(), _end(path, last=False))
    elif ending == ".gpkg":
        return _layer_mark(path)
    else:
        try:
            with gdal(), open_raster(path) as dataset:
                return str(dataset.tags().get(TAG, ""))
        except RasterUnusable:  # then it is none of ours, and is not replaced unasked
            return ""
    return found[1].decode() if found else ""


def _end(path: Path, *, last: bool) -> bytes:
    """The last bytes of a file, or the first ones."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - ENDS) if last else 0)
        return file.read(ENDS)


def _layer_mark(path: Path) -> str:
    """The mark of a GeoPackage."""
    try:
        return str((pyogrio.read_info(path, layer=LAYER)["layer_metadata"] or {}).get(TAG, ""))
    except (DataSourceError, DataLayerError):
        return ""
