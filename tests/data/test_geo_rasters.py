"""A raster of labels is read as a mask of a folder is, and its faults are said."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import yaml
from made_ground import EAST, NORTH, UTM, scene, vectors
from made_ground import box as rectangle
from rasterio import Affine
from rasterio.enums import ColorInterp

from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID
from aerial_nni.data.datasets.geo import label_raster
from aerial_nni.data.datasets.geo.problems import LabelsUnusable

PLACE = Affine(1, 0, EAST, 0, -1, NORTH)
CLASSES = {"Land": 0, "Water": [1, 300, -3]}

VALUES = np.zeros((64, 64), np.int64)
VALUES[:, 40:] = 1


def raster(path: Path, pixels: np.ndarray, **profile: Any) -> Path:
    """Writes a raster of labels, (h, w) or (bands, h, w), where the scenes lie."""
    bands = pixels[None] if pixels.ndim == 2 else pixels
    usual = {"driver": "GTiff", "crs": UTM, "transform": PLACE, "dtype": bands.dtype}
    count, height, width = bands.shape
    with rasterio.open(path, "w", **{**usual, **profile}, count=count, height=height,
                       width=width) as file:  # fmt: skip
        file.write(bands)
    return path


def both(folder: Path, **more: Any) -> tuple[Path, Path]:
    """A folder of scenes and one of images and masks, with the same image and the same classes."""
    scenes, pairs = folder / "scenes", folder / "pairs"
    for one in (scenes, pairs / "images", pairs / "masks"):
        one.mkdir(parents=True)
    scene(scenes / "a.tif", size=(64, 64))
    shutil.copy(scenes / "a.tif", pairs / "images" / "a.tif")
    listing = {"scenes": "a.tif", "labels": "labels.tiff", "classes": CLASSES, **more}
    (scenes / "scenes.yaml").write_text(yaml.safe_dump(listing, sort_keys=False))
    listed = {"masks": "index", "classes": CLASSES}
    (pairs / "classes.yaml").write_text(yaml.safe_dump(listed, sort_keys=False))
    return scenes, pairs


def mask_of(kind: str, folder: Path) -> np.ndarray:
    """The mask of the one sample of a dataset."""
    dataset = open_dataset(kind, str(folder))
    (sample,) = dataset.samples
    return dataset.read(sample)[1]


def findings(folder: Path) -> list[str]:
    """Every finding about a folder, those that keep it from being used with a star."""
    problems = open_dataset("geo", str(folder)).examine()
    return [f"{'*' * p.fatal}{Path(p.where).name}: {p.text}; {p.mend}" for p in problems]


def with_alpha(path: Path) -> None:
    raster(path, np.stack([VALUES, np.where(VALUES[::-1].T, 0, 255)]).astype(np.uint8), alpha="yes")


def with_mask(path: Path) -> None:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        raster(path, VALUES.astype(np.uint8))
        with rasterio.open(path, "r+") as file:
            file.write_mask(VALUES.T == 0)


def with_palette(path: Path) -> None:
    raster(path, VALUES.astype(np.uint8), photometric="palette")
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {0: (0, 0, 0, 0), 1: (9, 9, 200, 255)})
        file.colorinterp = [ColorInterp.palette]


def with_nan(path: Path) -> None:
    raster(path, np.where(VALUES.T, np.nan, VALUES).astype(np.float32))


KINDS = {
    "plain": lambda path: raster(path, VALUES.astype(np.uint8)),
    "nodata of a class": lambda path: raster(path, VALUES.astype(np.uint8), nodata=0),
    "nodata of none": lambda path: raster(
        path, np.where(VALUES.T, 77, VALUES).astype(np.uint8), nodata=77
    ),
    "NaN": with_nan,
    "alpha": with_alpha,
    "mask": with_mask,
    "transparent entry of a class": with_palette,
    "int16": lambda path: raster(path, np.where(VALUES, -3, 0).astype(np.int16)),
    "int64": lambda path: raster(path, np.where(VALUES, 300, 0)),
    "one bit": lambda path: raster(path, VALUES.astype(np.uint8), nbits=1),
    "grey in colours": lambda path: raster(
        path, np.stack([VALUES] * 3).astype(np.uint8), photometric="RGB"
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_the_same_file_says_as_a_mask(tmp_path: Path, kind: str):
    scenes, pairs = both(tmp_path)
    KINDS[kind](pairs / "masks" / "a.tif")
    expected = mask_of("folder", pairs)
    hidden = kind in ("NaN", "alpha", "mask", "nodata of none")
    assert (expected == VOID).any() == hidden and {0, 1} <= set(np.unique(expected))
    shutil.copy(pairs / "masks" / "a.tif", scenes / "labels.tiff")
    assert findings(scenes) == []
    assert (mask_of("geo", scenes) == expected).all()


REFUSED = {
    "JPEG": ({"compress": "JPEG"}, VALUES.astype(np.uint8), "does not keep a mask's exact values"),
    "colours": ({"photometric": "RGB"}, np.stack([VALUES, VALUES, VALUES * 0]).astype(np.uint8),
                "it holds colours, no indices; save it as one band of whole numbers"),
    "halves": ({}, np.where(VALUES, 0.5, 0).astype(np.float32), "hold no whole number, such as"),
    "elsewhere": ({"transform": Affine(1, 0, EAST + 900, 0, -1, NORTH)}, VALUES.astype(np.uint8),
                  "it lies outside every scene of its area; is its reference system right?"),
    "no ground": ({"transform": Affine.identity()}, VALUES.astype(np.uint8), "has no transform"),
    "no system": ({"crs": None}, VALUES.astype(np.uint8), "coordinate reference system"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:The given matrix is equal to Affine.identity")
@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_used_is_a_finding_and_is_not_trained_on(tmp_path: Path, kind: str):
    scenes, _ = both(tmp_path)
    profile, pixels, said = REFUSED[kind]
    raster(scenes / "labels.tiff", pixels, **profile)
    (found,) = findings(scenes)
    assert found.startswith("*labels.tiff: it ") and said in found
    with pytest.raises((LabelsUnusable, ValueError)) as raised:
        mask_of("geo", scenes)
    assert said.split(";")[0] in str(raised.value)


def test_a_turned_raster_is_refused(tmp_path: Path):
    scenes, _ = both(tmp_path)
    content = bytearray(raster(scenes / "labels.tiff", VALUES.astype(np.uint8)).read_bytes())
    place = content.index((277).to_bytes(2, "little") + b"\x03\0")  # SamplesPerPixel, which is 1
    content[place : place + 12] = b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"  # Orientation 6
    (scenes / "labels.tiff").write_bytes(content)
    (found,) = findings(scenes)
    assert found.startswith("*labels.tiff: it ") and "turned" in found


def test_scenes_without_any_of_it_are_mentioned(tmp_path: Path):
    scenes, _ = both(tmp_path, scenes=["a.tif", "b.tif"])
    scene(scenes / "b.tif", size=(64, 64), shift=(500, 0))
    raster(scenes / "labels.tiff", VALUES.astype(np.uint8))
    (found,) = findings(scenes)
    assert found.startswith("labels.tiff: it lies outside 1 of 2 scenes of its area")


def test_what_has_no_whole_number_cannot_be_a_raster(tmp_path: Path):
    scenes, _ = both(tmp_path, classes={"Land": "land", "Water": "water"})
    raster(scenes / "labels.tiff", VALUES.astype(np.uint8))
    assert "no class in scenes.yaml has one" in findings(scenes)[0]


@pytest.mark.long
@pytest.mark.parametrize("most", [64, 1 << 24])
def test_a_finer_raster_is_read_in_parts_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
):
    scenes, _ = both(tmp_path)
    fine = np.arange(256)[:, None] // 4 % 2 | np.arange(256)[None] // 4 % 3 == 1
    raster(scenes / "labels.tiff", fine.astype(np.uint8), transform=PLACE @ Affine.scale(0.25))
    monkeypatch.setattr(label_raster, "MOST", most)
    assert (mask_of("geo", scenes) == fine[2::4, 2::4]).all()


@pytest.mark.parametrize("west", [179.99, -180.01])
def test_a_raster_in_degrees_across_the_180th_meridian_is_whole(tmp_path: Path, west: float):
    scenes, _ = both(tmp_path)
    # 10 m pixels around longitude 180 and latitude -17, in UTM zone 60 S
    middle = Affine(10, 0, 819131.55, 0, -10, 8118318.19)
    scene(scenes / "a.tif", size=(64, 64), crs="EPSG:32760", transform=middle)
    halves = np.repeat([[0, 1]], 100, axis=1).repeat(200, axis=0)
    raster(scenes / "labels.tiff", halves.astype(np.uint8), crs="EPSG:4326",
           transform=Affine(1e-4, 0, west, 0, -1e-4, -16.99))  # fmt: skip
    mask = mask_of("geo", scenes)
    assert (
        set(np.unique(mask)) == {0, 1} and (mask[:, :29] == 0).all() and (mask[:, 35:] == 1).all()
    )


@pytest.mark.parametrize("raster_west", [179.99, -180.01])
@pytest.mark.parametrize("scene_west", [179.99, -180.01])
def test_scene_and_raster_in_degrees_on_opposite_sides_are_one_ground(
    tmp_path: Path, scene_west: float, raster_west: float
):
    scenes, _ = both(tmp_path)
    scene(scenes / "a.tif", size=(64, 64), crs="EPSG:4326",
          transform=Affine(1e-4, 0, scene_west + 68e-4, 0, -1e-4, -16.99))  # fmt: skip
    halves = np.repeat([[0, 1]], 100, axis=1).repeat(200, axis=0)
    for crs in ("EPSG:4326", "EPSG:4283"):  # the second has another datum
        raster(scenes / "labels.tiff", halves.astype(np.uint8), crs=crs,
               transform=Affine(1e-4, 0, raster_west, 0, -1e-4, -16.99))  # fmt: skip
        assert findings(scenes) == []
        mask = mask_of("geo", scenes)
        assert (mask[:, :31] == 0).all() and (mask[:, 33:] == 1).all()


def test_a_raster_of_the_whole_earth_is_found_on_both_sides(tmp_path: Path):
    scenes, _ = both(tmp_path)
    earth = np.zeros((180, 360), np.uint8)
    earth[:, 0] = 1  # from -180 to -179
    raster(scenes / "labels.tiff", earth, crs="EPSG:4326",
           transform=Affine(1, 0, -180, 0, -1, 90))  # fmt: skip
    for west in (179.68, -180.32):
        scene(scenes / "a.tif", size=(64, 64), crs="EPSG:4326",
              transform=Affine(1e-2, 0, west, 0, -1e-2, 0.5))  # fmt: skip
        mask = mask_of("geo", scenes)
        assert (mask[:, :32] == 0).all() and (mask[:, 32:] == 1).all()


def test_predictions_have_the_values_of_the_list(tmp_path: Path):
    scenes, _ = both(tmp_path)
    raster(scenes / "labels.tiff", VALUES.astype(np.uint8))
    (scenes / "scenes.yaml").write_text(
        json.dumps({"scenes": "a.tif", "labels": "labels.tiff", "void": [0, "unsure"],
                    "classes": {"Land": ["land", 112], "Water": [-7, 1]}})
    )  # fmt: skip
    written = open_dataset("geo", str(scenes)).facts.written
    assert written is not None and (written.values, written.void) == ((112, -7), 0)
    vectors(scenes / "l.gpkg", [rectangle(0, 0, 9, 9)], **{"class": ["land"]})
    (scenes / "scenes.yaml").write_text(
        json.dumps({"scenes": "a.tif", "labels": "l.gpkg", "attribute": "class",
                    "classes": {"Land": "land", "Water": 1}})
    )  # fmt: skip
    assert open_dataset("geo", str(scenes)).facts.written is None
