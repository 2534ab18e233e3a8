"""Every kind of file through both uses: training and `predict` see the same pixels and void."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made_rasters import HEIGHT, WIDTH, Made, everything
from PIL import Image

from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID, Dataset
from aerial_nni.data.pipeline.class_codes import indices
from aerial_nni.data.pipeline.image_reading import read_image, read_indices
from aerial_nni.inference.model_card import Card
from aerial_nni.inference.scene import open_scene
from aerial_nni.rasters import ENDINGS, gdal, open_picture


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    with gdal():
        return everything(tmp_path_factory.mktemp("matrix"))


def trained_on(files: list[Made], folder: Path) -> Dataset:
    """A folder of one's own with these images; all masks are of one class."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    mask = folder / "mask.png"
    Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(mask)
    for made in files:
        for path in made.path.parent.glob(f"{made.path.name}*"):  # with what lies beside it
            (folder / "images" / path.name).hardlink_to(path)
        (folder / "masks" / f"{made.path.stem}.png").symlink_to(mask)
    bands = [f"b{number}" for number in range(files[0].bands)]
    text = f"masks: index\nclasses: {{Land: 0, Water: 1}}\nbands: [{', '.join(bands)}]\n"
    (folder / "classes.yaml").write_text(text)
    return open_dataset("folder", str(folder))


def card(bands: int, pixels: str) -> Card:
    names = tuple(f"b{number}" for number in range(bands))
    means = (90.0,) * bands
    return Card(classes=("Land", "Water"), palette=((0, 0, 0), (1, 1, 1)), bands=names, mean=means,
                std=means, pixels=pixels, written=indices(2))  # fmt: skip


def predicted_on(path: Path, bands: int, pixels: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and void of a scene, read by windows."""
    with open_scene(path, card(bands, pixels)) as scene:
        height, width = scene.dataset.shape
        image = np.zeros((height, width, bands), pixels)
        void = np.zeros((height, width), bool)
        for y, x in ((y, x) for y in range(0, height, 17) for x in range(0, width, 19)):
            rows, columns = slice(y, min(y + 17, height)), slice(x, min(x + 19, width))
            part, valid = scene.read(y, x, rows.stop - y, columns.stop - x)
            image[rows, columns] = part
            void[rows, columns] = False if valid is None else ~valid
    return image, void


def pairs(matrix: list[Made], tmp_path: Path) -> Iterator[tuple[Made, Dataset]]:
    """Each file with a dataset of all that have as many bands, in which it is named as it is."""
    stems: dict[tuple[int, str], list[Made]] = {}
    for made in matrix:
        stems.setdefault((made.bands, made.path.suffix), []).append(made)
    for (bands, ending), files in stems.items():
        dataset = trained_on(files, tmp_path / f"{bands}{ending}")
        assert not dataset.problems
        for made in files:
            yield made, dataset


def differences(made: Made, dataset: Dataset) -> Iterator[str]:
    """What the two uses do not agree on, or see otherwise than it was made."""
    sample = next(one for one in dataset.samples if one.name == made.path.stem)
    image, mask = dataset.read(sample)
    again, void = predicted_on(made.path, made.bands, str(image.dtype))
    if not np.array_equal(image, again):
        yield f"{np.mean(image != again):.3f} of the values differ"
    shown = ~made.void  # LERC keeps no values under an alpha of 0
    if made.pixels is not None and not np.array_equal(image[shown], made.pixels[shown]):
        yield "the values are not those that were saved"
    if not np.array_equal(mask == VOID, void):
        yield f"void: {np.sum(mask == VOID)} in training, {void.sum()} in predict"
    if not np.array_equal(void, made.void):
        yield f"void: {void.sum()} pixels, not {made.void.sum()}"
    valid = dataset.valid(sample)
    if not np.array_equal(void, ~valid if valid is not None else np.zeros_like(void)):
        yield "what hides pixels from the statistics is not what is void"


def refusals(made: Made, dataset: Dataset) -> set[str]:
    """Why the two uses refuse a file, without the folder it lies in."""
    sample = next(one for one in dataset.samples if one.name == made.path.stem)
    reasons = set()
    for read in (lambda: dataset.read(sample), lambda: predicted_on(made.path, 3, "uint8")):
        with pytest.raises(ValueError, match=re.escape(made.refused)) as caught:
            read()
        reasons.add(re.sub(r"/\S*/", "", str(caught.value)))
    return reasons


@pytest.mark.long
def test_every_file_is_the_same_to_training_and_to_predict(matrix: list[Made], tmp_path: Path):
    assert len(matrix) > 300
    found = {}
    for made, dataset in pairs(matrix, tmp_path):
        if made.refused:
            reasons = refusals(made, dataset)
            assert len(reasons) == 1, reasons
        elif different := list(differences(made, dataset)):
            found[made.path.name] = different
    assert found == {}


def test_the_cases_are_the_same_to_training_and_to_predict(aerial_data: Path):
    if not (aerial_data / "cases").is_dir():
        pytest.skip(f"there are no cases in AERIAL_DATA={aerial_data}")
    seen = 0
    for path in sorted((aerial_data / "cases").rglob("*")):
        if path.suffix.lower() not in ENDINGS:
            continue
        with gdal(), open_picture(path) as picture:
            bands = len(picture.seen)
        if bands == 1:
            with gdal(), rasterio.open(path) as dataset:
                np.testing.assert_array_equal(read_indices(path), dataset.read(1))
        else:
            image, valid = read_image(path, bands=bands)
            again, void = predicted_on(path, bands, str(image.dtype))
            np.testing.assert_array_equal(image, again)
            np.testing.assert_array_equal(void, np.zeros_like(void) if valid is None else ~valid)
            assert void.any() == ("training_nodata" in path.parts)
        seen += 1
    assert seen > 60
