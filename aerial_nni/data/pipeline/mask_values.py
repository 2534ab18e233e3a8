"""Count the values in a mask, before anybody says what they mean."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aerial_nni.data.pipeline.class_labels import MOST
from aerial_nni.data.pipeline.image_reading import colour_values, in_colours, index_values
from aerial_nni.data.pipeline.masks import Colour, Holes, grey, packed
from aerial_nni.rasters import open_whole


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a mask holds: indices, or where it is `coloured` colours as numbers 0xRRGGBB."""

    path: Path
    shape: tuple[int, int]
    coloured: bool
    pixels: Counter[int]
    nodata: Counter[int]
    """Values of pixels that the file calls nothing by their value."""
    palette: dict[int, Colour] = field(default_factory=dict)
    """The colour of each index that is there, of a palette picture."""


def values_held(path: Path) -> Held:
    """What a mask holds: indices, unless it has other colours than grey and no palette.

    Raises:
        ValueError: it cannot be read, or holds more values than classes can be told apart.
    """
    with open_whole(path) as picture:
        table = picture.palette
    if table is None and in_colours(path):
        values, holes = colour_values(path)
        if grey(values) is None:
            return _held(path, packed(values), holes, coloured=True)
    values, holes = index_values(path)
    held = _held(path, values, holes)
    if table is None:
        return held
    colours = {value: tuple(table[value, :3].tolist()) for value in held.pixels}
    return Held(**{**vars(held), "palette": colours})


def colours_held(path: Path) -> Held:
    """What a mask holds, as colours whatever it is."""
    values, holes = colour_values(path)
    return _held(path, packed(values), holes, coloured=True)


def _held(path: Path, values: np.ndarray, holes: Holes, *, coloured: bool = False) -> Held:
    count = len(np.unique(values))
    if count > MOST:
        what = "colours" if coloured else "values"
        raise ValueError(
            f"{path} holds {count:,} {what}, and classes can be {MOST} at most; was it resized or "
            "saved with loss?"
        )
    shown = np.ones(values.shape, bool) if holes.hidden is None else ~holes.hidden
    return Held(
        path=path,
        shape=(values.shape[0], values.shape[1]),
        coloured=coloured,
        pixels=_counted(values[shown]),
        nodata=Counter() if holes.unset is None else _counted(values[shown & holes.unset]),
    )


def _counted(values: np.ndarray) -> Counter[int]:
    found, counts = np.unique(values, return_counts=True)
    return Counter(dict(zip(found.tolist(), counts.tolist(), strict=True)))
