"""Mask values to classes: by colour or by index. A value that is no class is an error, always."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.data.dataset import VOID
from aerial_nni.data.pipeline.value_lookup import UNKNOWN, Lookup

Colour = tuple[int, int, int]

SHOWN = 3
"""Unknown values that an error names, the most frequent first."""


@dataclass(frozen=True, kw_only=True)
class Holes:
    """Where the file of a mask says that nothing is, (h, w) bool each, or None for nowhere."""

    hidden: np.ndarray | None = None
    """By a mask band, transparency or NaN: void whatever the value."""
    unset: np.ndarray | None = None
    """By the value itself, such as nodata: void unless the value is listed."""

    def void_in(self, mask: np.ndarray) -> np.ndarray:
        """Class indices (h, w) uint8, `VOID` where nothing is."""
        if self.unset is not None:
            mask[self.unset & (mask == UNKNOWN)] = VOID
        if self.hidden is not None:
            mask[self.hidden] = VOID
        return mask


NO_HOLES = Holes()


class ColourCode:
    """Classes told apart by colour.

    `classes` gives the colours of each class, in their order; pixels of a colour in `void` belong
    to none. Only exactly these colours are known.
    """

    def __init__(
        self, classes: Mapping[str, Sequence[Colour]], *, void: Sequence[Colour] = ()
    ) -> None:
        self.names = [name for name, own in classes.items() for _ in own] + ["void" for _ in void]
        listed = [colour for own in classes.values() for colour in own]
        self.colours = np.array([*listed, *void], dtype=np.int64)  # (known, 3)
        self.lookup = Lookup(packed(self.colours), _numbered(classes, void))

    def classes_of(self, colours: np.ndarray, path: Path, holes: Holes = NO_HOLES) -> np.ndarray:
        """Class index or `VOID` of each pixel, shape (h, w), uint8, of colours (h, w, 3), uint8.

        Raises:
            ValueError: for unknown colours, with `path`, their number and the nearest classes.
        """
        numbers = packed(colours)
        mask = holes.void_in(self.lookup.classes_of(numbers))
        unknown = mask == UNKNOWN
        if unknown.any():
            raise ValueError(self._complaint(numbers[unknown], path))
        return mask

    def _complaint(self, numbers: np.ndarray, path: Path) -> str:
        found, pixels = np.unique(numbers, return_counts=True)
        shown = []
        for place in np.argsort(-pixels, kind="stable")[:SHOWN]:
            colour = unpacked(int(found[place]))
            nearest = ((self.colours - colour) ** 2).sum(axis=1).argmin()
            near = tuple(self.colours[nearest].tolist())
            shown.append(f"{colour} {pixels[place]}×, nearest {self.names[nearest]} {near}")
        hint = ""
        if len(found) > 100:
            hint = "; so many colours: was it resized or saved with loss?"
        return (
            f"{path} has {_some(len(numbers), 'pixel')} of {_some(len(found), 'colour')} that "
            f"{'is' if len(found) == 1 else 'are'} no class: "
            f"{'; '.join(shown)}{', ...' if len(found) > SHOWN else ''}{hint}"
        )


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def packed(colours: np.ndarray) -> np.ndarray:
    """The colours, shape (..., 3), as one number each, shape (...), uint32: 0xRRGGBB."""
    numbers = colours[..., 0].astype(np.uint32) << 16
    numbers |= colours[..., 1].astype(np.uint32) << 8
    numbers |= colours[..., 2].astype(np.uint32)
    return numbers


def unpacked(number: int) -> Colour:
    """The colour of such a number."""
    return (number >> 16, number >> 8 & 255, number & 255)


def _numbered(classes: Mapping[str, Sequence[Any]], void: Sequence[Any]) -> np.ndarray:
    """The class index of each value of all classes, then `VOID` for each of `void`."""
    numbers = [number for number, own in enumerate(classes.values()) for _ in own]
    return np.array([*numbers, *(VOID for _ in void)], np.uint8)


class IndexCode:
    """Classes told apart by a number.

    `classes` gives the values of each class, any of 32 bits, in their order; pixels of a value in
    `void` belong to none.
    """

    def __init__(self, classes: Mapping[str, Sequence[int]], *, void: Sequence[int] = ()) -> None:
        named = [f"{name} {' or '.join(map(str, own))}" for name, own in classes.items() if own]
        self.known = ", ".join([*named, *(f"void {value}" for value in void)])
        listed = [value for own in classes.values() for value in own]
        self.lookup = Lookup(np.array([*listed, *void], np.int64), _numbered(classes, void))

    def classes_of(self, values: np.ndarray, path: Path, holes: Holes = NO_HOLES) -> np.ndarray:
        """Class index or `VOID` of each pixel, shape (h, w), uint8, of values (h, w).

        Raises:
            ValueError: for unknown values, with `path` and their number.
        """
        mask = holes.void_in(self.lookup.classes_of(values))
        unknown = mask == UNKNOWN
        if unknown.any():
            found, pixels = np.unique(values[unknown], return_counts=True)
            order = np.argsort(-pixels, kind="stable")[:SHOWN]
            shown = ", ".join(f"{found[place]} ({pixels[place]}×)" for place in order)
            raise ValueError(
                f"{path} has {_some(len(values[unknown]), 'pixel')} of "
                f"{_some(len(found), 'value')} that {'is' if len(found) == 1 else 'are'} no class: "
                f"{shown}{', ...' if len(found) > SHOWN else ''}; known: {self.known}"
            )
        return mask


def grey(colours: np.ndarray) -> np.ndarray | None:
    """The grey of each pixel, (h, w), where a picture (h, w, 3) has no other colours, else None."""
    first = colours[..., :1]
    return first[..., 0] if (colours == first).all() else None
