"""What is advised for pictures of 16 bits is tried: it leaves a picture that can be seen."""

import shlex
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from rasterio.rio.main import main_group

from aerial_nni.inference.bit_depth import LOOKED_AT, PART, to_8_bits
from aerial_nni.rasters import gdal, open_picture


def advice(path: Path, values: np.ndarray, **more: object) -> str:
    height, width = values.shape
    profile = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": "uint16",
               "transform": rasterio.Affine(2, 0, 10, 0, -2, 20)}  # fmt: skip
    with rasterio.open(path, "w", **profile, **more) as file:
        file.write(values.astype(np.uint16), 1)
    with gdal(), open_picture(path) as picture:
        return to_8_bits(path, picture)


@pytest.mark.parametrize("highest", [255, 1100, 2047, 4095, 10_000, 65_535])
def test_the_line_makes_a_picture_that_can_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, highest: int
):
    monkeypatch.chdir(tmp_path)
    values = np.linspace(0, highest, 64 * 64).reshape(64, 64)
    said = advice(tmp_path / "a scene.tif", values)
    words = shlex.split(said.partition("for example: ")[2])
    assert words[0] == "rio"
    ran = CliRunner().invoke(main_group, words[1:])
    assert ran.exit_code == 0, ran.output
    with rasterio.open("8-bit.tif") as file:
        pixels = file.read(1)
    assert 127 <= pixels.max() <= 255
    assert (np.diff(pixels.reshape(-1).astype(int)) >= 0).all()  # nothing begins anew above 255


def test_a_few_bright_pixels_do_not_leave_the_rest_black(tmp_path: Path):
    values = np.full((64, 64), 900)
    values[0, 0] = 60_000
    said = advice(tmp_path / "a.tif", values)
    assert "nearly all end at 900" in said
    assert "gdal_translate -ot Byte -scale 0 900 0 255" in said and "rio" not in said


def test_what_shows_nothing_has_no_range(tmp_path: Path):
    values = np.full((16, 16), 700)
    values[:8] = 65_535
    assert "reach 700," in advice(tmp_path / "a.tif", values, nodata=65_535)
    assert advice(tmp_path / "b.tif", np.zeros((16, 16))) == ""


def test_a_large_picture_is_looked_at_from_all_sides(tmp_path: Path):
    side = (LOOKED_AT + 4) * PART
    values = np.full((PART, side), 300)
    values[-1, -1] = 5_000
    said = advice(tmp_path / "a.tif", values, compress="deflate")
    assert "reach 5000," in said
