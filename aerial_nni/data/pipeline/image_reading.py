"""Reading whole pictures for training: images, masks of colours, masks of indices.

What values, bands and validity they have, `aerial_nni.rasters` says, for `predict` too. Whatever is
wrong with a file is a `ValueError` that names it and says what to do.

Where a mask's file says that nothing is (a mask band, transparency, NaN), the pixel is void. Where
it says so of a value (nodata, a transparent palette entry), the class list is asked first: a value
that is listed is what the list says.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.windows import Window

from aerial_nni.data.dataset import VOID, Sample
from aerial_nni.data.pipeline.masks import ColourCode, Holes, IndexCode, grey
from aerial_nni.rasters import Picture, open_whole
from aerial_nni.rasters.opening import decoding

DEPTHS = ("uint8", "uint16")
"""Types of an image's pixels."""

COLOURED = "give each class its colour in classes.yaml"
"""What to do where a mask of indices has colours."""


def read_image(path: Path, *, bands: int = 0) -> tuple[np.ndarray, np.ndarray | None]:
    """The image, (h, w, bands), uint8 or uint16, and which pixels show something, (h, w).

    The second is None where every pixel does. Palette pictures become RGB. Transparency is no band,
    unless `bands` are wanted and it makes up their number.
    """
    with open_whole(path) as picture:
        check_depth(picture)
        return picture.image(_chosen(picture, bands))


def check_depth(picture: Picture) -> None:
    """Raises `ValueError` for an image whose pixels have none of `DEPTHS`, or several."""
    if len(picture.depths) > 1 or picture.depths[0] not in DEPTHS:
        depths = " and ".join(picture.depths)
        raise ValueError(
            f"{picture.path}: its pixels are {depths}; save it as 8-bit or 16-bit unsigned"
        )


def other_bands(path: Path, count: int, bands: Sequence[str], *, listed: str) -> ValueError:
    """The error of an image that has not these `bands`; `listed` is the file to say others in."""
    names = [*bands, *(f"band{k}" for k in range(len(bands) + 1, count + 1))][:count]
    return ValueError(
        f"{path} has {count} bands, not {', '.join(bands)}; if all images have, write their names "
        f"in {listed}: `bands: [{', '.join(names)}]`"
    )


def _chosen(picture: Picture, bands: int) -> tuple[int, ...]:
    """Numbers of the bands that are read where so many are wanted; 0 for all that are seen."""
    return picture.bands_for(bands) or ((1,) if picture.palette is not None else picture.seen)


def valid_pixels(sample: Sample, *, bands: int = 0) -> np.ndarray | None:
    """Which pixels of a sample's image show something, as `read_image` has it; None if all do.

    It is decoded only where its header does not say so.
    """
    assert sample.image is not None
    with open_whole(sample.image) as picture:
        return picture.image(_chosen(picture, bands))[1] if picture.has_holes else None


def with_void(mask: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    """The mask (h, w), void where the image shows nothing. Left as it is if sizes differ."""
    if valid is None or valid.shape != mask.shape:
        return mask
    return np.where(valid, mask, np.uint8(VOID))


def read_classes(path: Path, code: ColourCode | IndexCode) -> np.ndarray:
    """Class index or `VOID` of each pixel of a mask, (h, w), uint8.

    Raises:
        ValueError: it cannot be read, or has values that are no class.
    """
    values, holes = (colour_values if isinstance(code, ColourCode) else index_values)(path)
    return code.classes_of(values, path, holes)


def read_colours(path: Path) -> np.ndarray:
    """The colours of a mask, shape (h, w, 3), uint8.

    A palette picture is turned into colours: the order of its indices means nothing.
    """
    return colour_values(path)[0]


def read_indices(path: Path) -> np.ndarray:
    """The values of an index mask, shape (h, w), an integer type: those of the file, unchanged.

    A grey picture that was saved in colours has the values of its grey.
    """
    return index_values(path)[0]


def in_colours(path: Path) -> bool:
    """Whether a mask has colours: a palette, or more bands than one."""
    with _open_mask(path) as picture:
        return picture.palette is not None or len(picture.seen) > 1


def colour_values(path: Path) -> tuple[np.ndarray, Holes]:
    """The colours of a mask, and where it says that nothing is."""
    with _open_mask(path) as picture:
        if picture.depths != ["uint8"] or len(picture.seen) not in (1, 3):
            kinds = f"{picture.count} bands of {' and '.join(picture.depths)}"
            raise ValueError(f"{path} has {kinds}; save the mask as 8-bit RGB")
        with decoding(path):
            values, holes = _with_holes(picture)
            alpha = sorted(set(range(1, picture.count + 1)) - set(picture.seen))
            if alpha and not np.isin(picture.values(alpha), (0, 255)).all():
                raise ValueError("it is partly transparent; save the mask as RGB")
        table = _shades(picture)
    if table is not None:
        return table[values[..., 0]], holes
    return np.broadcast_to(values, (*values.shape[:2], 3)), holes


def index_values(path: Path) -> tuple[np.ndarray, Holes]:
    """The values of an index mask, and where it says that nothing is."""
    with _open_mask(path) as picture:
        return indices_of(picture)


def indices_of(
    picture: Picture, window: Window | None = None, *, mend: str = COLOURED
) -> tuple[np.ndarray, Holes]:
    """The same of a mask that is open, or of a part of it.

    Raises:
        ValueError: it holds no whole numbers, or it has colours; `mend` says what to do then.
    """
    path = picture.path
    with decoding(path):
        values, holes = _with_holes(picture, window)
    index = values[..., 0] if values.shape[2] == 1 else grey(values)  # NaN is unlike itself
    if index is None:
        raise ValueError(
            f"{path} has {values.shape[2]} bands: it holds colours, no indices; {mend}"
        )
    return _whole_numbers(path, index, holes)


def _with_holes(picture: Picture, window: Window | None = None) -> tuple[np.ndarray, Holes]:
    """The values (h, w, bands) of a mask or of a part, and where it says that nothing is."""
    values = picture.values(picture.seen, window)
    hidden, unset = picture.masked(picture.seen, window), picture.unset(values, picture.seen)
    return values, Holes(hidden=hidden, unset=unset)


def _whole_numbers(path: Path, values: np.ndarray, holes: Holes) -> tuple[np.ndarray, Holes]:
    """The values as integers; NaN is nothing, 0. Raises `ValueError` where they are none."""
    if values.dtype.kind in "iu":
        return values, holes
    nothing = np.isnan(values) if holes.hidden is None else np.isnan(values) | holes.hidden
    numbers = np.where(nothing, 0, values)
    odd = numbers[~(abs(numbers) < 2.0**63) | (numbers != np.rint(numbers))]
    if odd.size or values.dtype.kind == "c":
        raise ValueError(
            f"{path} has {odd.size or numbers.size} pixels that hold no whole number, such as "
            f"{(odd if odd.size else numbers).flat[0]}; save the mask with whole numbers"
        )
    return numbers.astype(np.int64), Holes(hidden=nothing, unset=holes.unset)


def _shades(picture: Picture) -> np.ndarray | None:
    """The colour of each value of a mask of one band, (256, 3), where it is not the value itself.

    That is so of palettes, of pictures in which 0 is white, and of those of less than 8 bits.
    """
    dataset = picture.dataset
    if picture.palette is not None:
        return picture.palette[:, :3]
    structure = {**dataset.tags(ns="IMAGE_STRUCTURE"), **dataset.tags(1, ns="IMAGE_STRUCTURE")}
    highest = (1 << int(structure.get("NBITS", 8))) - 1
    white_is_zero = "MINISWHITE" in structure
    if len(picture.seen) > 1 or (highest == 255 and not white_is_zero):
        return None
    grey = np.minimum(np.arange(256) * 255 // highest, 255).astype(np.uint8)
    return np.repeat((255 - grey if white_is_zero else grey)[:, None], 3, axis=1)


@contextmanager
def _open_mask(path: Path) -> Iterator[Picture]:
    """A picture whose values are exactly those that were saved."""
    with open_whole(path) as picture:
        check_exact(picture)
        yield picture


def check_exact(picture: Picture) -> None:
    """Raises `ValueError` for a file that does not keep the values of a mask."""
    if lossy := _lossy(picture.dataset):
        kind = "GeoTIFF with deflate" if picture.dataset.driver == "GTiff" else "PNG"
        raise ValueError(
            f"{picture.path} cannot be used: a {lossy} does not keep a mask's exact values; save "
            f"it as {kind}"
        )


def _lossy(dataset: Any) -> str:
    """What kind of file changes values when they are saved, or an empty string."""
    structure = dataset.tags(ns="IMAGE_STRUCTURE")
    if dataset.driver == "JPEG" or structure.get("COMPRESSION", "").endswith("JPEG"):
        return "JPEG"
    if structure.get("COMPRESSION_REVERSIBILITY", "").startswith("LOSSY"):
        return f"lossy {dataset.driver}"
    return ""
