"""What an image does not show: void, in no statistics, and to a model the mean of each band."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from PIL import Image

from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID
from aerial_nni.data.pipeline.augment import Augmentation
from aerial_nni.data.pipeline.batches import Batches, measure_normalisation
from aerial_nni.data.pipeline.prepared import prepare, verify
from aerial_nni.rasters import gdal

SIDE = 64
HIDDEN = np.zeros((SIDE, SIDE), bool)
HIDDEN[:, 40:] = True


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """Two images, of which the first is nodata from column 40 on; row 3 of its mask is void."""
    rng = np.random.default_rng(2)
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    for name in "ab":
        pixels = rng.integers(100, 200, (SIDE, SIDE, 3)).astype(np.uint8)
        if name == "a":
            pixels[HIDDEN] = 7
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[3] = 9
        Image.fromarray(mask).save(tmp_path / f"masks/{name}.png")
        size = {"height": SIDE, "width": SIDE, "count": 3, "dtype": "uint8"}
        with gdal(), rasterio.open(tmp_path / f"images/{name}.tif", "w", "GTiff", nodata=7,
                                   **size) as file:  # fmt: skip
            file.write(pixels.transpose(2, 0, 1))
    (tmp_path / "classes.yaml").write_text(
        "masks: index\nclasses: {Land: 0, Water: 1}\nvoid: 9\npatch: 32\n"
    )
    return tmp_path


def test_a_patch_knows_what_its_image_does_not_show(town: Path):
    prepared = prepare(open_dataset("folder", str(town)))
    hidden = [prepared.hidden(number) for number in range(len(prepared.patches))]
    assert [one is not None for one in hidden] == [False, True, False, True] + 4 * [False]
    np.testing.assert_array_equal(hidden[1], HIDDEN[:32, 32:])
    assert (prepared.masks[1][HIDDEN[:32, 32:]] == VOID).all()
    assert verify(prepared) == ()
    again = prepare(open_dataset("folder", str(town)))  # from the cache
    np.testing.assert_array_equal(again.hidden(3), HIDDEN[32:, 32:])


def test_the_mean_is_that_of_what_is_shown_and_belongs_to_a_class(town: Path):
    prepared = prepare(open_dataset("folder", str(town)))
    normal = measure_normalisation(prepared, range(len(prepared.patches)))
    seen = prepared.images[prepared.masks != VOID]
    assert normal.mean == pytest.approx(seen.mean(0).tolist())
    assert normal.std == pytest.approx(seen.std(0).tolist(), rel=1e-5)
    assert min(normal.mean) > 145


def test_a_patch_of_nothing_has_a_normalisation(town: Path):
    (town / "classes.yaml").write_text("masks: index\nclasses: {A: 1, B: 2}\nvoid: [0, 9]\n"
                                       "patch: 32\n")  # fmt: skip
    Image.fromarray(np.ones((SIDE, SIDE), np.uint8)).save(town / "masks/b.png")
    normal = measure_normalisation(prepare(open_dataset("folder", str(town))), [0, 1])
    assert normal.mean == (0, 0, 0) and normal.std == (1, 1, 1)


def test_a_model_is_shown_the_mean_there_and_the_image_elsewhere(town: Path):
    prepared = prepare(open_dataset("folder", str(town)))
    normal = measure_normalisation(prepared, range(len(prepared.patches)))
    batches = Batches(
        prepared=prepared, indices=(0, 1), batch=2, device=torch.device("cpu"),
        normalisation=normal, augmentation=Augmentation(),
    )  # fmt: skip
    images, _ = next(iter(batches.in_order()))
    neutral = normal(torch.from_numpy(np.round(normal.mean)).view(1, 3, 1, 1)).flatten()
    hidden = torch.from_numpy(HIDDEN[:32, 32:])
    torch.testing.assert_close(images[1][:, hidden], neutral[:, None].expand(3, hidden.sum()))
    assert neutral.abs().max() < 0.02
    # A pixel that is void by the mask alone is shown.
    raw = torch.from_numpy(prepared.images[0, 3].copy()).T[None, :, None]
    torch.testing.assert_close(images[0, :, 3], normal(raw)[0, :, 0])


def test_padding_mirrors_what_is_hidden(town: Path):
    prepared = prepare(open_dataset("folder", str(town)), patch=48, edge="pad")
    hidden = prepared.hidden(1)  # columns 48 to 63, mirrored
    assert hidden is not None and hidden[:, :32].all() and hidden.shape == (48, 48)
    assert (prepared.masks[1][:, 16:] == VOID).all()


@pytest.mark.parametrize("case", ["nodata", "internalmask"])
def test_nodata_is_not_learnt_from(aerial_data: Path, case: str):
    place = aerial_data / "cases" / "training_nodata" / case
    if not place.is_dir():
        pytest.skip(f"there is no {place}")
    prepared = prepare(open_dataset("folder", str(place)))
    normal = measure_normalisation(prepared, range(len(prepared.patches)))
    assert min(normal.mean) > 60  # with nodata it would be half
    assert 0.4 < (prepared.masks == VOID).mean() < 0.6
