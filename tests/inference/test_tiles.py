import numpy as np
import pytest
from made_scenes import HEADER

from aerial_nni.config.options import BadOption
from aerial_nni.inference.model_card import read_card
from aerial_nni.inference.tiles import STEP, Tiling, spread, stitched

SIDES = [(5, 64, 16), (64, 64, 16), (65, 64, 16), (300, 64, 0), (1000, 96, 48), (2149, 1024, 128)]


@pytest.mark.parametrize(("length", "tile", "overlap"), SIDES)
def test_tiles_are_alike_and_cover_the_side(length: int, tile: int, overlap: int):
    axis = spread(length, Tiling(tile=tile, overlap=overlap))
    sizes = [len(weights) for weights in axis.weights]
    ends = [start + size for start, size in zip(axis.starts, sizes, strict=True)]
    assert axis.starts[0] == 0
    assert ends[-1] == length
    assert max(sizes) <= tile
    assert len(set(sizes[:-1])) <= 1
    assert sizes[0] - sizes[-1] < STEP  # the ragged rest of the side
    assert all(start % STEP == 0 for start in axis.starts)
    shared = [end - start for end, start in zip(ends, axis.starts[1:], strict=False)]
    assert min(shared, default=overlap) >= overlap


@pytest.mark.parametrize(("length", "tile", "overlap"), SIDES)
def test_weights_add_up_to_one(length: int, tile: int, overlap: int):
    axis = spread(length, Tiling(tile=tile, overlap=overlap))
    total = np.zeros(length)
    for start, weights in zip(axis.starts, axis.weights, strict=True):
        total[start : start + len(weights)] += weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_a_pixel_of_one_tile_has_weight_one():
    assert (spread(50, Tiling(tile=64, overlap=16)).weights[0] == 1).all()
    assert spread(1000, Tiling(tile=256, overlap=64)).weights[1][128] == 1


def test_no_more_is_computed_than_needed():
    """Three tiles of 1024 pixels would fit; three of 832 do."""
    assert len(spread(2149, Tiling(tile=1024, overlap=128)).weights[0]) == 832


@pytest.mark.parametrize(
    ("tile", "overlap", "advice"),
    [
        (64, 40, "--tile 64 --overlap 16"),
        (128, 128, "--tile 128 --overlap 32"),
        (16, 0, "--tile 32 --overlap 0"),
        (64, -1, "--tile 64 --overlap 16"),
        (100, 10, "--tile 128 --overlap 10"),
        (0, 999, "--overlap 128"),  # the size is the model's own word
    ],
)
def test_tiles_that_cannot_overlap_so_far(tile: int, overlap: int, advice: str):
    with pytest.raises(BadOption, match=f"; try {advice}$"):
        Tiling(tile=tile, overlap=overlap)
    words = dict(zip(advice.split()[::2], map(int, advice.split()[1::2]), strict=True))
    Tiling(tile=words.get("--tile", 0), overlap=words["--overlap"])  # what is advised is taken


def whole(logits_of, height: int, width: int, *, tile: int, overlap: int) -> np.ndarray:
    """All rectangles put together; each pixel is yielded once."""
    rows, columns = (spread(side, Tiling(tile=tile, overlap=overlap)) for side in (height, width))
    picture = np.full((2, height, width), np.nan, np.float32)
    for y, x, logits in stitched(logits_of, rows, columns, classes=2):
        place = picture[:, y : y + logits.shape[1], x : x + logits.shape[2]]
        assert np.isnan(place).all()
        place[:] = logits
    return picture


@pytest.mark.parametrize("overlap", [0, 8, 24, 32])
def test_constant_logits_stay_constant(overlap: int):
    def logits_of(y: int, x: int, height: int, width: int) -> np.ndarray:
        return np.stack([np.full((height, width), value, np.float32) for value in (3.0, -1.5)])

    picture = whole(logits_of, 203, 151, tile=64, overlap=overlap)
    np.testing.assert_allclose(picture[0], 3.0, rtol=1e-6)
    np.testing.assert_allclose(picture[1], -1.5, rtol=1e-6)


def test_tiles_that_agree_give_back_the_picture():
    scene = np.random.default_rng(0).normal(size=(2, 203, 151)).astype(np.float32)

    def logits_of(y: int, x: int, height: int, width: int) -> np.ndarray:
        return scene[:, y : y + height, x : x + width].copy()

    np.testing.assert_allclose(whole(logits_of, 203, 151, tile=64, overlap=20), scene, atol=1e-6)


def test_tiles_that_disagree_are_blended_smoothly():
    def logits_of(y: int, x: int, height: int, width: int) -> np.ndarray:
        return np.full((2, height, width), float(x > 0), np.float32)

    row = whole(logits_of, 20, 96, tile=64, overlap=32)[0, 10]
    assert row[0] == 0
    assert row[-1] == 1
    assert (np.diff(row) >= 0).all()
    assert np.diff(row).max() < 0.06


def test_a_tile_that_is_left_out_adds_nothing():
    def logits_of(y: int, x: int, height: int, width: int) -> np.ndarray | None:
        return None if x == 0 else np.ones((2, height, width), np.float32)

    row = whole(logits_of, 20, 96, tile=64, overlap=32)[0, 10]
    assert (row[:32] == 0).all()
    np.testing.assert_allclose(row[64:], 1)


def test_a_network_that_folds_pixels_gets_larger_tiles():
    assert [Tiling().on(fold).tile for fold in (1, 2, 4)] == [1024, 2048, 2048]
    assert Tiling(tile=256).on(2).tile == 256


def test_a_network_that_pools_over_pictures_gets_them_whole():
    tiling = Tiling().on(1, whole=1270)
    assert tiling.tile == 1280 and spread(1280, tiling).starts == (0,)
    assert Tiling(tile=256).on(1, whole=1280).tile == 256
    assert Tiling().on(1, whole=640).tile == 640


@pytest.mark.parametrize("length", [300, 640, 1000, 1999])
def test_such_a_network_gets_tiles_of_one_size_whatever_the_scene(length):
    tiling = Tiling().on(1, whole=250)
    axis = spread(length, tiling)
    assert {len(weights) for weights in axis.weights[:-1]} == {256}
    assert 256 - STEP < len(axis.weights[-1]) <= 256
    total = np.zeros(length)
    for start, weights in zip(axis.starts, axis.weights, strict=True):
        total[start : start + len(weights)] += weights
    np.testing.assert_allclose(total, 1, rtol=1e-5)


@pytest.mark.parametrize("fold, depth, step", [(1, 4, 32), (1, 7, 128), (2, 5, 64), (3, 4, 48)])
def test_deep_networks_see_the_same_grid_in_every_tile(fold, depth, step):
    model = {"model": "unet", "space_to_depth": fold, "depth": depth}
    card = read_card({**HEADER, "model": model}, "x")
    assert card.step == step and step % (fold * 2**depth) == 0
    tiling = Tiling(tile=320).on(card.fold, step=card.step)
    assert all(start % step == 0 for start in spread(2000, tiling).starts)


def test_of_deeplab_the_card_says_how_large_its_patches_were():
    header = {**HEADER, "size": [720, 1280]}
    wholes = [read_card({**header, "model": {"model": name}}, "x").whole
              for name in ("deeplab", "unet")]  # fmt: skip
    assert wholes == [1280, 0]
    grouped = {"model": "unet", "norm": "group"}
    assert read_card({**header, "model": grouped}, "x").whole == 1280
    assert read_card({**HEADER, "model": {"model": "deeplab"}}, "x").whole == 0
