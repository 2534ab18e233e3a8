"""Polygons: valid, as large as their pixels, without gaps and overlaps, in the system wanted."""

import json
import re
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from made_scenes import CLASSES, drawn, save
from scipy.ndimage import gaussian_filter

from aerial_nni.config.options import BadOption
from aerial_nni.data.dataset import VOID
from aerial_nni.inference import polygons
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.polygon_placement import moved, place_of
from aerial_nni.inference.polygons import PolygonOptions, write_polygons
from aerial_nni.inference.prediction import Wanted, segment
from aerial_nni.inference.raster_files import NotWritten
from aerial_nni.inference.scene import SceneUnusable
from aerial_nni.rasters import gdal
from aerial_nni.run import main


def blobs(height: int = 300, width: int = 400, seed: int = 3) -> np.ndarray:
    """Classes of ragged patches of all sizes, and void, (height, width) uint8."""
    rng = np.random.default_rng(seed)
    smooth = gaussian_filter(rng.normal(size=(height, width)), 6)
    mask = np.digitize(smooth, np.quantile(smooth, (0.4, 0.8))).astype(np.uint8)
    mask[rng.random(mask.shape) < 0.001] = 2
    mask[:40, 100:170] = VOID
    return mask


class Polygons:
    """What was read back from a file of polygons."""

    def __init__(self, path: Path) -> None:
        about, _, shapes, columns = pyogrio.raw.read(path)
        self.crs = about["crs"]
        self.shapes = shapely.from_wkb(shapes)
        self.columns = dict(zip(about["fields"], columns, strict=True))

    def areas(self) -> np.ndarray:
        """Square metres of each class, by what the file says."""
        names = self.columns["class"]
        return np.array([self.columns["area_m2"][names == name].sum() for name in CLASSES])


def written(folder: Path, card: Card, mask: np.ndarray, profile=None, **options) -> Polygons:
    """The polygons of a mask whose pixels are all 0.5 sure, but for those of class 1."""
    folder.mkdir(exist_ok=True)
    path = save(folder / "mask.tif", mask[..., None], nodata=VOID, **(profile or {}))
    sure = np.where(mask == 1, 0.75, 0.5).astype(np.float32)[..., None]
    confidence = save(folder / "sure.tif", sure, **(profile or {}))
    wanted = PolygonOptions(**options)
    with gdal(), rasterio.open(path) as dataset:
        place = place_of(path, dataset, wanted.crs)
    target = folder / f"p.{wanted.format}"
    count = write_polygons(path, confidence, target, card, place, wanted, folder=folder)
    found = Polygons(target)
    assert len(found.shapes) == count
    return found


def counts(mask: np.ndarray) -> np.ndarray:
    return np.bincount(mask[mask != VOID], minlength=len(CLASSES))


@pytest.mark.parametrize("block", [4096, 100])
def test_unsimplified_polygons_are_their_pixels(
    card: Card, tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(polygons, "BLOCK", block)
    mask = blobs()
    found = written(tmp_path, card, mask, format="gpkg", crs="scene")
    assert found.crs == "EPSG:32640"
    assert shapely.is_valid(found.shapes).all()
    np.testing.assert_allclose(found.areas(), counts(mask) / 4)  # pixels of half a metre
    np.testing.assert_allclose(shapely.area(found.shapes), found.columns["area_m2"])
    assert shapely.area(shapely.union_all(found.shapes)) == pytest.approx((mask != VOID).sum() / 4)
    expected = np.where(found.columns["class"] == CLASSES[1], 0.75, 0.5)
    np.testing.assert_allclose(found.columns["confidence"], expected)
    assert set(found.columns["value"]) == {0, 1, 2}


@pytest.mark.parametrize("block", [4096, 100])
def test_simplified_polygons_share_their_borders(
    card: Card, tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(polygons, "BLOCK", block)
    mask = blobs()
    mask[mask == VOID] = 0
    before = written(tmp_path / "a", card, mask, format="gpkg", crs="scene")
    after = written(tmp_path / "b", card, mask, format="gpkg", crs="scene", simplify=1.2)
    parts = shapely.get_parts(after.shapes)
    assert shapely.is_valid(parts).all()
    assert shapely.coverage_is_valid(parts)
    assert shapely.area(parts).sum() == pytest.approx(mask.size / 4)  # no gap, no overlap
    assert shapely.area(shapely.union_all(parts)) == pytest.approx(mask.size / 4)
    vertices = [shapely.get_num_coordinates(one.shapes).sum() for one in (before, after)]
    assert vertices[1] < vertices[0] / 4
    np.testing.assert_allclose(after.areas(), before.areas(), rtol=0.01)
    np.testing.assert_allclose(shapely.area(after.shapes), after.columns["area_m2"])


def test_borders_agree_in_longitude_and_latitude_too(card: Card, tmp_path: Path):
    """Where a third polygon begins, both sides of a straight border have a vertex."""
    mask = np.zeros((60, 3000), np.uint8)
    mask[30:, ::2], mask[30:, 1::2] = 1, 2
    profile = {"transform": rasterio.Affine(500, 0, 200000, 0, -500, 6000000)}
    found = written(tmp_path, card, mask, profile)
    assert shapely.coverage_is_valid(found.shapes)


def test_small_patches_join_what_is_around_them(card: Card, tmp_path: Path):
    mask = blobs()
    mask[10:14, 130:134] = 1  # 4 square metres amid void
    found = written(tmp_path, card, mask, format="gpkg", crs="scene", min_area=20)
    assert found.columns["area_m2"].min() >= 20
    lone = 16 / 4
    assert shapely.area(shapely.union_all(found.shapes)) == pytest.approx(
        (mask != VOID).sum() / 4 - lone
    )
    expected = np.where(found.columns["class"] == CLASSES[1], 0.75, 0.5)  # by its own pixels
    np.testing.assert_allclose(found.columns["confidence"], expected)


@pytest.mark.parametrize("degrees", [0, 30])
@pytest.mark.parametrize("down", [-1, 1])
def test_south_up_and_turned_grids(card: Card, tmp_path: Path, degrees: int, down: int):
    place = rasterio.Affine.translation(326000, 2779000) @ rasterio.Affine.rotation(degrees)
    place = place @ rasterio.Affine.scale(0.5, 0.5 * down)
    mask = blobs(100, 100)
    found = written(tmp_path, card, mask, {"transform": place}, format="gpkg", crs="scene")
    corner = shapely.union_all(found.shapes[found.columns["class"] == CLASSES[int(mask[99, 99])]])
    assert corner.contains(shapely.Point(place @ (99.5, 99.5)))
    np.testing.assert_allclose(shapely.area(found.shapes), found.columns["area_m2"])


FIJI = {
    "utm": ("EPSG:32760", (819789.0, 8140148.0), 1.0),
    "map grid": ("EPSG:3460", (2133220.0, 4021706.0), 1.0),
    "degrees": ("EPSG:4326", (180.0001, -16.80064), 1e-5),
}
"""System, middle and pixel of scenes that cross the 180th meridian."""


@pytest.mark.parametrize("kind", FIJI)
def test_what_crosses_the_180th_meridian_is_split_as_the_standard_says(
    card: Card, tmp_path: Path, kind: str
):
    crs, (x, y), side = FIJI[kind]
    mask = blobs(128, 128)
    mask[60:70] = 0  # a patch from side to side
    place = rasterio.Affine(side, 0, x - 64 * side, 0, -side, y + 64 * side)
    found = written(tmp_path, card, mask, {"crs": crs, "transform": place})
    assert shapely.is_valid(found.shapes).all()
    left, bottom, right, top = shapely.bounds(shapely.get_parts(found.shapes)).T
    assert (right - left).max() < 0.01  # nothing goes around the Earth
    assert (left >= -180).all()
    assert (right <= 180).all()
    assert (left == -180).any()
    assert (right == 180).any()
    several = shapely.get_type_id(found.shapes) == shapely.GeometryType.MULTIPOLYGON
    assert several.any()
    for ring in shapely.get_parts(found.shapes):
        assert ring.exterior.is_ccw
    flat = "+proj=laea +lat_0=-16.8 +lon_0=180 +datum=WGS84"
    true = shapely.area(
        shapely.transform(found.shapes, lambda points: moved("EPSG:4326", flat, points))
    )
    np.testing.assert_allclose(found.columns["area_m2"], true, rtol=3e-3)  # of a map's, too
    if kind == "degrees":
        np.testing.assert_allclose(found.columns["area_m2"], true, rtol=1e-3)
    np.testing.assert_allclose(
        np.ptp(np.concatenate([left[left > 0] - 360, left[left < 0]])), 128 * side / 111_000
        if side == 1 else 128 * side, rtol=0.1,
    )  # fmt: skip


def test_a_pole_is_no_place_for_degrees(card: Card, tmp_path: Path):
    place = rasterio.Affine(100, 0, -5000, 0, -100, 5000)
    profile = {"crs": "EPSG:3413", "transform": place}
    with pytest.raises(SceneUnusable, match="shows a pole.*--crs scene"):
        written(tmp_path, card, blobs(100, 100), profile)
    found = written(tmp_path, card, blobs(100, 100), profile, crs="scene")
    assert shapely.area(found.shapes).sum() == pytest.approx((blobs(100, 100) != VOID).sum() * 1e4)


def test_geojson_names_another_system(card: Card, tmp_path: Path):
    found = written(tmp_path, card, blobs(50, 50), crs="EPSG:32639")
    assert found.crs == "EPSG:32639"
    text = json.loads((tmp_path / "p.geojson").read_text())
    assert text["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::32639"
    degrees = written(tmp_path / "b", card, blobs(50, 50))
    assert "crs" not in json.loads((tmp_path / "b" / "p.geojson").read_text())
    back = shapely.transform(degrees.shapes, lambda at: moved("EPSG:4326", "EPSG:32639", at))
    np.testing.assert_allclose(shapely.area(back), shapely.area(found.shapes), rtol=0.01)


@pytest.mark.parametrize("format", ["geojson", "gpkg"])
def test_a_mask_of_void_has_no_polygons(card: Card, tmp_path: Path, format: str):
    assert not len(written(tmp_path, card, np.full((40, 50), VOID, np.uint8), format=format).shapes)


@pytest.mark.parametrize(
    ("crs", "told"),
    [("EPSG:99999", "--crs EPSG:99999"), ("EPSG:5703", "no places on a map"), ("so", "--crs so")],
)
def test_a_system_that_is_none_is_refused(card: Card, tmp_path: Path, crs: str, told: str):
    with pytest.raises(BadOption, match=told):
        written(tmp_path, card, blobs(20, 20), crs=crs)


@pytest.mark.parametrize("what", [{"simplify": -1}, {"min_area": float("nan")}, {"format": "shp"}])
def test_options_that_are_none_are_refused(what: dict):
    with pytest.raises(BadOption, match=str(next(iter(what)))):
        PolygonOptions(**what)


def test_many_specks_bring_a_word_on_what_joins_them(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(polygons, "MANY", 30)
    mask = blobs()
    many = written(tmp_path / "all", card, mask)
    (said,) = caplog.messages
    word = re.search(
        r"(\d+) of its (\d+) polygons have fewer than 10 pixels; --min-area (\S+)", said
    )
    assert word and int(word[1]) >= 30 and int(word[2]) == len(many.shapes)
    few = written(tmp_path / "joined", card, mask, min_area=float(word[3]))
    assert len(many.shapes) - len(few.shapes) >= int(word[1])  # what it says does that
    assert len(caplog.messages) == 1


def test_a_disk_that_is_full_leaves_no_geopackage(card: Card, tmp_path: Path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise pyogrio.errors.DataSourceError("disk full")

    monkeypatch.setattr(pyogrio.raw, "write", full)
    with pytest.raises(NotWritten, match=r"p\.gpkg cannot be written .disk full"):
        written(tmp_path, card, blobs(20, 20), format="gpkg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mask.tif", "sure.tif"]


def test_predict_leaves_nothing_but_what_is_wanted(model, tmp_path: Path):
    scene = save(tmp_path / "a.tif", drawn(100, 120, 1)[0])
    options = PolygonOptions(format="gpkg", crs="scene", min_area=3, simplify=1)
    segment(model, scene, tmp_path / "out" / "a", wanted=Wanted(polygons=options))
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["a-mask.tif", "a-polygons.gpkg"]
    found = Polygons(tmp_path / "out" / "a-polygons.gpkg")
    assert ((found.columns["confidence"] > 1 / 3) & (found.columns["confidence"] <= 1)).all()


def test_predict_as_it_is_typed(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    scene = str(save(tmp_path / "a.tif", drawn(100, 120, 1)[0]))
    line = ["predict", str(checkpoint), scene, "--to", str(tmp_path), "--device", "cpu"]
    flags = ["--crs", "scene", "--min-area", "3", "--simplify", "1"]
    assert main([*line, *flags]) == 1
    assert "need --polygons; add it" in capsys.readouterr().err
    flags = ["--polygons", "--polygons-format", "gpkg", *flags, "--confidence", "--cog", "--json"]
    assert main([*line, *flags]) == 0
    (said,) = json.loads(capsys.readouterr().out)["results"]
    assert Polygons(Path(said["polygons"])).crs == "EPSG:32640"
    assert said["confidence"] == str(tmp_path / "a-confidence.tif")
