"""What stands beside a mask: areas, polygons, overlays, and under which names."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made_scenes import CLASSES, drawn, png, save
from PIL import Image

from aerial_nni.config.options import BadOption
from aerial_nni.inference.areas import pixel_area
from aerial_nni.inference.mask_writer import result_stems
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.polygons import PolygonOptions
from aerial_nni.inference.prediction import Wanted, segment
from aerial_nni.inference.scene import SceneUnusable

WANTED = {"areas": Wanted(areas=True), "polygons": Wanted(polygons=PolygonOptions())}


class Halves:
    """Answers class 1 in the upper half of a scene of one tile, class 2 below."""

    def __init__(self, card: Card) -> None:
        self.card = card

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        logits = np.zeros((3, *pixels.shape[:2]), np.float32)
        half = len(pixels) // 2
        logits[1, :half] = 1
        logits[2, half:] = 1
        return logits


def test_areas_are_square_metres_of_the_pixels(card: Card, tmp_path: Path):
    image = save(tmp_path / "a.tif", drawn(40, 60, 1)[0])  # pixels of half a metre
    result = segment(Halves(card), image, tmp_path / "b", wanted=Wanted(areas=True))
    assert [area.square_metres for area in result.areas] == [0, 300, 300]
    rows = list(csv.DictReader(result.files["areas"].read_text().splitlines()))
    assert [row["class"] for row in rows] == list(CLASSES)
    assert [float(row["share"]) for row in rows] == [0, 0.5, 0.5]


def test_feet_become_metres(tmp_path: Path):
    """In the plane coordinates of New York, which are in feet."""
    image = save(
        tmp_path / "a.tif", drawn(40, 60, 1)[0], crs="EPSG:2263",
        transform=rasterio.Affine(2, 0, 985000, 0, -2, 200000),
    )  # fmt: skip
    with rasterio.open(image) as dataset:
        assert pixel_area(image, dataset) == pytest.approx((2 * 0.3048006) ** 2, rel=1e-6)


@pytest.mark.parametrize(
    ("crs", "transform", "told"),
    [
        ("EPSG:4326", (1e-5, 0, 55.3, 0, -1e-5, 25.1), "geographic.*rio warp.*EPSG:32640"),
        ("EPSG:3857", (0.5, 0, 6156000, 0, -0.5, 2888000), "1.22 times .* EPSG:32640"),
        (None, (0.5, 0, 0, 0, -0.5, 0), "no coordinate reference system.*--transform"),
    ],
)
def test_areas_need_a_crs_that_keeps_them(card: Card, tmp_path: Path, crs, transform, told):
    image = save(
        tmp_path / "a.tif", drawn(40, 60, 1)[0], crs=crs, transform=rasterio.Affine(*transform)
    )
    with pytest.raises(SceneUnusable, match=told):
        segment(Halves(card), image, tmp_path / "out" / "b", wanted=Wanted(areas=True))
    assert not (tmp_path / "out").exists()


def test_polygons_lie_where_the_classes_do(card: Card, tmp_path: Path):
    image = save(tmp_path / "a.tif", drawn(40, 60, 1)[0])
    result = segment(Halves(card), image, tmp_path / "b", wanted=Wanted(polygons=PolygonOptions()))
    features = json.loads(result.files["polygons"].read_text())["features"]
    assert [f["properties"]["class"] for f in features] == ["Water", "Wood"]
    with rasterio.open(image) as dataset:
        left, bottom, right, top = dataset.bounds
    for feature, (low, high) in zip(features, [(top - 10, top), (bottom, top - 10)], strict=True):
        (ring,) = feature["geometry"]["coordinates"]
        x, y = rasterio.warp.transform("EPSG:4326", "EPSG:32640", *zip(*ring, strict=True))
        assert (min(x), max(x)) == pytest.approx((left, right), abs=0.01)
        assert (min(y), max(y)) == pytest.approx((low, high), abs=0.01)


class Framed(Halves):
    """Answers class 1 around a square of class 2."""

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        logits = np.zeros((3, *pixels.shape[:2]), np.float32)
        logits[1] = 1
        logits[2, 10:20, 10:20] = 2
        return logits


def test_outlines_run_counterclockwise_and_holes_clockwise(card: Card, tmp_path: Path):
    image = save(tmp_path / "a.tif", drawn(40, 60, 1)[0])
    result = segment(Framed(card), image, tmp_path / "b", wanted=Wanted(polygons=PolygonOptions()))
    features = json.loads(result.files["polygons"].read_text())["features"]
    turns = []
    for feature in features:
        for ring in feature["geometry"]["coordinates"]:
            x, y = (np.array(ring) - ring[0]).T
            turns.append((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() > 0)
    assert sorted(turns) == [False, True, True]


@pytest.mark.parametrize("what", ["areas", "polygons"])
def test_a_place_off_the_earth_is_refused(card: Card, tmp_path: Path, what: str):
    place = rasterio.Affine(1e6, 0, 9e9, 0, -1e6, 9e9)
    image = save(tmp_path / "a.tif", drawn(40, 60, 1)[0], transform=place)
    with pytest.raises(SceneUnusable, match="one of the two is wrong"):
        segment(Halves(card), image, tmp_path / "out" / "b", wanted=WANTED[what])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ["areas", "polygons"])
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_reference_system_without_a_transform_is_no_place(card: Card, tmp_path: Path, what: str):
    image = png(tmp_path / "a.png")
    with rasterio.open(image, "r+") as dataset:
        dataset.crs = "EPSG:32640"
    with pytest.raises(SceneUnusable, match="no transform from pixels.*--transform"):
        segment(Halves(card), image, tmp_path / "b", wanted=WANTED[what])


@pytest.mark.parametrize("deep", [False, True])
def test_an_overlay_shows_the_scene_and_a_legend(card: Card, tmp_path: Path, deep: bool):
    pixels = drawn(300, 400, 1)[0]
    if deep:
        card = Card(**{**vars(card), "pixels": "uint16"})
        pixels = pixels.astype(np.uint16) * 100
    image = save(tmp_path / "a.tif", pixels)
    result = segment(Halves(card), image, tmp_path / "b", wanted=Wanted(overlay=True))
    picture = np.asarray(Image.open(result.files["overlay"]))
    assert picture.shape[1] == 400
    assert picture.shape[0] > 300
    blue = picture[..., 2].astype(int) - picture[..., 0]
    assert blue[:150].mean() > blue[150:300].mean() + 20


def test_names_of_results(tmp_path: Path):
    assert result_stems([Path("x/a.png"), Path("b.tif")], tmp_path) == [
        tmp_path / "a", tmp_path / "b",
    ]  # fmt: skip
    towns = [Path("data/north/images/1.png"), Path("data/south/images/1.png")]
    assert result_stems(towns, tmp_path) == [
        tmp_path / "north/images/1", tmp_path / "south/images/1",
    ]  # fmt: skip
    with pytest.raises(BadOption, match=r"a\.png and a\.tif would have results of the same names"):
        result_stems([Path("a.png"), Path("a.tif")], tmp_path)


@pytest.mark.parametrize("what", ["areas", "polygons"])
def test_a_command_that_is_told_can_be_pasted(card: Card, tmp_path: Path, what: str):
    image = png(tmp_path / "a b.png")
    with pytest.raises(SceneUnusable, match=r"leave --areas and --polygons out") as caught:
        segment(Halves(card), image, tmp_path / "b", wanted=WANTED[what])
    assert str(caught.value).endswith(f"--transform '[S, 0, X, 0, -S, Y]' '{image}'")
