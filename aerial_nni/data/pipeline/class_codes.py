"""Class codes in written masks: the values of the user's own masks."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from aerial_nni.config.errors import Damaged
from aerial_nni.config.schema import Between, Distinct
from aerial_nni.data.dataset import VOID
from aerial_nni.data.pipeline.value_lookup import Lookup

Value = Annotated[int, Between(-(2**31), 2**31 - 1)]
Byte = Annotated[int, Between(0, 255)]

TYPES = ("uint8", "uint16", "int16", "int32")
"""Types of a mask's pixels; the first that has room for all values is taken."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """The value of each class and of void in masks that people get, and the colour of void.

    Inside the program a class is its index and void is `VOID`.
    """

    values: Annotated[tuple[Value, ...], Distinct()]
    void: Value = VOID
    void_colour: tuple[Byte, Byte, Byte] | None = None
    """The colour that says void in the user's own masks, if they are in colours and have one."""

    def __post_init__(self) -> None:
        if self.void in self.values:
            raise Damaged(f"the value {self.void} is that of a class and of void")

    @property
    def dtype(self) -> str:
        """The smallest type with room for all values."""
        every = (*self.values, self.void)
        limits = [(kind, np.iinfo(kind)) for kind in TYPES]
        return next(kind for kind, of in limits if of.min <= min(every) and max(every) <= of.max)

    def encoded(self, classes: np.ndarray) -> np.ndarray:
        """The values of class indices (h, w) uint8, of the type `dtype`."""
        codes: np.ndarray = self._table[classes]
        return codes

    def classes_of(self, values: np.ndarray) -> np.ndarray:
        """The class indices, uint8, of a mask that was written so."""
        return self._lookup.classes_of(values)

    def only(self, kept: list[int]) -> "Written":
        """The same for some of the classes, by their indices."""
        values = tuple(self.values[index] for index in kept)
        return Written(values=values, void=self.void, void_colour=self.void_colour)

    @cached_property
    def _table(self) -> np.ndarray:
        table = np.full(VOID + 1, self.void, self.dtype)
        table[: len(self.values)] = self.values
        return table

    @cached_property
    def _lookup(self) -> Lookup:
        classes = np.array([*range(len(self.values)), VOID], np.uint8)
        return Lookup(np.array([*self.values, self.void], np.int64), classes)


def indices(count: int) -> Written:
    """Each of so many classes as its index."""
    return Written(values=tuple(range(count)))
