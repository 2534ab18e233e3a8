"""A contest's file of masks: a row for each class of each image, its pixels run-length encoded.

    ImageID_class,EncodedPixels
    street_0,1 34 92 7
    street_1,

The number of a class is its value in the masks. Pixels are numbered from 1, column by column from
the top left, as contests on Kaggle do, or row by row. An encoding is pairs of a first pixel and a
length; a class that is not there has none.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from aerial_nni.config.errors import UserError
from aerial_nni.config.run_folder import atomic
from aerial_nni.rasters import gdal, open_raster

HEADER = ("ImageID_class", "EncodedPixels")
ORDERS = ("columns", "rows")
"""How pixels may be numbered."""


class SubmissionWrong(UserError):
    """A file of masks does not say what the masks do."""


def encode(inside: np.ndarray, *, order: str = "columns") -> str:
    """The runs of a mask (h, w) of bool."""
    flat = np.concatenate([[False], inside.ravel(order=_order(order)), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    first, end = edges[::2], edges[1::2]
    return " ".join(f"{a} {b - a}" for a, b in zip(first, end, strict=True))


def decode(text: str, shape: tuple[int, int], *, order: str = "columns") -> np.ndarray:
    """The mask of `shape`, bool, that was encoded.

    Raises:
        SubmissionWrong: the text is no encoding of such a mask.
    """
    flat, end = np.zeros(shape[0] * shape[1], bool), 0
    try:
        numbers = [int(word) for word in text.split()]
        for first, length in zip(numbers[::2], numbers[1::2], strict=True):
            if first <= end or length < 1 or first + length - 1 > flat.size:
                raise ValueError(f"the run {first} {length} is not in order, or not in the mask")
            end = first + length - 1
            flat[first - 1 : end] = True
    except ValueError as error:
        raise SubmissionWrong(f"{text[:60]!r} is no run-length encoding: {error}") from error
    return flat.reshape(shape, order=_order(order))


def _order(name: str) -> Literal["F", "C"]:
    """Numpy's name of a way to number pixels."""
    return "F" if name == "columns" else "C"


def write_submission(
    path: Path, masks: Mapping[str, Path], *, values: Sequence[int], order: str = "columns"
) -> None:
    """Writes where the mask files have each of `values`, by the images' names, and checks that.

    Raises:
        SubmissionWrong: what was written does not decode to the masks.
    """
    with atomic(path) as temporary:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            for name, mask in masks.items():
                found = _read(mask)
                for label in values:
                    writer.writerow([f"{name}_{label}", encode(found == label, order=order)])
        check_submission(temporary, masks, values=values, order=order)


def check_submission(
    path: Path, masks: Mapping[str, Path], *, values: Sequence[int], order: str = "columns"
) -> None:
    """Decodes every row of a file and compares it with its mask.

    Raises:
        SubmissionWrong: a row is missing, is one too many, or differs.
    """
    rows = _rows(path)
    for name, mask in masks.items():
        found = _read(mask)
        for label in values:
            text = rows.pop(f"{name}_{label}", None)
            shape = (found.shape[0], found.shape[1])
            if text is None or (decode(text, shape, order=order) != (found == label)).any():
                raise SubmissionWrong(f"{path}: the row {name}_{label} is not what {mask} shows")
    if rows:
        raise SubmissionWrong(f"{path} has rows of no mask, the first: {next(iter(rows))}")


def _rows(path: Path) -> dict[str, str]:
    """The encodings of a file by the names of their rows."""
    csv.field_size_limit(1 << 30)
    rows: dict[str, str] = {}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        if (header := tuple(next(reader, ()))) != HEADER:
            raise SubmissionWrong(
                f"{path} begins with {','.join(header)!r}, not {','.join(HEADER)}"
            )
        for row in reader:
            if len(row) != len(HEADER) or row[0] in rows:
                problem = "a second row" if row and row[0] in rows else "no row of two columns:"
                raise SubmissionWrong(f"{path} has {problem} {','.join(row)[:60]}")
            rows[row[0]] = row[1]
    return rows


def _read(path: Path) -> np.ndarray:
    """The values of a mask file, (h, w)."""
    with gdal(), open_raster(path) as file:
        mask: np.ndarray = file.read(1)
        return mask
