"""Scenes are read as training images are, and refused with what to type next."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made_scenes import drawn, save
from PIL import Image

from aerial_nni.data.pipeline.image_reading import read_image
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.scene import SceneUnusable, open_scene

PIXELS = drawn(60, 80, 1)[0]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """One picture in many formats."""
    picture = Image.fromarray(PIXELS)
    for name in ("rgb.png", "rgb.jpg", "rgb.tif"):
        picture.save(tmp_path / name)
    picture.quantize(16).save(tmp_path / "palette.png")
    picture.putalpha(128)
    picture.save(tmp_path / "rgba.png")
    return tmp_path


@pytest.mark.parametrize("name", ["rgb.png", "rgb.jpg", "rgb.tif", "palette.png", "rgba.png"])
def test_windows_hold_what_training_reads(files: Path, card: Card, name: str):
    wanted, _ = read_image(files / name)
    with open_scene(files / name, card) as scene:
        pixels, valid = scene.read(10, 20, 30, 40)
        assert valid is None
        np.testing.assert_array_equal(pixels, wanted[10:40, 20:60])
        assert scene.view((30, 40)).shape == (30, 40, 3)
        assert not scene.on_the_ground or name == "rgb.tif"


def test_bands_are_chosen_by_number(card: Card, tmp_path: Path):
    bands = np.concatenate([PIXELS, 255 - PIXELS[..., :1]], axis=2)
    image = save(tmp_path / "a.tif", bands, photometric="MINISBLACK")
    with open_scene(image, card, (4, 2, 1)) as scene:
        pixels, _ = scene.read(0, 0, 60, 80)
    np.testing.assert_array_equal(pixels, bands[..., [3, 1, 0]])


def test_sixteen_bits_for_a_model_of_sixteen_bits(card: Card, tmp_path: Path):
    deep = PIXELS.astype(np.uint16) * 40
    image = save(tmp_path / "a.tif", deep)
    with open_scene(image, replace(card, pixels="uint16")) as scene:
        pixels, _ = scene.read(5, 5, 10, 10)
    np.testing.assert_array_equal(pixels, deep[5:15, 5:15])


def refused(path: Path, card: Card, *bands: int) -> str:
    with pytest.raises(SceneUnusable) as error, open_scene(path, card, bands):
        pass
    return str(error.value)


def test_images_that_the_model_does_not_take(files: Path, card: Card, tmp_path: Path):
    four = save(tmp_path / "four.tif", PIXELS[..., [0, 1, 2, 2]], photometric="MINISBLACK")
    assert "has 4 bands, but the model takes 3: red, green, blue" in refused(four, card)
    assert "--bands 1,2,3" in refused(four, card)
    wider = replace(card, bands=(*card.bands, "infrared", "height"))
    said = refused(four, wider)  # four of five: none of them stands for another
    assert "has 4 bands, but the model takes 5" in said and "--bands" not in said
    assert "has the bands 1 to 4" in refused(four, card, 1, 2, 5)
    Image.fromarray(PIXELS[..., 0]).save(tmp_path / "grey.png")
    assert "--bands 1,1,1" in refused(tmp_path / "grey.png", card)
    deep = save(tmp_path / "deep.tif", PIXELS.astype(np.uint16))
    assert "16 bits per band, but the model was trained on 8 bits" in refused(deep, card)
    assert "rio convert --dtype uint8" in refused(deep, card)
    assert "trained on 16 bits" in refused(files / "rgb.png", replace(card, pixels="uint16"))
    real = save(tmp_path / "real.tif", PIXELS.astype(np.float32))
    assert "has float32 per band" in refused(real, card)


def test_a_palette_for_a_model_of_one_band(files: Path, card: Card):
    one = replace(card, bands=("grey",), mean=(90.0,), std=(60.0,))
    assert "save it without a palette" in refused(files / "palette.png", one)
    assert "save it without a palette" in refused(files / "palette.png", one, 1)


def test_files_that_are_no_images(card: Card, tmp_path: Path):
    assert "does not exist" in refused(tmp_path / "none.tif", card)
    assert f"{tmp_path}/*.tif" in refused(tmp_path, card)
    (tmp_path / "text.tif").write_text("no image")
    assert "text.tif cannot be used" in refused(tmp_path / "text.tif", card)


def test_a_photograph_that_is_stored_turned(card: Card, tmp_path: Path):
    picture = Image.fromarray(PIXELS)
    exif = picture.getexif()
    exif[274] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert "save it upright" in refused(tmp_path / "turned.jpg", card)


def test_a_world_file_makes_a_png_lie_on_the_ground(files: Path, card: Card):
    (files / "rgb.pgw").write_text("0.5\n0\n0\n-0.5\n326000\n2779000\n")
    with open_scene(files / "rgb.png", card) as scene:
        assert scene.on_the_ground
        assert scene.dataset.transform == rasterio.Affine(0.5, 0, 325999.75, 0, -0.5, 2779000.25)
