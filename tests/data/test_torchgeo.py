"""Datasets of torchgeo by their names: small generated ones in their layouts, trained on."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import DatasetMissing
from aerial_nni.data.prepared import prepare
from aerial_nni.data.splits import make_split
from aerial_nni.options import BadOption
from aerial_nni.trials import baseline

datasets = pytest.importorskip("torchgeo.datasets")
pytestmark = pytest.mark.filterwarnings("ignore")
SIDE = 32


def picture(path: Path, *, bands: int = 3) -> None:
    """Writes noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(zlib.crc32(str(path).encode()))
    pixels = draw.integers(0, 256, (SIDE, SIDE, bands), np.uint8)
    if bands == 3:
        Image.fromarray(pixels).save(path)
        return
    with rasterio.open(path, "w", driver="GTiff", height=SIDE, width=SIDE, count=bands,
                       dtype="uint8") as file:  # fmt: skip
        file.write(pixels.transpose(2, 0, 1))


def mask(path: Path, colours: tuple | None = None) -> None:
    """Writes a mask whose left half is class 1, its right half class 2."""
    path.parent.mkdir(parents=True, exist_ok=True)
    classes = np.ones((SIDE, SIDE), np.uint8)
    classes[:, SIDE // 2 :] = 2
    Image.fromarray(np.array(colours, np.uint8)[classes] if colours else classes).save(path)


def love_da(root: Path) -> None:
    for split in ("Train", "Val"):
        for scene in ("Urban", "Rural"):
            picture(root / split / scene / "images_png" / "0.png")
            mask(root / split / scene / "masks_png" / "0.png")


def gid(root: Path) -> None:
    for split in ("train", "val"):
        picture(root / "GID" / "img_dir" / split / "a.tif")
        mask(root / "GID" / "ann_dir" / split / "a_15label.png")


def vaihingen(root: Path) -> None:
    for names in datasets.Vaihingen2D.splits.values():
        picture(root / "top" / names[0])
        mask(root / names[0], datasets.Vaihingen2D.colormap)


def potsdam(root: Path) -> None:
    for names in datasets.Potsdam2D.splits.values():
        picture(root / "4_Ortho_RGBIR" / f"{names[0]}_RGBIR.tif", bands=4)
        mask(root / f"{names[0]}_label.tif", datasets.Potsdam2D.colormap)


def deep_globe(root: Path) -> None:
    for split in ("training_data", "test_data"):
        picture(root / "data" / split / "images" / "1_sat.jpg")
        mask(root / "data" / split / "masks" / "1_mask.png", datasets.DeepGlobeLandCover.colormap)


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "LoveDA": love_da,
    "GID15": gid,
    "Vaihingen2D": vaihingen,
    "Potsdam2D": potsdam,
    "DeepGlobeLandCover": deep_globe,
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_it_trains_on_the_split_it_brings(tmp_path: Path, name: str):
    LAYOUTS[name](tmp_path / "data")
    dataset = open_dataset(f"torchgeo:{name}", str(tmp_path / "data"))
    assert dataset.facts.classes == getattr(datasets, name).classes
    prepared = prepare(dataset, patch=16)
    assert (prepared.masks[0] == 1).all() and (prepared.masks[1] == 2).all()
    split = make_split(prepared, "given")
    assert {prepared.patches[i].area for i in split.train} == {"train"}
    assert {prepared.patches[i].area for i in split.val} <= {"val", "test"}
    words = ["--data", f"torchgeo:{name}", "--data-dir", str(tmp_path / "data"), "--split", "given"]
    small = ["--patch", "16", "--width", "2", "--depth", "1", "--epochs", "1", "--batch", "4"]
    assert baseline.main([*words, *small, "--out", str(tmp_path / "run")]) == 0


def test_what_is_no_dataset_says_what_to_type(tmp_path: Path):
    with pytest.raises(BadOption, match="did you mean torchgeo:LoveDA"):
        open_dataset("torchgeo:LovDA", str(tmp_path))
    with pytest.raises(BadOption, match="does not say its classes"):
        open_dataset("torchgeo:ETCI2021", str(tmp_path))
    with pytest.raises(BadOption, match="such as torchgeo:LoveDA"):
        open_dataset("torchgeo", str(tmp_path))
    with pytest.raises(DatasetMissing, match="no training split"):
        open_dataset("torchgeo:LoveDA", str(tmp_path))
