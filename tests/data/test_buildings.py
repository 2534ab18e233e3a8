"""Building footprints: tiles grouped by the ground they show, polygons, and the built-in ones."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from made_pictures import Town

from aerial_nni.config.options import BadOption
from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import VOID, BadSamples, DatasetMissing
from aerial_nni.data.datasets.buildings import ground_of
from aerial_nni.data.datasets.xbd import centroid, footprints, parse_wkt, shrunk
from aerial_nni.data.pipeline.prepared import prepare
from aerial_nni.data.pipeline.split_checks import SplitOverlap, check_split
from aerial_nni.data.pipeline.split_making import make_split
from aerial_nni.data.pipeline.split_rules import SplitImpossible
from aerial_nni.data.pipeline.splits import Split
from aerial_nni.data.pipeline.train_arch_split import halve

SQUARE = [(2.0, 3.0), (7.0, 3.0), (7.0, 9.0), (2.0, 9.0), (2.0, 3.0)]


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """Three places of zoom 19, each with one of its tiles of zoom 20 and two of zoom 21."""
    town = Town(tmp_path / "tiles")
    for place in range(3):
        for x, y, zoom in ((place, 5, 19), (2 * place + 1, 11, 20), (4 * place, 20, 21),
                           (4 * place + 3, 23, 21)):  # fmt: skip
            mask = town.classes((32, 32), count=2)
            town.image(f"images/OAM-{x}-{y}-{zoom}.png", (32, 32, 3))
            town.save(f"masks/OAM-{x}-{y}-{zoom}.png", mask)
    return town.root


def test_tiles_are_grouped_by_the_coarsest_that_has_them_inside():
    names = ["OAM-309606-261636-19", "OAM-619213-523272-20", "OAM-1238427-1046547-21", "other"]
    assert ground_of(names) == ["309606-261636-19"] * 3 + ["other"]
    assert ground_of(["a-4-6-3", "a-9-13-4"]) == ["4-6-3", "4-6-3"]
    assert ground_of(["a-9-13-4"]) == ["9-13-4"]
    for names in (["x", "y"], ["site-2023-05-12", "site-2022-11-30"], ["a-1-1-30", "a-9-1-3"]):
        assert ground_of(names) == names


@pytest.mark.parametrize("seed", range(4))
def test_zoom_levels_of_one_ground_never_straddle_the_split(tiles: Path, seed: int):
    prepared = prepare(open_dataset("buildings", str(tiles)), patch=32)
    split = make_split(prepared, "tile", val_fraction=0.3, seed=seed)
    sides = [{prepared.patches[i].area for i in side} for side in (split.train, split.val)]
    assert not sides[0] & sides[1]
    assert {len(side) for side in (split.train, split.val)} == {4, 8}
    halves = halve(prepared, split, seed=seed)
    ours = [{prepared.patches[i].area for i in side} for side in (halves.train, halves.val)]
    assert all(ours) and not ours[0] & ours[1]


def test_a_split_by_image_of_nested_tiles_is_refused(tiles: Path):
    prepared = prepare(open_dataset("buildings", str(tiles)), patch=32)
    with pytest.raises(SplitImpossible, match="use --split tile"):
        make_split(prepared, "image")
    written = Split(
        rule="image", seed=0, val_fraction=0.5, train=(0, 1, 2), val=tuple(range(3, 12))
    )
    with pytest.raises(SplitOverlap, match="area"):
        check_split(prepared, written)
    assert make_split(prepared, "patch").leaky


def test_tiles_of_one_zoom_are_not_nested(tmp_path: Path):
    town = Town(tmp_path)
    for x in range(4):
        town.image(f"images/{x}-0-19.png", (32, 32, 3))
        town.save(f"masks/{x}-0-19.png", town.classes((32, 32), count=2))
    dataset = open_dataset("buildings", str(tmp_path))
    assert not dataset.facts.nested
    assert len({sample.area for sample in dataset.samples}) == 4


def test_masks_hold_0_and_1_or_255_and_transparency_is_void(tmp_path: Path):
    town = Town(tmp_path)
    truth = town.classes((16, 16), count=2)
    clear = np.full((16, 16, 4), 255, np.uint8)
    clear[:4, :, 3] = 0
    town.save("images/a.png", clear)
    town.save("masks/a.png", truth)
    town.image("images/b.png", (16, 16, 3))
    town.save("masks/b.png", truth * 255)
    town.image("images/c.png", (16, 16, 3))
    town.save("masks/c.png", truth * 7)
    dataset = open_dataset("buildings", str(tmp_path))
    void, full, wrong = dataset.samples
    assert (dataset.read(void)[1][:4] == VOID).all()
    assert (dataset.read(void)[1][4:] == truth[4:]).all()
    assert (dataset.read(full)[1] == truth).all()
    with pytest.raises(ValueError, match=r"7 \(\d+×\)"):
        dataset.read(wrong)
    with pytest.raises(BadSamples, match="1 sample"):
        prepare(dataset, patch=16)


def test_the_tiles_of_kampala(aerial_data: Path):
    if not (aerial_data / "buildings").is_dir():
        pytest.skip(f"there is no buildings in AERIAL_DATA={aerial_data}")
    dataset = open_dataset("buildings", str(aerial_data / "buildings"))
    assert len(dataset.samples) == 147 and dataset.facts.nested
    assert len({sample.area for sample in dataset.samples}) == 7
    prepared = prepare(dataset)
    share = prepared.counts[:, 1].sum() / prepared.counts.sum()
    assert share == pytest.approx(0.296, abs=0.01)


def test_a_pixel_is_inside_where_its_centre_is():
    mask = footprints([[SQUARE]], (12, 10))
    assert mask.sum() == 5 * 6
    assert (mask[3:9, 2:7] == 1).all()
    triangle = [(0.0, 0.0), (8.0, 0.0), (0.0, 8.0)]
    rows, columns = np.mgrid[:8, :8] + 0.5
    inside = footprints([[[*triangle, triangle[0]]]], (8, 8))
    clear = np.abs(rows + columns - 8) > 1e-6  # centres on the edge belong to either side
    assert (inside[clear] == (rows + columns < 8)[clear]).all()


def test_holes_and_parts_of_a_polygon():
    (polygon,) = parse_wkt("POLYGON ((0 0, 8 0, 8 8, 0 8, 0 0), (2 2, 6 2, 6 6, 2 6, 2 2))")
    assert footprints([polygon], (8, 8)).sum() == 64 - 16
    parts = list(
        parse_wkt("MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((4 4, 8 4, 8 8, 4 8, 4 4)))")
    )
    assert [len(part) for part in parts] == [1, 1]
    assert footprints(parts, (8, 8)).sum() == 4 + 16


@pytest.mark.parametrize("text", [
    "POINT (1 2)",
    "POLYGON (0 0, 8 0, 8 8, 0 0)",
    "POLYGON ((0 0, 8 0, 8 8, 0 0",
    "POLYGON ((0 0, 8 0, 8 8, 0 0)), (2 2, 6 2, 6 6, 2 2)",
    "POLYGON (((0 0, 8 0, 8 8, 0 0)))",
    "POLYGON",
    "MULTIPOLYGON ((0 0, 2 0, 2 2, 0 0))",
    "MULTIPOLYGON (((0 0, 2 0, 2 2, 0 0)), ((4 4, 8 4, 8 8, 4 4))",
])  # fmt: skip
def test_text_that_is_no_whole_polygon_is_refused(text: str):
    with pytest.raises(ValueError, match="no polygon"):
        list(parse_wkt(text))


def test_heights_are_left_out_and_empty_is_no_polygon():
    (polygon,) = parse_wkt("POLYGON Z ((0 0 5, 8 0 5, 8 8 6, 0 0 5))")
    assert polygon == [[(0.0, 0.0), (8.0, 0.0), (8.0, 8.0), (0.0, 0.0)]]
    assert list(parse_wkt("POLYGON EMPTY")) == list(parse_wkt("MULTIPOLYGON Z EMPTY")) == []
    ring = "((0 0, 8 0, 8 8, 0 0))"
    for parts in (f"EMPTY, {ring}", f"{ring}, EMPTY", f"EMPTY,EMPTY, {ring}, EMPTY"):
        assert len(list(parse_wkt(f"MULTIPOLYGON ({parts})"))) == 1
    assert list(parse_wkt("MULTIPOLYGON (EMPTY)")) == []
    with pytest.raises(ValueError, match="no polygon in well-known text"):
        list(parse_wkt(f"MULTIPOLYGON ({ring} EMPTY)"))


def test_a_border_moves_every_point_toward_the_centre():
    ring = shrunk(SQUARE, 1.0)
    middle = centroid(np.asarray(SQUARE))
    assert middle == pytest.approx([4.5, 6.0])
    for before, after in zip(SQUARE, ring, strict=True):
        lengths = [np.hypot(*(np.asarray(point) - middle)) for point in (before, after)]
        assert lengths[0] - lengths[1] == pytest.approx(1.0)
    areas = [footprints([[SQUARE]], (12, 10), border=border).sum() for border in (0, 1, 2, 9)]
    assert areas == sorted(areas, reverse=True) and areas[1] > 0 and areas[-1] == 0


def test_with_a_border_an_overlap_belongs_to_the_ground():
    other = [(x + 3.0, y) for x, y in SQUARE]
    both = footprints([[SQUARE], [other]], (12, 12))
    apart = footprints([[SQUARE], [other]], (12, 12), border=0.01)
    assert both.sum() == 8 * 6
    assert apart[5, 5] == 0 and apart[5, 3] == apart[5, 8] == 1


def test_with_a_border_a_courtyard_stays_ground():
    outer = [(2.0, 2.0), (22.0, 2.0), (22.0, 22.0), (2.0, 22.0), (2.0, 2.0)]
    hole = [(4.0, 4.0), (20.0, 4.0), (20.0, 20.0), (4.0, 20.0), (4.0, 4.0)]
    block = footprints([[outer, hole]], (24, 24))
    assert block.sum() == 20 * 20 - 16 * 16
    for border in (1, 6):
        smaller = footprints([[outer, hole]], (24, 24), border=border)
        assert not smaller[4:20, 4:20].any() and (smaller <= block).all()
    tower = [(10.0, 10.0), (14.0, 10.0), (14.0, 14.0), (10.0, 14.0), (10.0, 10.0)]
    assert footprints([[outer, hole], [tower]], (24, 24), border=0.1)[12, 12] == 1


@pytest.fixture
def xbd(tmp_path: Path) -> Path:
    """Three pictures of two events, one of them without a label, and one of after the disaster."""
    town = Town(tmp_path / "xbd")
    for folder, name in (("train", "flood_00000001"), ("train", "fire_00000001"),
                         ("tier3", "fire_00000002")):  # fmt: skip
        town.image(f"{folder}/images/{name}_pre_disaster.png", (64, 64, 3))
        label = town.root / folder / "labels" / f"{name}_pre_disaster.json"
        label.parent.mkdir(parents=True, exist_ok=True)
        shape = "POLYGON ((8 8, 24 8, 24 40, 8 40, 8 8))"
        feature = {"properties": {"feature_type": "building", "uid": "1"}, "wkt": shape}
        label.write_text(json.dumps({"features": {"lng_lat": [], "xy": [feature]}}))
    (town.root / "tier3/labels/fire_00000002_pre_disaster.json").unlink()
    town.image("train/images/flood_00000001_post_disaster.png", (64, 64, 3))
    (town.root / "train/images/._flood_00000001_pre_disaster.png").write_bytes(b"of an archive")
    return town.root


def test_xbd_before_disasters_with_missing_labels_as_empty(xbd: Path):
    dataset = open_dataset("xbd", str(xbd))
    assert [(sample.name, sample.area) for sample in dataset.samples] == [
        ("tier3/fire_00000002_pre_disaster", "fire"),
        ("train/fire_00000001_pre_disaster", "fire"),
        ("train/flood_00000001_pre_disaster", "flood"),
    ]
    masks = [dataset.read(sample)[1] for sample in dataset.samples]
    assert [int(mask.sum()) for mask in masks] == [0, 16 * 32, 16 * 32]
    prepared = prepare(dataset, patch=16)
    assert len(prepared.patches) == 3 * 16
    split = make_split(prepared, "tile", val_fraction=0.4)
    assert {prepared.patches[i].area for i in split.val} == {"flood"}


def test_pictures_without_labels_are_counted_and_a_lack_of_all_is_refused(
    tmp_path: Path, xbd: Path, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level("INFO"):
        open_dataset("xbd", str(xbd))
    assert "1 of 3 pictures have no label" in caplog.text
    bare = shutil.copytree(xbd, tmp_path / "bare", ignore=shutil.ignore_patterns("*.json"))
    with pytest.raises(DatasetMissing, match="labels/fire_.*_pre_disaster.json"):
        open_dataset("xbd", str(bare))
    with pytest.raises(DatasetMissing, match="does not exist"):
        open_dataset("xbd", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetMissing, match=f"give {bare / 'train'}, in which images is"):
        open_dataset("xbd", str(bare / "train" / "images"))


def test_the_border_of_xbd_is_part_of_its_name_and_of_its_digest(xbd: Path):
    plain, bordered = (open_dataset(name, str(xbd)) for name in ("xbd", "xbd:border=2"))
    assert plain.fingerprint() != bordered.fingerprint()
    areas = [int(dataset.read(dataset.samples[1])[1].sum()) for dataset in (plain, bordered)]
    assert areas[1] < areas[0]
    with pytest.raises(BadOption, match="xbd:border=2"):
        open_dataset("xbd:border=-1", str(xbd))


def test_a_folder_without_xbd_and_a_damaged_label(xbd: Path, tmp_path: Path):
    with pytest.raises(DatasetMissing, match="does not exist|xview2"):
        open_dataset("xbd", str(tmp_path / "tiles"))
    label = xbd / "train/labels/fire_00000001_pre_disaster.json"
    label.write_text("{}")
    with pytest.raises(BadSamples, match="is no label of xBD"):
        prepare(open_dataset("xbd", str(xbd)), patch=16)


def test_building_scenes_are_the_scenes_with_two_classes():
    dataset = open_dataset("building-scenes")
    assert (dataset.facts.classes, dataset.facts.patch) == (("Background", "Building"), 128)
    assert len(dataset.samples) == 72
    image, mask = dataset.read(dataset.samples[12])
    assert image.shape == (128, 128, 3) and mask.shape == (128, 128)
    assert set(np.unique(mask).tolist()) <= {0, 1, VOID}
    assert 0.02 < np.mean([(dataset.read(s)[1] == 1).mean() for s in dataset.samples[:18]]) < 0.6
