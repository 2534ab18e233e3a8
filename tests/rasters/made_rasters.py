"""A matrix of small rasters: types, compressions, layouts, kinds of colours, words for nothing.

Each is a file with what is in it: pixels (h, w, bands) and void (h, w), or None where the format
changes values. `bands` is what a model that reads it takes.
"""

import itertools
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
import tifffile
from PIL import Image

HEIGHT, WIDTH = 40, 48
NOTHING = np.zeros((HEIGHT, WIDTH), bool)
NOTHING[5:17, 8:30] = True
"""Where files say that nothing is."""

LOSSLESS = {
    "none": {},
    "packbits": {"compress": "packbits"},
    "lzw": {"compress": "lzw"},
    "lzw2": {"compress": "lzw", "predictor": 2},
    "deflate": {"compress": "deflate"},
    "deflate2": {"compress": "deflate", "predictor": 2},
    "zstd": {"compress": "zstd"},
    "zstd2": {"compress": "zstd", "predictor": 2},
    "lzma": {"compress": "lzma"},
    "lerc": {"compress": "lerc"},
    "lercdeflate": {"compress": "lerc_deflate"},
    "lerczstd": {"compress": "lerc_zstd"},
}
"""Compressions of a TIFF that keep values."""

VALIDITY = ("whole", "nodata", "internal", "msk", "alpha")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A raster that was made."""

    path: Path
    bands: int = 3
    pixels: np.ndarray | None = None
    void: np.ndarray | None = None
    refused: str = ""
    """Part of the reason why it cannot be read."""


def noise(bands: int, dtype: str, seed: int = 0) -> np.ndarray:
    """Pixels (h, w, bands) with no 0 among them."""
    top = 256 if dtype == "uint8" else 60_000
    return np.random.default_rng(seed).integers(1, top, (HEIGHT, WIDTH, bands)).astype(dtype)


def write_tiff(path: Path, pixels: np.ndarray, validity: str = "whole", **options) -> Made:
    """A GeoTIFF whose pixels show nothing at `NOTHING`, said in one of the ways of `VALIDITY`."""
    pixels, bands = pixels.copy(), pixels.shape[2]
    if validity == "nodata":
        pixels[NOTHING] = 0
        options["nodata"] = 0
    stored = pixels
    if validity == "alpha":
        shown = np.where(NOTHING, 0, 255).astype(pixels.dtype)
        stored = np.concatenate([pixels, shown[..., None]], axis=2)
        options["alpha"] = "yes"
    profile = {"height": HEIGHT, "width": WIDTH, "count": stored.shape[2], "dtype": pixels.dtype}
    place = rasterio.Affine(0.5, 0, 326000, 0, -0.5, 2779000)
    profile |= {"crs": "EPSG:32640", "transform": place, **options}
    internal = {"GDAL_TIFF_INTERNAL_MASK": validity == "internal"}
    with rasterio.Env(**internal), rasterio.open(path, "w", driver="GTiff", **profile) as file:
        file.write(stored.transpose(2, 0, 1))
        if validity in ("internal", "msk"):
            file.write_mask(~NOTHING)
    lossless = options.get("compress") != "jpeg"
    void = np.zeros_like(NOTHING) if validity == "whole" else NOTHING
    return Made(path=path, bands=bands, pixels=pixels if lossless else None, void=void)


def tiffs(folder: Path) -> Iterator[Made]:
    """TIFFs of every compression, depth, layout and word for nothing."""
    for (name, options), dtype, interleave, validity in itertools.product(
        LOSSLESS.items(), ("uint8", "uint16"), ("pixel", "band"), VALIDITY
    ):
        tiled = {"tiled": True, "blockxsize": 16, "blockysize": 16} if interleave == "band" else {}
        path = folder / f"{name}-{dtype}-{interleave}-{validity}.tif"
        layout = {"interleave": interleave, **tiled, **options}
        yield write_tiff(path, noise(3, dtype), validity, photometric="RGB", **layout)
    for name, options in {
        "webp": {"compress": "webp", "webp_lossless": True},
        "bigtiff": {"bigtiff": "yes"},
        "bigendian": {"endianness": "big"},
    }.items():
        for validity in ("whole", "internal", "alpha"):
            path = folder / f"{name}-{validity}.tif"
            yield write_tiff(path, noise(3, "uint8"), validity, interleave="pixel", **options)
    for photometric, validity in itertools.product(("ycbcr", "rgb"), ("whole", "internal", "msk")):
        path = folder / f"jpeg-{photometric}-{validity}.tif"
        options = {"compress": "jpeg", "photometric": photometric, "interleave": "pixel"}
        yield write_tiff(path, noise(3, "uint8"), validity, **options)
    for dtype, validity in itertools.product(("uint8", "uint16"), VALIDITY[:-1]):
        path = folder / f"five-{dtype}-{validity}.tif"
        yield write_tiff(path, noise(5, dtype), validity, photometric="minisblack")
    pixels, shown = noise(5, "uint16"), np.where(NOTHING, 0, 9)[..., None].astype("uint16")
    path = folder / "five-uint16-alpha.tif"
    tifffile.imwrite(path, np.concatenate([pixels, shown], 2), photometric="minisblack",
                     planarconfig="contig", extrasamples=[0, 0, 0, 0, 2])  # fmt: skip
    yield Made(path=path, bands=5, pixels=pixels, void=NOTHING)
    for name, nodata in {"nan": "nan", "below": "-9999", "between": "0.5"}.items():
        path, pixels = folder / f"nodata-{name}.tif", noise(3, "uint8")
        tag = (42113, "s", 0, nodata, True)
        tifffile.imwrite(path, pixels, photometric="rgb", extratags=[tag])
        yield Made(path=path, pixels=pixels, void=np.zeros_like(NOTHING))
    sparse = write_tiff(folder / "sparse.tif", 0 * noise(3, "uint8"), "nodata", sparse_ok=True)
    yield replace(sparse, void=np.ones_like(NOTHING))


def infrared(folder: Path) -> Iterator[Made]:
    """Four bands, of which the last is marked as transparency but is read: it decides nothing."""
    pixels = noise(4, "uint8")
    pixels[NOTHING, 3] = 0  # water is black in infrared
    clear = np.zeros_like(NOTHING)
    for name, options in {"rgb": {"photometric": "RGB"}, "alpha": {"alpha": "yes"}}.items():
        made = write_tiff(folder / f"infrared-{name}.tif", pixels, **options)
        yield Made(path=made.path, bands=4, pixels=pixels, void=clear)
    for ending in ("png", "webp"):
        path = folder / f"infrared.{ending}"
        Image.fromarray(pixels).save(path, lossless=True, exact=True)
        yield Made(path=path, bands=4, pixels=pixels, void=clear)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path: Path, values: np.ndarray, depth: int, kind: int, *extra: bytes) -> Path:
    """A PNG of values (h, w, bands) of `depth` bits; `kind` is its colour type, `extra` chunks."""
    if depth == 16:
        rows = [row.astype(">u2").tobytes() for row in values]
    else:
        bits = np.unpackbits(values[..., None].astype(np.uint8), axis=3)[..., 8 - depth :]
        rows = [np.packbits(row).tobytes() for row in bits]
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [chunk(b"IHDR", head), *extra, chunk(b"IDAT", data), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def pngs(folder: Path) -> Iterator[Made]:
    """PNGs of 1 to 16 bits: colours, transparency, a transparent colour, palettes."""
    clear = np.zeros_like(NOTHING)
    for depth, dtype in ((8, "uint8"), (16, "uint16")):
        pixels = noise(3, dtype)
        path = png(folder / f"rgb{depth}.png", pixels, depth, 2)
        yield Made(path=path, pixels=pixels, void=clear)
        shown = np.where(NOTHING, 0, np.iinfo(dtype).max // 3)[..., None].astype(dtype)
        path = png(folder / f"rgba{depth}.png", np.concatenate([pixels, shown], 2), depth, 6)
        yield Made(path=path, pixels=pixels, void=NOTHING)
        pixels = pixels.copy()
        pixels[NOTHING] = (7, 0, 9)
        colour = chunk(b"tRNS", struct.pack(">HHH", 7, 0, 9))
        path = png(folder / f"rgb-trns{depth}.png", pixels, depth, 2, colour)
        yield Made(path=path, pixels=pixels, void=NOTHING)
    for depth, clear_ones in itertools.product((1, 2, 4, 8), ((), (1,), (0, 1))):
        table = noise(3, "uint8").reshape(-1, 3)[: 1 << depth]
        index = np.random.default_rng(1).integers(0, len(table), (HEIGHT, WIDTH, 1))
        alpha = bytes(0 if number in clear_ones else 200 for number in range(2))
        extra = [chunk(b"PLTE", table.tobytes())] + ([chunk(b"tRNS", alpha)] if clear_ones else [])
        path = png(folder / f"palette{depth}-{len(clear_ones)}.png", index, depth, 3, *extra)
        void = np.isin(index[..., 0], clear_ones)
        yield Made(path=path, pixels=table[index[..., 0]], void=void)


def palettes(folder: Path) -> Iterator[Made]:
    """TIFFs of 8 and 16 bits that are indices of colours: their pixels have 8 bits."""
    table = noise(3, "uint8").reshape(-1, 3)[:16]
    index = np.random.default_rng(2).integers(0, len(table), (HEIGHT, WIDTH, 1))
    for dtype in ("uint8", "uint16"):
        path = folder / f"palette-{dtype}.tif"
        made = write_tiff(path, index.astype(dtype), photometric="palette")
        with rasterio.open(path, "r+") as file:
            file.write_colormap(1, {number: (*colour, 255) for number, colour in enumerate(table)})
        yield Made(path=path, pixels=table[index[..., 0]], void=made.void)


def pictures(folder: Path) -> Iterator[Made]:
    """Formats of pictures, as Pillow and GDAL write them."""
    pixels, clear = noise(3, "uint8"), np.zeros_like(NOTHING)
    picture = Image.fromarray(pixels)
    jpegs = {
        "420": {"subsampling": 2},
        "422": {"subsampling": 1},
        "444": {"subsampling": 0},
        "progressive": {"progressive": True},
    }
    for name, options in jpegs.items():
        picture.save(folder / f"{name}.jpg", **options)
        yield Made(path=folder / f"{name}.jpg", void=clear)
    picture.save(folder / "frames.jpeg", "MPO", save_all=True, append_images=[picture])
    yield Made(path=folder / "frames.jpeg", void=clear)
    size = {"height": HEIGHT, "width": WIDTH, "count": 3, "dtype": "uint8"}
    with rasterio.open(folder / "masked.jpg", "w", "JPEG", internal_mask=True, **size) as file:
        file.write(pixels.transpose(2, 0, 1))
        file.write_mask(~NOTHING)
    yield Made(path=folder / "masked.jpg", void=NOTHING)
    picture.save(folder / "frames.png", save_all=True, append_images=[picture.rotate(180)])
    picture.save(folder / "plain.bmp")
    picture.save(folder / "plain.jp2", irreversible=False)
    picture.save(folder / "plain.webp", lossless=True)
    for name in ("frames.png", "plain.bmp", "plain.jp2", "plain.webp"):
        yield Made(path=folder / name, pixels=pixels, void=clear)
    few = picture.quantize(32)
    for name in ("few.bmp", "few.tif"):
        few.save(folder / name)
        yield Made(path=folder / name, pixels=np.asarray(few.convert("RGB")), void=clear)
    shown = np.where(NOTHING, 0, 99)[..., None].astype(np.uint8)
    clouded = Image.fromarray(np.concatenate([pixels, shown], axis=2))
    clouded.save(folder / "alpha.webp", lossless=True, exact=True)
    clouded.save(folder / "alpha.jp2", irreversible=False)
    clouded.save(folder / "alpha-lzw.tif", compression="tiff_lzw")
    for name in ("alpha.webp", "alpha.jp2", "alpha-lzw.tif"):
        yield Made(path=folder / name, pixels=pixels, void=NOTHING)
    for name, bands in {"pages": 3, "many-pages": 12}.items():
        paged = noise(bands, "uint16")
        path = folder / f"{name}.tif"
        tifffile.imwrite(path, paged.transpose(2, 0, 1), photometric="minisblack")
        yield Made(path=path, bands=bands, pixels=paged, void=clear)


def refused(folder: Path) -> Iterator[Made]:
    """Files that no use reads."""
    picture = Image.fromarray(noise(3, "uint8"))
    exif = Image.Exif()
    for ending, turn in itertools.product(("jpg", "png", "tif", "webp"), (3, 6, 8)):
        exif[274] = turn
        path = folder / f"turned-{turn}.{ending}"
        picture.save(path, exif=exif)
        yield Made(path=path, refused=f"stored turned (orientation {turn})")
    for name in ("cmyk.jpg", "cmyk.tif"):
        picture.convert("CMYK").save(folder / name)
        yield Made(path=folder / name, refused="save it as RGB")
    picture.convert("LAB").save(folder / "lab.tif")
    yield Made(path=folder / "lab.tif", refused="save it as RGB")
    path = folder / "pages-rgb.tif"
    picture.save(path, save_all=True, append_images=[picture])
    yield Made(path=path, refused="save one image per file")
    for kind in ("jpg", "png", "tif", "webp", "bmp", "jp2"):
        whole = folder / f"whole.{kind}"
        picture.save(whole)
        path = folder / f"part.{kind}"
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
        whole.unlink()
        yield Made(path=path, refused="cannot be used")


def everything(folder: Path) -> list[Made]:
    """All of them, written into a folder."""
    makers = (tiffs, infrared, pngs, palettes, pictures, refused)
    return [made for make in makers for made in make(folder)]
