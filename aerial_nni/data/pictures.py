"""Reading pictures: files to arrays, exactly as they were saved.

JPEG, PNG and TIFF; 8 or 16 bits; any number of bands in a TIFF. Whatever is wrong with a file is
a `ValueError` that names it and says what to do. A damaged picture is never read in part.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from aerial_nni.data.masks import grey
from aerial_nni.reading import regular

FORMATS = ("JPEG", "PNG", "TIFF")
TIFF = (".tif", ".tiff")

LARGE, SWELLING = 1 << 28, 2000
"""Bytes that a TIFF may unpack to, whatever its size; and times its size that a larger one may."""

DEEP = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}
"""Pillow's names for 16-bit colours in a PNG, and for the same bytes in the other order."""

ORIENTATION = 274
"""Number of the EXIF field that says how a viewer should turn the picture; 1 is upright."""


def read_image(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """The image, shape (h, w, bands), uint8 or uint16, and its transparency, (h, w), if it has any.

    Palette pictures become RGB. Transparency is 0 where the picture shows nothing.
    """
    if path.suffix.lower() in TIFF:
        return _read_tiff(path)
    pixels = _pixels(path)
    if pixels.shape[2] in (2, 4):  # grey or RGB, with transparency
        return pixels[..., :-1], pixels[..., -1]
    return pixels, None


def read_colours(path: Path) -> np.ndarray:
    """The colours of a mask, shape (h, w, 3), uint8.

    A palette picture is turned into colours: the order of its indices means nothing.
    """
    picture, raw_mode = _decoded(path, mask=True)
    if picture.mode not in ("RGB", "RGBA", "P", "L", "1") or raw_mode in DEEP:
        raise ValueError(f"{path} has colour mode {raw_mode}; save the mask as 8-bit RGB")
    if picture.mode == "RGBA" and np.asarray(picture)[..., 3].min() < 255:
        raise ValueError(f"{path} is partly transparent; save the mask as RGB")
    return np.asarray(picture.convert("RGB"))


def read_indices(path: Path) -> np.ndarray:
    """The values of an index mask, shape (h, w), an integer type: those of the file, unchanged."""
    picture, raw_mode = _decoded(path, mask=True)
    if picture.mode in ("RGB", "RGBA") and raw_mode not in DEEP:
        values = grey(np.asarray(picture)[..., :3])
        if values is not None:
            return values
    if picture.mode not in ("L", "P", "1", "I;16", "I"):
        raise ValueError(
            f"{path} has colour mode {raw_mode}: it holds colours, no indices; "
            "give each class its colour in classes.yaml"
        )
    values = np.asarray(picture)
    return values.astype(np.uint8) if values.dtype == bool else values


def _pixels(path: Path) -> np.ndarray:
    """The pixels of an image, shape (h, w, bands), with transparency as the last band."""
    picture, raw_mode = _decoded(path)
    if picture.mode == "P":
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    if picture.mode not in ("L", "LA", "RGB", "RGBA", "I;16"):
        raise ValueError(f"{path} has colour mode {raw_mode}; save it as RGB")
    pixels = np.asarray(picture)
    if raw_mode in DEEP:
        # Pillow keeps the high byte of each 16-bit colour. Told that the order of the bytes is
        # the other one, it keeps the low byte.
        low, _ = _decoded(path, raw_mode=DEEP[raw_mode])
        pixels = pixels.astype(np.uint16) << 8 | np.asarray(low)
    return pixels.reshape(*pixels.shape[:2], -1)  # (h, w) -> (h, w, 1)


def _decoded(
    path: Path, *, mask: bool = False, raw_mode: str | None = None
) -> tuple[Image.Image, str]:
    """The decoded picture of a file, and Pillow's name for how its pixels are stored.

    With `raw_mode` the pixels are read as if they were stored in that way.
    """
    with _readable(path):
        with Image.open(path, formats=FORMATS) as picture:
            if picture.format == "PNG":
                picture.verify()  # compares the checksums, which decoding does not
        with Image.open(path, formats=FORMATS) as picture:
            jpeg = picture.format in ("JPEG", "MPO")
            if mask and jpeg:
                raise ValueError("a JPEG does not keep a mask's exact values; save it as PNG")
            if jpeg and picture.getexif().get(ORIENTATION, 1) != 1:
                raise ValueError("it is stored turned (EXIF orientation); save it upright")
            tile = picture.tile[0]
            stored = tile[3] if isinstance(tile[3], str) else picture.mode
            if raw_mode is not None:
                picture.tile = [(*tile[:3], raw_mode)]
            picture.load()
            return picture, stored


def _read_tiff(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """As `read_image`, of a TIFF file: its first series, bands last whatever their order there."""
    import tifffile  # slow to import, and most datasets have no TIFF

    with _readable(path), tifffile.TiffFile(path) as file:
        series = file.series[0]
        axes, depth = series.axes, series.dtype
        if depth not in (np.uint8, np.uint16):
            raise ValueError(f"its pixels are {depth}; save it as 8-bit or 16-bit unsigned")
        if axes != "YXS" and not (len(axes) <= 3 and axes.endswith("YX")):
            raise ValueError(f"its axes are {axes}, of {series.shape}; save one image per file")
        extra = series.keyframe.extrasamples
        transparent = bool(extra) and int(extra[-1]) in (1, 2)  # associated alpha or not
        if series.nbytes > max(LARGE, SWELLING * path.stat().st_size):
            raise ValueError(f"it would unpack to {series.nbytes} bytes; cut it into smaller ones")
        try:
            pixels = series.asarray()
        except ValueError as error:
            if "imagecodecs" not in str(error) or depth != np.uint8:
                raise
            # Pillow knows more compressions, but only for 8 bits and up to four bands.
            pixels, axes = _pixels(path), "YXS"
    if axes == "YX":
        pixels = pixels[..., None]  # (h, w) -> (h, w, 1)
    elif axes != "YXS":
        pixels = np.moveaxis(pixels, 0, -1)  # (bands, h, w) -> (h, w, bands)
    return (pixels[..., :-1], pixels[..., -1]) if transparent else (pixels, None)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns whatever decoders raise for a bad file into a `ValueError` that names the file."""
    try:
        if regular(path) == 0:
            raise ValueError("it is empty, 0 bytes")
        yield
    except UnidentifiedImageError:
        kinds = ", ".join(FORMATS)
        raise ValueError(f"{path} cannot be used: it does not start as {kinds} do") from None
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path} cannot be used: cut it into smaller ones: {error}") from error
    except MemoryError as error:  # perhaps not the file's fault, so it is not skipped
        raise MemoryError(f"{path} cannot be decoded: {error}") from error
    except Exception as error:  # decoders raise whatever they stumble over in a damaged file
        raise ValueError(f"{path} cannot be used: {error}") from error
