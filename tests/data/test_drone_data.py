"""Drone pictures: AeroScapes in both layouts, the built-in scenes, patches of any width."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aerial_nni.config.options import BadOption
from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import DatasetMissing
from aerial_nni.data.datasets.aeroscapes import FACTS, open_aeroscapes
from aerial_nni.data.datasets.drone_scenes import SIZE, open_drone_scenes
from aerial_nni.data.pipeline.augment import Augmentation
from aerial_nni.data.pipeline.patches import cut
from aerial_nni.data.pipeline.prepared import prepare
from aerial_nni.data.pipeline.split_files import load_split, save_split
from aerial_nni.data.pipeline.split_making import make_split
from aerial_nni.data.pipeline.split_rules import SplitImpossible

MASKS = "0385435b252973881cd3b21f7c0a455b3430fcaa5c94ec11baac3c8afbfd3518"
"""SHA-256 of the masks of the first two frames of four flights."""

CLASSES = np.arange(24, dtype=np.uint8).reshape(4, 6) % 12


def save(folder: Path, names: list[str], *, image: str, mask: str, coloured: bool = False) -> None:
    for kind in (image, mask):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        picture = np.full((4, 6, 3), number, np.uint8)
        Image.fromarray(picture).save(folder / image / f"{name}.png")
        shown = np.asarray(FACTS.palette, np.uint8)[CLASSES] if coloured else CLASSES
        Image.fromarray(shown).save(folder / mask / f"{name}.png")


def test_as_published_frames_are_grouped_by_their_video(tmp_path: Path):
    names = ["000001_001", "000001_012", "000002_001"]
    save(tmp_path / "aeroscapes", names, image="JPEGImages", mask="SegmentationClass")
    dataset = open_dataset("aeroscapes", str(tmp_path))
    assert [sample.area for sample in dataset.samples] == ["000001", "000001", "000002"]
    assert dataset.facts.nested and not dataset.facts.untold and not dataset.problems
    image, mask = dataset.read(dataset.samples[1])
    assert (mask == CLASSES).all() and image.shape == (4, 6, 3)


def test_frames_of_a_video_are_not_said_to_be_of_several_scales(tmp_path: Path):
    save(tmp_path, ["1_1", "1_2", "2_1"], image="JPEGImages", mask="SegmentationClass")
    prepared = prepare(open_aeroscapes(tmp_path), patch=4, patch_width=6)
    with pytest.raises(SplitImpossible, match="show the same ground, so .*use --split tile"):
        make_split(prepared, "image")


def test_with_one_video_the_way_that_is_left_is_named(tmp_path: Path):
    save(tmp_path, ["1_1", "1_2", "1_3"], image="JPEGImages", mask="SegmentationClass")
    prepared = prepare(open_aeroscapes(tmp_path), patch=4, patch_width=6)
    for rule in ("tile", "image"):
        with pytest.raises(SplitImpossible, match="another video, or use --split strat") as error:
            make_split(prepared, rule)
        said = str(error.value)
        assert "leaky" in said and "use --split tile" not in said and "--split image" not in said
    assert make_split(prepared, "stratified").leaky


@pytest.mark.parametrize("kind", ["grey RGB", "grey palette", "RGBA"])
def test_numbers_may_be_saved_as_a_grey_picture(tmp_path: Path, kind: str):
    save(tmp_path, ["1", "2"], image="imgs", mask="masks")
    for name, values in (("1", CLASSES), ("2", CLASSES + 1)):
        grey = Image.fromarray(values)
        if kind == "grey palette":
            grey.putpalette(bytes(level for k in range(256) for level in (k, k, k)))
        else:
            grey = grey.convert(kind.removeprefix("grey "))
        grey.save(tmp_path / "masks" / f"{name}.png")
    dataset = open_aeroscapes(tmp_path)
    assert (dataset.read(dataset.samples[0])[1] == CLASSES).all()
    with pytest.raises(ValueError, match="colours? that"):
        dataset.read(dataset.samples[1])  # 12 is neither a number of a class nor a colour


def test_a_grey_class_is_a_colour_and_no_number(tmp_path: Path):
    save(tmp_path, ["1"], image="imgs", mask="masks")
    car = np.full((4, 6, 3), 128, np.uint8)
    car[0] = 0
    Image.fromarray(car).save(tmp_path / "masks" / "1.png")
    dataset = open_aeroscapes(tmp_path)
    mask = dataset.read(dataset.samples[0])[1]
    assert (mask[0] == 0).all() and (mask[1:] == FACTS.classes.index("car")).all()


@pytest.mark.parametrize("coloured", [False, True])
def test_the_layout_of_kaggle_with_numbers_or_colours(tmp_path: Path, coloured: bool):
    save(tmp_path, ["1", "2"], image="imgs/imgs", mask="masks/masks", coloured=coloured)
    Image.new("RGB", (6, 4)).save(tmp_path / "imgs" / "imgs" / "3.jpg")  # of the test
    dataset = open_aeroscapes(tmp_path)
    assert [sample.name for sample in dataset.samples] == ["1", "2"] and not dataset.problems
    assert not dataset.facts.nested and dataset.facts.untold
    assert (dataset.read(dataset.samples[0])[1] == CLASSES).all()


@pytest.mark.parametrize("rule", ["tile", "stratified", "image"])
def test_without_names_of_videos_every_split_is_leaky(tmp_path: Path, rule: str):
    save(tmp_path, [str(n) for n in range(6)], image="imgs", mask="masks")
    prepared = prepare(open_aeroscapes(tmp_path), patch=4, patch_width=6)
    split = make_split(prepared, rule, val_fraction=0.3)
    assert split.leaky
    save_split(tmp_path / "split.json", prepared, split)
    assert load_split(tmp_path / "split.json", prepared).leaky


def test_a_folder_of_something_else_is_refused(tmp_path: Path):
    (tmp_path / "images").mkdir()
    with pytest.raises(DatasetMissing, match="JPEGImages"):
        open_aeroscapes(tmp_path)


def test_a_class_that_is_not_there_is_named(tmp_path: Path):
    save(tmp_path, ["1"], image="JPEGImages", mask="SegmentationClass")
    wrong = np.full((4, 6), 12, np.uint8)
    Image.fromarray(wrong).save(tmp_path / "SegmentationClass" / "1.png")
    dataset = open_aeroscapes(tmp_path)
    with pytest.raises(ValueError, match="no class"):
        dataset.read(dataset.samples[0])


def test_the_true_pair(aerial_data: Path):
    if not (aerial_data / "aeroscapes").is_dir():
        pytest.skip("there is no aeroscapes in AERIAL_DATA")
    dataset = open_aeroscapes(aerial_data / "aeroscapes")
    image, mask = dataset.read(dataset.samples[0])
    assert image.shape == (720, 1280, 3) and mask.shape == (720, 1280)
    assert set(np.unique(mask)) == {0, 1, 3, 7, 8, 9, 10, 11}


def test_built_in_scenes_show_every_class():
    dataset = open_drone_scenes(flights=4, frames=3)
    pairs = [dataset.read(sample) for sample in dataset.samples]
    assert all(image.shape == (*SIZE, 3) and mask.shape == SIZE for image, mask in pairs)
    shown = set(np.unique([mask for _, mask in pairs]).tolist())
    assert shown == set(range(12)), sorted(set(range(12)) - shown)
    again = open_drone_scenes(flights=4, frames=3)
    image, mask = again.read(again.samples[-1])
    assert (image == pairs[-1][0]).all() and (mask == pairs[-1][1]).all()


def test_masks_are_the_same_on_every_machine():
    dataset, digest = open_drone_scenes(), hashlib.sha256()
    for sample in dataset.samples[: 4 * 12]:
        if sample.name.endswith(("01", "02")):
            digest.update(dataset.read(sample)[1].tobytes())
    assert digest.hexdigest() == MASKS


def test_whole_flights_are_held_out_and_frames_only_where_that_is_said(tmp_path: Path):
    prepared = prepare(open_drone_scenes(flights=3, frames=2))
    assert prepared.images.shape == (6, *SIZE, 3) and prepared.size == SIZE
    tile = make_split(prepared, "tile", val_fraction=0.3)
    areas = [{prepared.patches[i].area for i in side} for side in (tile.train, tile.val)]
    assert not areas[0] & areas[1] and not tile.leaky
    stratified = make_split(prepared, "stratified", val_fraction=0.3)
    assert stratified.leaky
    save_split(tmp_path / "split.json", prepared, stratified)
    assert load_split(tmp_path / "split.json", prepared) == stratified
    with pytest.raises(BadOption, match="below 0|cannot be cut"):
        prepare(open_drone_scenes(flights=1, frames=1), patch=8, patch_width=-1)


def test_patches_of_another_width_cover_what_squares_do():
    image = np.arange(10 * 17 * 1, dtype=np.uint8).reshape(10, 17, 1)
    mask = image[..., 0]
    pieces = list(cut(image, mask, patch=4, patch_width=6, stride=4, edge="cut"))
    assert [(y, x) for y, x, _, _ in pieces] == [(y, x) for y in (0, 4) for x in (0, 6)]
    assert all(patch.shape == (4, 6, 1) and part.shape == (4, 6) for _, _, patch, part in pieces)
    seen = np.zeros((10, 17), bool)
    for y, x, _, _ in cut(image, mask, patch=4, patch_width=6, stride=4, edge="shift"):
        seen[y : y + 4, x : x + 6] = True
    assert seen.all()
    overlapping = [x for y, x, _, _ in cut(image, mask, patch=4, patch_width=6, stride=3,
                                           edge="cut") if y == 0]  # fmt: skip
    assert overlapping == [0, 5, 10]  # one column in common, as one row


def test_what_is_no_square_is_turned_by_half_turns_alone():
    import torch

    images = torch.arange(16 * 2 * 3).view(16, 2, 3, 1)
    generator = torch.Generator().manual_seed(0)
    moved, masks = Augmentation(turn=True).move(images, images[..., 0], generator)
    assert moved.shape == images.shape
    for before, after, mask in zip(images, moved, masks, strict=True):
        assert after.equal(before) or after.equal(before.flip(0, 1))
        assert mask.equal(after[..., 0])
    assert not moved.equal(images)


def test_each_class_is_shown_by_the_same_share_of_images_on_both_sides():
    from types import SimpleNamespace

    draw = np.random.default_rng(0)
    shows = draw.random((400, 5)) < np.array([0.9, 0.5, 0.2, 0.05, 0.02])
    counts = np.concatenate([shows.astype(np.int64), np.zeros((400, 1), np.int64)], axis=1)
    patches = [SimpleNamespace(digest=str(i), ground=None) for i in range(400)]
    prepared = SimpleNamespace(patches=patches, counts=counts, facts=FACTS)
    from aerial_nni.data.pipeline.split_rules import hold_out_stratified

    held = hold_out_stratified(prepared, val_fraction=0.2, seed=0)  # type: ignore[arg-type]
    assert abs(len(held) - 80) <= 2
    wanted = 0.2 * shows.sum(axis=0)
    assert (abs(shows[held].sum(axis=0) - wanted) <= 1.5).all()
    other = hold_out_stratified(prepared, val_fraction=0.2, seed=1)  # type: ignore[arg-type]
    assert set(held) != set(other)
