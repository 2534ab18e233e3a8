"""Map integer mask values to classes, by a table or by search."""

import numpy as np

UNKNOWN = 254
"""Stands for "no class" while a mask is converted: 253 is the highest possible class index."""

TABLE = 1 << 24
"""Entries of a table at most, a byte each: as many as there are colours."""

CHUNK = 1 << 20
"""Pixels that are looked up at once, so that no copy of a large mask is made in 64 bits."""


class Lookup:
    """The class of each of some numbers, which may be any of 64 bits.

    `classes[i]`, uint8, is that of `numbers[i]`; no number is there twice.
    """

    def __init__(self, numbers: np.ndarray, classes: np.ndarray) -> None:
        order = np.argsort(numbers)
        self.numbers = np.asarray(numbers, np.int64)[order]
        self.classes = np.asarray(classes, np.uint8)[order]
        self.first = int(self.numbers[0]) - 1
        span = int(self.numbers[-1]) - self.first
        self.table: np.ndarray | None = None
        if span <= TABLE:  # one entry more at both ends, for all that lies beyond them
            self.table = np.full(span + 2, UNKNOWN, np.uint8)
            self.table[self.numbers - self.first] = self.classes

    def classes_of(self, values: np.ndarray) -> np.ndarray:
        """The class of each value, uint8 of the same shape; `UNKNOWN` for those of no class."""
        flat = np.ascontiguousarray(values).reshape(-1)
        found = np.empty(flat.shape, np.uint8)
        for start in range(0, flat.size, CHUNK):
            found[start : start + CHUNK] = self._found(_signed(flat[start : start + CHUNK]))
        return found.reshape(values.shape)

    def _found(self, values: np.ndarray) -> np.ndarray:
        """The classes of a row of numbers, int64."""
        if self.table is not None:
            inside = np.clip(values, self.first, self.first + len(self.table) - 1)
            direct: np.ndarray = self.table[inside - self.first]
            return direct
        places = np.searchsorted(self.numbers, values).clip(max=len(self.numbers) - 1)
        classes: np.ndarray = np.where(
            self.numbers[places] == values, self.classes[places], np.uint8(UNKNOWN)
        )
        return classes


def _signed(values: np.ndarray) -> np.ndarray:
    """The values as int64; what is too large for it as the largest, which is no mask's value."""
    if values.dtype == np.uint64:
        values = np.minimum(values, np.uint64(np.iinfo(np.int64).max))
    return values.astype(np.int64)
