"""Confidence and probabilities: the softmax of what was stitched, on the scene's ground."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import scipy.special
from made_scenes import CLASSES, drawn, png, save

from aerial_nni.data.dataset import VOID
from aerial_nni.inference.prediction import Wanted, answered, segment
from aerial_nni.inference.probability import LEVELS, highest_share, softmax
from aerial_nni.inference.scene import open_scene
from aerial_nni.inference.tiles import Tiling
from aerial_nni.inference.torch_model import TorchModel

SMALL = Tiling(tile=64, overlap=24)


def test_shares_are_the_softmax_even_of_large_logits():
    logits = np.random.default_rng(0).normal(0, 200, (5, 20, 30)).astype(np.float32)
    expected = scipy.special.softmax(logits.astype(float), axis=0)
    np.testing.assert_allclose(softmax(logits), expected, atol=1e-6)
    np.testing.assert_allclose(highest_share(logits)[0], expected.max(0), atol=1e-6)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene of several tiles whose left side is nodata."""
    pixels = drawn(150, 200, 7)[0].clip(1, 255)
    pixels[:, :90] = 0
    return save(tmp_path_factory.mktemp("scene") / "a.tif", pixels, nodata=0)


def stitched_shares(model: TorchModel, scene: Path) -> np.ndarray:
    """Probabilities (classes, h, w) of the blended logits."""
    shares = np.full((3, 150, 200), np.nan)
    with open_scene(scene, model.card) as opened:
        for y, x, logits, _ in answered(model, opened, SMALL):
            height, width = logits.shape[1:]
            shares[:, y : y + height, x : x + width] = scipy.special.softmax(logits, axis=0)
    return shares


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_the_rasters_hold_the_softmax_of_the_stitched_logits(
    model: TorchModel, scene: Path, tmp_path: Path, dtype: str
):
    wanted = Wanted(confidence=True, probabilities=True, dtype=dtype)
    files = segment(model, scene, tmp_path / "b", tiling=SMALL, wanted=wanted).files
    expected = stitched_shares(model, scene)
    with rasterio.open(files["mask"]) as file:
        mask, place = file.read(1), (file.crs, file.transform)
    void = mask == VOID
    assert void[:, :90].all()
    found = {}
    for kind in ("confidence", "probabilities"):
        with rasterio.open(files[kind]) as file:
            assert (file.crs, file.transform) == place
            assert set(file.dtypes) == {dtype}
            assert (file.read_masks() == np.where(void, 0, 255)).all()
            found[kind] = file.read() * np.array(file.scales)[:, None, None]
            names = file.descriptions
    assert names == CLASSES
    close = 0.51 / LEVELS if dtype == "uint8" else 1e-5
    shown = ~void
    np.testing.assert_allclose(
        found["probabilities"][:, shown], expected[:, shown], rtol=0, atol=close
    )
    np.testing.assert_allclose(
        found["confidence"][0][shown], expected.max(0)[shown], rtol=0, atol=close
    )
    if dtype == "float32":
        np.testing.assert_array_equal(found["probabilities"].argmax(0)[shown], mask[shown])


def test_a_plain_picture_has_a_confidence_too(model: TorchModel, tmp_path: Path):
    wanted = Wanted(confidence=True)
    files = segment(model, png(tmp_path / "a.png"), tmp_path / "b", wanted=wanted).files
    assert files["mask"].name == "b-mask.png"
    with rasterio.open(files["confidence"]) as file:
        assert file.shape == (150, 200)
        assert file.read().min() >= LEVELS // 3


@pytest.mark.long
def test_rasters_are_cloud_optimised_on_request(model: TorchModel, tmp_path: Path):
    pixels = drawn(1100, 1300, 3)[0].clip(1, 255)
    pixels[:200, :200] = 0
    scene = save(tmp_path / "a.tif", pixels, nodata=0)
    flat = segment(model, scene, tmp_path / "flat", wanted=Wanted(probabilities=True)).files
    wanted = Wanted(confidence=True, probabilities=True, cog=True)
    files = segment(model, scene, tmp_path / "cog", wanted=wanted).files
    for kind, path in files.items():
        with rasterio.open(path) as file:
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.overviews(1), kind
            assert file.block_shapes[0] == (512, 512)
            assert file.crs == "EPSG:32640"
            if kind != "confidence":
                with rasterio.open(flat[kind]) as other:
                    np.testing.assert_array_equal(file.read(), other.read())
                    assert (file.scales, file.descriptions) == (other.scales, other.descriptions)
    with rasterio.open(files["mask"], overview_level=0) as small:
        classes = small.read(1)
    assert set(np.unique(classes)) <= {0, 1, 2, VOID}  # no class between two others
    assert (classes[:90, :90] == VOID).all()
    with rasterio.open(files["mask"]) as file:
        assert file.colormap(1)[1] == (30, 60, 200, 255)
        assert file.tags(1)["class_2"] == "Wood"


def test_a_cloud_optimised_file_of_a_plain_picture_is_a_tiff(model: TorchModel, tmp_path: Path):
    files = segment(model, png(tmp_path / "a.png"), tmp_path / "b", wanted=Wanted(cog=True)).files
    with rasterio.open(files["mask"]) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
