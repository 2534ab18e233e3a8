"""Resume an interrupted prediction: outputs of the same settings, some of them missing.

A mask says by a tag what made it. Where a mask of the same work lies there without all that is
wanted beside it, nothing that is there is written again, and the rest is made.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aerial_nni.config.run_folder import sha256
from aerial_nni.rasters import RasterUnusable, gdal, open_raster

TAG = "aerial_nni"
"""The mask's tag that says what made it."""


TAIL = 256
"""Bytes at the end of a PNG in which the tag is."""


def mark_of(model: Path, **how: Any) -> str:
    """A digest of a model file and of all that decides what it answers."""
    text = json.dumps([sha256(model), how], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def finished(files: Mapping[str, Path], image: Path, mark: str) -> frozenset[str]:
    """The kinds of results that are there already and can stay; none where not all is of one work.

    `files` are all that are wanted, by their kinds; the mask is what says whose work it is.
    """
    there = {kind for kind, path in files.items() if path.exists()}
    mask = files["mask"]
    if not mark or "mask" not in there or len(there) == len(files):
        return frozenset()
    if not mask.is_file() or mask.stat().st_mtime < image.stat().st_mtime:
        return frozenset()
    return frozenset(there) if _says(mask, mark) else frozenset()


def _says(mask: Path, mark: str) -> bool:
    """Whether a mask has this mark."""
    if mask.suffix.lower() == ".png":  # GDAL reads no text that stands at the end, where it is
        with mask.open("rb") as file:
            file.seek(max(0, mask.stat().st_size - TAIL))
            return f"{TAG}\0{mark}".encode() in file.read()
    try:
        with gdal(), open_raster(mask) as dataset:
            said: bool = dataset.tags().get(TAG) == mark
            return said
    except RasterUnusable:  # then it is none of ours, and is not replaced unasked
        return False
