"""Scenes through a model, by the laws that hold for any way of tiling."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from made_scenes import drawn, png, save
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import RasterioIOError

from aerial_nni.data.dataset import VOID
from aerial_nni.inference.export_wrapper import Deployed
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.prediction import highest, segment
from aerial_nni.inference.raster_files import NotWritten, _check_whole
from aerial_nni.inference.scene import SceneUnusable
from aerial_nni.inference.tiles import Tiling
from aerial_nni.inference.torch_model import TorchModel
from aerial_nni.inference.tta import Turned
from aerial_nni.rasters import gdal
from aerial_nni.training.checkpoint import load_checkpoint

SMALL = Tiling(tile=64, overlap=24)


def mask_of(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def plain_logits(checkpoint: Path, card: Card, image: np.ndarray) -> np.ndarray:
    """Logits (classes, h, w) of the whole picture at once, by the model as training leaves it."""
    module = Deployed(load_checkpoint(checkpoint)[0], card)
    with torch.inference_mode():
        return module(torch.tensor(image).permute(2, 0, 1)[None])[0].numpy()


class Counting:
    """A model that counts its calls and answers the first class."""

    def __init__(self, card: Card) -> None:
        self.card, self.calls = card, 0

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        self.calls += 1
        logits = np.zeros((len(self.card.classes), *pixels.shape[:2]), np.float32)
        logits[0] = 1
        return logits


def test_the_highest_logit_wins_and_the_first_of_equals():
    logits = np.random.default_rng(0).integers(0, 3, (5, 40, 40)).astype(np.float32)
    np.testing.assert_array_equal(highest(logits), logits.argmax(0))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (61, 47), (5, 3)])
def test_a_scene_of_one_tile_equals_the_plain_model(
    checkpoint: Path, card: Card, model: TorchModel, tmp_path: Path, height: int, width: int
):
    image = png(tmp_path / "a.png", height, width)
    result = segment(model, image, tmp_path / "out" / "a", tiling=SMALL)
    logits = plain_logits(checkpoint, card, np.asarray(Image.open(image)))
    assert result.files == {"mask": tmp_path / "out" / "a-mask.png"}
    top = np.sort(logits, axis=0)[-2:]
    sure = top[1] - top[0] > 1e-4
    np.testing.assert_array_equal(mask_of(result.files["mask"])[sure], logits.argmax(0)[sure])


def test_another_grid_of_tiles_moves_predictions_only_where_the_model_is_unsure(
    checkpoint: Path, card: Card, model: TorchModel, tmp_path: Path
):
    image = png(tmp_path / "a.png")
    logits = plain_logits(checkpoint, card, np.asarray(Image.open(image)))
    top = np.sort(logits, axis=0)[-2:]
    margin = top[1] - top[0]
    masks = [
        mask_of(segment(model, image, tmp_path / str(tiling), tiling=tiling).files["mask"])
        for tiling in (SMALL, Tiling(tile=64, overlap=32), Tiling(tile=96, overlap=20))
    ]
    for mask in masks:
        moved = mask != logits.argmax(0)
        assert moved.mean() < 0.001
        assert (margin[moved] < np.quantile(margin, 0.02)).all()


def test_the_small_model_has_learnt_something(model: TorchModel, tmp_path: Path):
    """Else the two tests above would say little."""
    result = segment(model, png(tmp_path / "a.png"), tmp_path / "a", tiling=SMALL)
    assert (mask_of(result.files["mask"]) == drawn(150, 200, 7)[1]).mean() > 0.9


def test_turns_and_flips_of_a_picture_turn_and_flip_the_answer(model: TorchModel):
    image = drawn(64, 48, 3)[0]
    turned = Turned(model)
    logits = turned(image)
    assert logits.shape == (3, 64, 48)
    np.testing.assert_allclose(turned(image[:, ::-1])[:, :, ::-1], logits, atol=1e-4)
    np.testing.assert_allclose(
        np.rot90(turned(np.rot90(image)), -1, axes=(1, 2)), logits, atol=1e-4
    )


def test_a_geotiff_keeps_its_place_and_gets_colours(model: TorchModel, tmp_path: Path):
    image = save(tmp_path / "a.tif", drawn(150, 200, 7)[0])
    mask = segment(model, image, tmp_path / "b", tiling=SMALL).files["mask"]
    assert mask.suffix == ".tif"
    with rasterio.open(image) as before, rasterio.open(mask) as after:
        assert after.crs == before.crs
        assert after.transform == before.transform
        assert after.bounds == before.bounds
        assert after.nodata == VOID
        assert after.colormap(1)[1] == (30, 60, 200, 255)
        assert after.tags(1)["class_2"] == "Wood"


def test_ground_control_points_are_kept(card: Card, tmp_path: Path):
    corners = [(0, 0, 55.1, 25.1), (0, 60, 55.2, 25.1), (40, 0, 55.1, 25.0)]
    with gdal():  # which says nothing of the transform that is missing
        image = save(tmp_path / "a.tif", drawn(40, 60, 7)[0], transform=None, crs=None)
        with rasterio.open(image, "r+") as file:
            file.gcps = ([GroundControlPoint(*corner) for corner in corners], CRS.from_epsg(4326))
        mask = segment(Counting(card), image, tmp_path / "b").files["mask"]
        with rasterio.open(mask) as file:
            points, crs = file.gcps
    assert [(point.row, point.col, point.x, point.y) for point in points] == corners
    assert crs == CRS.from_epsg(4326)


def test_nodata_is_void_and_tiles_of_nothing_else_are_skipped(card: Card, tmp_path: Path):
    pixels = drawn(150, 200, 7)[0].clip(1, 255)
    pixels[:, :120] = 0
    image = save(tmp_path / "a.tif", pixels, nodata=0)
    counting = Counting(card)
    seen = []
    mask = segment(
        counting, image, tmp_path / "b", tiling=SMALL, progress=lambda *n: seen.append(n)
    ).files["mask"]
    with rasterio.open(mask) as file:
        found = file.read(1)
    assert (found[:, :120] == VOID).all()
    assert (found[:, 120:] == 0).all()
    assert seen[-1] == (len(seen), len(seen))
    assert 0 < counting.calls < len(seen)


def test_transparent_pixels_are_void(card: Card, tmp_path: Path):
    pixels = np.full((40, 50, 4), 255, np.uint8)
    pixels[:, :20, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    mask = mask_of(segment(Counting(card), tmp_path / "a.png", tmp_path / "b").files["mask"])
    assert (mask[:, :20] == VOID).all()
    assert (mask[:, 20:] == 0).all()


def test_what_nodata_holds_does_not_matter(model: TorchModel, tmp_path: Path):
    masks = []
    for value in (0, 255):
        pixels = drawn(64, 64, 7)[0].clip(1, 254)
        pixels[:32, :32] = value
        image = save(tmp_path / f"{value}.tif", pixels, nodata=value)
        with rasterio.open(segment(model, image, tmp_path / f"b{value}").files["mask"]) as file:
            masks.append(file.read(1))
    np.testing.assert_array_equal(*masks)


class Interrupting(Counting):
    """Ctrl-C at the third tile."""

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        if self.calls == 2:
            raise KeyboardInterrupt
        return super().__call__(pixels)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_an_interrupted_run_leaves_nothing(card: Card, tmp_path: Path, name: str):
    image = tmp_path / name
    png(image) if name == "a.png" else save(image, drawn(150, 200, 7)[0])
    with pytest.raises(KeyboardInterrupt):
        segment(Interrupting(card), image, tmp_path / "out" / "a", tiling=SMALL)
    assert not list((tmp_path / "out").iterdir())


def test_a_full_disk_leaves_nothing(card: Card, tmp_path: Path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise RasterioIOError("no space left")

    image = png(tmp_path / "a.png")
    monkeypatch.setattr("rasterio.shutil.copy", full)
    with pytest.raises(NotWritten, match="b-mask.png cannot be written .no space left"):
        segment(Counting(card), image, tmp_path / "out" / "b")
    assert not list((tmp_path / "out").iterdir())


def test_what_lacks_its_end_is_not_kept(card: Card, tmp_path: Path, monkeypatch):
    """A disk that is full when a file is closed: GDAL is silent then."""
    image = save(tmp_path / "a.tif", drawn(150, 200, 7)[0])
    _check_whole(image)
    image.write_bytes(image.read_bytes()[:-100])
    with pytest.raises(RasterioIOError, match="is missing"):
        _check_whole(image)
    monkeypatch.setattr("rasterio.shutil.copy", lambda _, to, driver: to.write_bytes(b"PNG" * 99))
    with pytest.raises(NotWritten, match="its end is missing"):
        segment(Counting(card), png(tmp_path / "a.png"), tmp_path / "out" / "b")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_a_damaged_image_leaves_nothing(card: Card, tmp_path: Path, name: str):
    image = tmp_path / name
    Image.fromarray(drawn(150, 200, 7)[0]).save(image)
    image.write_bytes(image.read_bytes()[:-9000])
    with pytest.raises(SceneUnusable, match=f"{name} cannot be used"):
        segment(Counting(card), image, tmp_path / "out" / "a")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
