"""Where scenes lie: across the 180th meridian, near a pole, placed by points or by polynomials."""

import shlex
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from made_scenes import drawn, save
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rio.main import main_group
from rasterio.rpc import RPC

from aerial_nni.inference.areas import pixel_area
from aerial_nni.inference.georeference import ground, on_the_earth, utm
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.prediction import Wanted, segment
from aerial_nni.inference.scene import SceneUnusable
from aerial_nni.inference.torch_model import TorchModel
from aerial_nni.rasters import gdal

PLACE = (-123.3, 49.2)
"""Longitude and latitude of the raw scenes' middle."""


def polynomials(height: int, width: int) -> RPC:
    """Rows run south and columns east, a pixel to about 10 metres."""
    degrees = 1e-4
    linear = [0.0, 1.0, *[0.0] * 18]  # of longitude
    down = [0.0, 0.0, -1.0, *[0.0] * 17]  # of latitude, upside down
    one = [1.0, *[0.0] * 19]
    return RPC(
        height_off=0.0, height_scale=500.0, lat_off=PLACE[1], lat_scale=height / 2 * degrees,
        long_off=PLACE[0], long_scale=width / 2 * degrees, line_off=height / 2 - 0.5,
        line_scale=height / 2, samp_off=width / 2 - 0.5, samp_scale=width / 2,
        line_num_coeff=down, line_den_coeff=one, samp_num_coeff=linear, samp_den_coeff=one,
    )  # fmt: skip


def raw(path: Path, how: str) -> Path:
    """A picture that rational polynomials or ground control points place."""
    save(path, drawn(96, 128, 7)[0], transform=None, crs=None)
    with rasterio.open(path, "r+") as file:
        if how == "rpcs":
            file.rpcs = polynomials(96, 128)
        else:
            corners = [(0, 0), (0, 128), (96, 0), (96, 128)]
            points = [
                GroundControlPoint(
                    row, column, PLACE[0] + (column - 64) * 1e-4, PLACE[1] - (row - 48) * 1e-4
                )
                for row, column in corners
            ]
            file.gcps = (points, CRS.from_epsg(4326))
    return path


@pytest.mark.parametrize("how", ["rpcs", "gcps"])
def test_a_raw_scene_is_brought_onto_a_grid_by_the_line_that_is_told(
    model: TorchModel, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with gdal():
        scene = raw(tmp_path / "a b.tif", how)
    with pytest.raises(SceneUnusable, match="place on the ground") as caught:
        segment(model, scene, tmp_path / "b", wanted=Wanted(areas=True))
    said = str(caught.value)
    assert "edit-info" not in said
    assert "EPSG:32610" in said
    program, *words = shlex.split(said.partition("grid first: ")[2].partition(" (where")[0])
    done = CliRunner().invoke(main_group, words)
    assert (program, done.exit_code) == ("rio", 0), done.output
    with gdal(), rasterio.open("warped.tif") as warped:
        middle = ground(Path("warped.tif"), warped)
        assert (middle.longitude, middle.latitude) == pytest.approx(PLACE, abs=2e-4)
        assert warped.read(1)[warped.height // 2, warped.width // 2]
    result = segment(model, Path("warped.tif"), tmp_path / "c", wanted=Wanted(areas=True))
    assert sum(area.square_metres for area in result.areas) > 0


def test_rational_polynomials_are_kept(model: TorchModel, tmp_path: Path):
    with gdal():
        scene = raw(tmp_path / "a.tif", "rpcs")
        mask = segment(model, scene, tmp_path / "b").files["mask"]
        with rasterio.open(scene) as before, rasterio.open(mask) as after:
            assert after.rpcs is not None
            assert after.rpcs.to_dict() == before.rpcs.to_dict()


@pytest.mark.parametrize(
    ("longitude", "latitude", "code"),
    [
        (179.9, -17, 32760), (-179.9, -17, 32701), (180.0, -17, 32701), (200.5, 10, 32604),
        (55.3, 25.1, 32640), (20, 84.5, 6931), (20, -85, 6932),
    ],
)  # fmt: skip
def test_the_zone_of_a_place(longitude: float, latitude: float, code: int):
    assert utm(longitude, latitude) == f"EPSG:{code}"


def fiji(path: Path, crs: str) -> Path:
    """A scene of 128 pixels a side, a metre each, whose middle is on the 180th meridian."""
    (x,), (y,) = rasterio.warp.transform("EPSG:4326", crs, [179.99999], [-16.8])
    place = rasterio.Affine(1, 0, x - 64, 0, -1, y + 64)
    return save(path, drawn(128, 128, 7)[0], crs=crs, transform=place)


@pytest.mark.parametrize("crs", ["EPSG:32760", "EPSG:3460"])
def test_the_ground_is_measured_across_the_180th_meridian(card: Card, tmp_path: Path, crs: str):
    with rasterio.open(fiji(tmp_path / "a.tif", crs)) as dataset:
        middle = ground(tmp_path / "a.tif", dataset)
        assert pixel_area(tmp_path / "a.tif", dataset) == 1
        corners = np.array([0, 0, 128, 128]), np.array([0, 128, 128, 0])
        longitudes, latitudes = on_the_earth(tmp_path / "a.tif", dataset, *corners)
    assert middle.square_metres == pytest.approx(1, rel=2e-3)  # a map's areas are a little off
    assert middle.latitude == pytest.approx(-16.8, abs=1e-4)
    assert longitudes.max() - longitudes.min() > 359  # which no mean would survive


def test_a_scene_in_degrees_across_the_meridian_is_sent_to_the_zone_beside_it(tmp_path: Path):
    place = rasterio.Affine(1e-5, 0, 179.9995, 0, -1e-5, -16.8)
    scene = save(tmp_path / "a.tif", drawn(128, 128, 7)[0], crs="EPSG:4326", transform=place)
    with rasterio.open(scene) as dataset, pytest.raises(SceneUnusable, match="EPSG:32701"):
        pixel_area(scene, dataset)
