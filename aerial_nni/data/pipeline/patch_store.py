"""On-disk format of prepared patches.

    images.npy     (n, patch, patch, bands), uint8 or uint16
    masks.npy      (n, patch, patch), uint8
    hidden.npy     (k, bytes), uint8: a bit per pixel, 1 where the image of a patch shows nothing,
                   for the patches in which such pixels are; not there if none has any
    patches.npy    (n, columns), int64: a row per patch, see `COLUMNS`, then its pixels per class
    index.json     the images the patches come from, and the samples that gave none
    seal.json      written last: sizes, times and checksums of the other files

Patches are appended and the number of them is filled in at the end, so a full disk is an error
while building (writing to a memory map would kill the process instead).
"""

import logging
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from aerial_nni.config.run_folder import read_json, sha256, write_json
from aerial_nni.data.pipeline.cache import CacheDamaged
from aerial_nni.data.pipeline.patches import Patch

log = logging.getLogger(__name__)

IMAGES = "images.npy"
MASKS = "masks.npy"
HIDDEN = "hidden.npy"
PATCHES = "patches.npy"
INDEX = "index.json"
SEAL = "seal.json"
COLUMNS = ("image", "y", "x", "height", "width", "hidden", "image_crc32", "mask_crc32")

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, SyntaxError, TokenError)
"""What `json` and NumPy raise for files that are not what they were; the last two for headers."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a folder of prepared patches holds; see `Prepared` for shapes."""

    images: np.ndarray
    masks: np.ndarray
    patches: tuple[Patch, ...]
    counts: np.ndarray
    crcs: np.ndarray
    """CRC-32 of each image patch and mask patch, shape (n, 2)."""
    problems: dict[str, str]
    small: dict[str, str]
    places: np.ndarray
    """Place of each patch in `bits`, (n,); -1 for those that show something everywhere."""
    bits: np.ndarray | None

    def hidden(self, number: int) -> np.ndarray | None:
        """The pixels at which a patch's image shows nothing, (h, w) bool, or None."""
        place, shape = self.places[number], self.masks.shape[1:]
        if self.bits is None or place < 0:
            return None
        return np.unpackbits(self.bits[place], count=math.prod(shape)).reshape(shape).astype(bool)


class Growing:
    """A .npy file that patches of one shape and type are appended to."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.shape, self.dtype, self.count = shape, dtype, 0
        self.file: BinaryIO = path.open("wb")
        self._header()
        self.start = self.file.tell()

    def _header(self) -> None:
        # NumPy leaves room in the header for the first axis to grow, so its length stays.
        npy.write_array_header_1_0(
            self.file,
            {
                "descr": npy.dtype_to_descr(self.dtype),
                "fortran_order": False,
                "shape": (self.count, *self.shape),
            },
        )

    def append(self, patch: np.ndarray) -> int:
        """Writes one patch and returns its CRC-32."""
        data = np.ascontiguousarray(patch, dtype=self.dtype)
        self.file.write(data.data)
        self.count += 1
        return zlib.crc32(data.data)

    def __enter__(self) -> "Growing":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.file.seek(0)
                self._header()
                assert self.file.tell() == self.start
        finally:
            self.file.close()


def seal(folder: Path) -> None:
    """Writes the seal of a complete folder: what `open_contents` compares the files with."""
    write_json(
        folder / SEAL,
        {
            "sizes": {name: (folder / name).stat().st_size for name in (IMAGES, MASKS)},
            "times": _times(folder),
            "sha256": {name: sha256(folder / name) for name in _small(folder)},
        },
    )


def _small(folder: Path) -> list[str]:
    """The files that are compared whole at every opening."""
    return [name for name in (PATCHES, INDEX, HIDDEN) if (folder / name).exists()]


def _times(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in (IMAGES, MASKS)}


def open_contents(folder: Path) -> Contents:
    """What lies in `folder`; patches are memory-mapped, not read.

    Sizes and the checksums of the small files are compared every time. The patches' own
    checksums are compared only if their files were touched since: that reads all of them.

    Raises:
        FileNotFoundError: nothing complete lies there.
        CacheDamaged: a file is not as it was written.
    """
    try:
        found = read_json(folder / SEAL)
        _compare(folder, found)
        opened = contents(folder)
        times = _times(folder)
        damaged = damaged_patches(opened) if times != found["times"] else ()
    except UNREADABLE as error:
        raise CacheDamaged(f"it cannot be read: {error}") from error
    if damaged:
        raise CacheDamaged(f"{len(damaged)} patches are not as they were written")
    if times != found["times"]:
        try:
            write_json(folder / SEAL, {**found, "times": times})
        except OSError as error:  # a read-only copy of a cache: it is compared at every opening
            log.info("the seal of %s cannot be renewed: %s", folder, error)
    return opened


def _compare(folder: Path, found: dict[str, Any]) -> None:
    """Raises `CacheDamaged` where sizes or checksums are not those of the seal."""
    for name, size in found["sizes"].items():
        if (folder / name).stat().st_size != size:
            raise CacheDamaged(f"{name} has another size than when it was written")
    for name, digest in found["sha256"].items():
        if sha256(folder / name) != digest:
            raise CacheDamaged(f"{name} is not as it was written")


def contents(folder: Path) -> Contents:
    """The files of a folder, without comparing them with the seal."""
    table = np.load(folder / PATCHES)
    index = read_json(folder / INDEX)
    images = [_placed(image) for image in index["images"]]
    patches = tuple(
        Patch(y=y, x=x, height=height, width=width, **images[number])
        for number, y, x, height, width in table[:, :5].tolist()
    )
    return Contents(
        images=np.load(folder / IMAGES, mmap_mode="r"),
        masks=np.load(folder / MASKS, mmap_mode="r"),
        patches=patches,
        counts=table[:, len(COLUMNS) :],
        crcs=table[:, len(COLUMNS) - 2 : len(COLUMNS)],
        problems=index["problems"],
        small=index["small"],
        places=table[:, COLUMNS.index("hidden")],
        bits=np.load(folder / HIDDEN, mmap_mode="r") if (folder / HIDDEN).exists() else None,
    )


def _placed(image: dict[str, Any]) -> dict[str, Any]:
    """An image of the index, with its ground as a tuple where it is known."""
    return {**image, "ground": tuple(image["ground"])} if "ground" in image else image


def write_index(
    folder: Path,
    images: list[dict[str, Any]],
    *,
    problems: Mapping[str, str],
    small: Mapping[str, str],
) -> None:
    """Writes the index: what is known of each image, and the samples without patches."""
    write_json(folder / INDEX, {"images": images, "problems": problems, "small": small})


def damaged_patches(contents: Contents) -> tuple[int, ...]:
    """Numbers of the patches whose image or mask is not as it was written. Reads all of them."""
    return tuple(
        number
        for number, (image, mask) in enumerate(contents.crcs.tolist())
        if zlib.crc32(contents.images[number].data) != image
        or zlib.crc32(contents.masks[number].data) != mask
    )
