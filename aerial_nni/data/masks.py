"""Mask values to classes: by colour or by index. A value that is no class is an error, always."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from aerial_nni.data.dataset import VOID

Colour = tuple[int, int, int]

UNKNOWN = 254
"""Stands for "no class" while a mask is converted: 253 is the highest possible class index."""

SHOWN = 3
"""Unknown values that an error names, the most frequent first."""


class ColourCode:
    """Classes told apart by colour.

    `classes` gives the colour of each class, in their order; pixels of a colour in `void` belong
    to none. Only exactly these colours are known.
    """

    def __init__(self, classes: Mapping[str, Colour], *, void: Sequence[Colour] = ()) -> None:
        self.names = [*classes, *("void" for _ in void)]
        self.colours = np.array([*classes.values(), *void], dtype=np.int64)  # (known, 3)
        values = [*range(len(classes)), *(VOID for _ in void)]
        self.table = np.full(1 << 24, UNKNOWN, dtype=np.uint8)  # 16 MB: one look-up per pixel
        self.table[_packed(self.colours)] = values

    def classes_of(self, colours: np.ndarray, path: Path) -> np.ndarray:
        """Class index or `VOID` of each pixel, shape (h, w), uint8, of colours (h, w, 3), uint8.

        Raises:
            ValueError: for unknown colours, with `path`, their number and the nearest classes.
        """
        packed = _packed(colours)
        mask = self.table[packed]
        unknown = mask == UNKNOWN
        if unknown.any():
            raise ValueError(self._complaint(packed[unknown], path))
        return mask

    def _complaint(self, packed: np.ndarray, path: Path) -> str:
        found, pixels = np.unique(packed, return_counts=True)
        shown = []
        for place in np.argsort(-pixels, kind="stable")[:SHOWN]:
            code = int(found[place])
            colour = (code >> 16, code >> 8 & 255, code & 255)
            nearest = ((self.colours - colour) ** 2).sum(axis=1).argmin()
            near = tuple(self.colours[nearest].tolist())
            shown.append(f"{colour} {pixels[place]}×, nearest {self.names[nearest]} {near}")
        hint = ""
        if len(found) > 100:
            hint = "; so many colours: was it resized or saved with loss?"
        return (
            f"{path} has {_some(len(packed), 'pixel')} of {_some(len(found), 'colour')} that "
            f"{'is' if len(found) == 1 else 'are'} no class: "
            f"{'; '.join(shown)}{', ...' if len(found) > SHOWN else ''}{hint}"
        )


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _packed(colours: np.ndarray) -> np.ndarray:
    """The colours, shape (..., 3), as one number each, shape (...), uint32: 0xRRGGBB."""
    packed = colours[..., 0].astype(np.uint32) << 16
    packed |= colours[..., 1].astype(np.uint32) << 8
    packed |= colours[..., 2].astype(np.uint32)
    return packed


class IndexCode:
    """Classes told apart by a number.

    `classes` gives the value of each class, 0 to 255, in their order; pixels of a value in `void`
    belong to none.
    """

    def __init__(self, classes: Mapping[str, int], *, void: Sequence[int] = ()) -> None:
        self.known = ", ".join(f"{name} {value}" for name, value in classes.items())
        self.known += "".join(f", void {value}" for value in void)
        self.table = np.full(256, UNKNOWN, dtype=np.uint8)
        self.table[list(void)] = VOID
        self.table[list(classes.values())] = range(len(classes))

    def classes_of(self, values: np.ndarray, path: Path) -> np.ndarray:
        """Class index or `VOID` of each pixel, shape (h, w), uint8, of values (h, w).

        Raises:
            ValueError: for unknown values, with `path` and their number.
        """
        inside = (values >= 0) & (values < len(self.table))
        mask = self.table[np.where(inside, values, 0)]
        unknown = ~inside | (mask == UNKNOWN)
        if unknown.any():
            found, pixels = np.unique(values[unknown], return_counts=True)
            order = np.argsort(-pixels, kind="stable")[:SHOWN]
            shown = ", ".join(f"{found[place]} ({pixels[place]}×)" for place in order)
            raise ValueError(
                f"{path} has {unknown.sum()} pixels of {len(found)} values that are no class: "
                f"{shown}{', ...' if len(found) > SHOWN else ''}; known: {self.known}"
            )
        return mask
