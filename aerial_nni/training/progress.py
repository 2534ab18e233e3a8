"""How far a run is: a bar on a terminal, plain lines elsewhere."""

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from tqdm import tqdm

log = logging.getLogger(__name__)
T = TypeVar("T")


def steps_of(items: Iterable[T], *, total: int, label: str) -> Iterator[T]:
    """`items`, with a bar on the error stream when that is a terminal."""
    hidden = not sys.stderr.isatty()
    yield from tqdm(items, total=total, desc=label, unit="batch", leave=False, disable=hidden)


def epoch_line(row: Mapping[str, float], epochs: int) -> str:
    """An epoch's row in one line for a person."""
    return (
        f"epoch {row['epoch']:.0f}/{epochs}  "
        f"loss {row['train_loss']:.4f}, validation {row['val_loss']:.4f}  "
        f"mean IoU {row['mean_iou']:.4f}  accuracy {row['pixel_accuracy']:.4f}  "
        f"{row['patches_per_second']:.0f} patches/s  {row['seconds']:.1f} s"
    )
