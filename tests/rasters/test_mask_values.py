"""Index masks have the file's values, whatever its depth and kind; nothing is void in them."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from made_rasters import HEIGHT, NOTHING, WIDTH, chunk, png, write_tiff
from PIL import Image

from aerial_nni.data.dataset import VOID
from aerial_nni.data.pipeline.image_reading import read_classes, read_colours, read_indices
from aerial_nni.data.pipeline.masks import ColourCode, IndexCode
from aerial_nni.rasters import gdal

VALUES = np.random.default_rng(5).integers(0, 3, (HEIGHT, WIDTH))
"""0, 1 and 2."""

CODE = IndexCode({"Land": (0,), "Water": (1,), "Wood": (2,)})


def tiff(path: Path, values: np.ndarray, validity: str = "whole", **options) -> Path:
    with gdal():
        return write_tiff(path, values[..., None], validity, **options).path


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_pngs_of_every_depth(tmp_path: Path, depth: int):
    values = np.minimum(VALUES, (1 << depth) - 1)
    path = png(tmp_path / "grey.png", values[..., None], depth, 0)
    np.testing.assert_array_equal(read_indices(path), values)
    if depth <= 8:
        table = chunk(b"PLTE", bytes(range(3 * min(1 << depth, 16))))
        path = png(tmp_path / "palette.png", values[..., None], depth, 3, table)
        np.testing.assert_array_equal(read_indices(path), values)


@pytest.mark.parametrize("photometric", ["MINISBLACK", "MINISWHITE"])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_tiffs_of_few_bits_and_in_which_zero_is_white(tmp_path: Path, depth: int, photometric: str):
    values = np.minimum(VALUES, (1 << depth) - 1).astype(np.uint8)
    bits = {} if depth == 8 else {"nbits": depth}
    path = tiff(tmp_path / "a.tif", values, photometric=photometric, **bits)
    np.testing.assert_array_equal(read_indices(path), values)
    colours = values.astype(int) * 255 // ((1 << depth) - 1)
    if photometric == "MINISWHITE":
        colours = 255 - colours
    np.testing.assert_array_equal(read_colours(path)[..., 1], colours)


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32",
              "float64"],
)  # fmt: skip
def test_values_of_every_type(tmp_path: Path, dtype: str):
    values = VALUES.astype(dtype)
    values[0, :4] = 100
    if not dtype.startswith("u"):
        values[1, :4] = -100
    if np.dtype(dtype).itemsize >= 4:
        values[2, :4] = 70_000
    read = read_indices(tiff(tmp_path / "a.tif", values))
    assert read.dtype.kind in "iu" and (read == values).all()


@pytest.mark.parametrize("odd", [0.5, np.inf, 1e30])
def test_numbers_that_are_not_whole_are_refused(tmp_path: Path, odd: float):
    values = VALUES.astype(np.float64)
    values[3, 3] = odd
    with pytest.raises(ValueError, match="1 pixels that hold no whole number, such as"):
        read_indices(tiff(tmp_path / "a.tif", values))


def test_nan_is_void(tmp_path: Path):
    values = VALUES.astype(np.float32)
    values[NOTHING] = np.nan
    for name, options in {"declared": {"nodata": float("nan")}, "not": {}}.items():
        mask = read_classes(tiff(tmp_path / f"{name}.tif", values, **options), CODE)
        np.testing.assert_array_equal(mask, np.where(NOTHING, VOID, VALUES))


@pytest.mark.parametrize("validity", ["internal", "msk", "alpha"])
def test_what_a_mask_of_its_own_hides_is_void(tmp_path: Path, validity: str):
    path = tiff(tmp_path / "a.tif", VALUES.astype(np.uint8), validity)
    np.testing.assert_array_equal(read_classes(path, CODE), np.where(NOTHING, VOID, VALUES))


def test_nodata_is_void_unless_the_value_is_listed(tmp_path: Path):
    values = np.where(NOTHING, 77, VALUES).astype(np.uint8)
    path = tiff(tmp_path / "a.tif", values, nodata=77)
    np.testing.assert_array_equal(read_classes(path, CODE), np.where(NOTHING, VOID, VALUES))
    path = tiff(tmp_path / "b.tif", VALUES.astype(np.uint8), nodata=0)
    np.testing.assert_array_equal(read_classes(path, CODE), VALUES)
    with pytest.raises(ValueError, match="77"):
        read_classes(tiff(tmp_path / "c.tif", values), CODE)


def test_transparency_of_colours_is_void(tmp_path: Path):
    table = np.array([[9, 0, 0], [0, 9, 0], [0, 0, 9]], np.uint8)
    code = ColourCode({name: (tuple(table[i]),) for i, name in enumerate("abc")})
    shown = np.where(NOTHING, 0, 255).astype(np.uint8)
    colours = np.where(NOTHING[..., None], 0, table[VALUES])
    Image.fromarray(np.dstack([colours, shown])).save(tmp_path / "rgba.png")
    mask = read_classes(tmp_path / "rgba.png", code)
    np.testing.assert_array_equal(mask, np.where(NOTHING, VOID, VALUES))
    entries = chunk(b"PLTE", bytes([*table.ravel().tolist(), 1, 2, 3]))
    values = np.where(NOTHING, 3, VALUES)[..., None]
    clear = chunk(b"tRNS", b"\xff\xff\xff\0")
    path = png(tmp_path / "palette.png", values, 8, 3, entries, clear)
    np.testing.assert_array_equal(read_classes(path, code), np.where(NOTHING, VOID, VALUES))


@pytest.mark.parametrize("name, what", [("a.jpg", "JPEG"), ("a.webp", "lossy WEBP")])
def test_formats_that_change_values_are_no_masks(tmp_path: Path, name: str, what: str):
    Image.fromarray(VALUES.astype(np.uint8)).convert("RGB").save(tmp_path / name)
    with pytest.raises(ValueError, match=f"a {what} does not keep a mask's exact values"):
        read_indices(tmp_path / name)
    with gdal(), rasterio.open(tmp_path / "j.tif", "w", driver="GTiff", height=HEIGHT, width=WIDTH,
                               count=1, dtype="uint8", compress="jpeg") as file:  # fmt: skip
        file.write(VALUES.astype(np.uint8), 1)
    with pytest.raises(ValueError, match="a JPEG does not keep"):
        read_indices(tmp_path / "j.tif")
