"""Blocks of ground are held out, and the same ground is never on both sides."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from made_ground import scene, town

from aerial_nni.config.options import BadOption, is_rule
from aerial_nni.data import open_dataset
from aerial_nni.data.pipeline.block_split import settings
from aerial_nni.data.pipeline.ground_overlap import outlines, overlap, same_ground
from aerial_nni.data.pipeline.prepared import Prepared, prepare
from aerial_nni.data.pipeline.split_checks import SplitOverlap, check_split
from aerial_nni.data.pipeline.split_files import load_split, save_split
from aerial_nni.data.pipeline.split_making import RULES, make_split
from aerial_nni.data.pipeline.split_rules import SplitImpossible
from aerial_nni.data.pipeline.splits import Split
from aerial_nni.data.pipeline.train_arch_split import halve


@pytest.fixture
def field(tmp_path: Path) -> Prepared:
    """A scene of 8×8 patches of 32 m."""
    town(tmp_path)
    scene(tmp_path / "a.tif", size=(256, 256))
    return prepare(open_dataset("geo", str(tmp_path)))


@pytest.fixture
def twice(tmp_path: Path) -> Prepared:
    """Two scenes of 4×4 patches each, the second 40 m to the right, and one far from both."""
    town(tmp_path)
    scene(tmp_path / "a.tif", size=(128, 128))
    scene(tmp_path / "b.tif", size=(128, 128), shift=(40, 8))
    scene(tmp_path / "c.tif", size=(128, 128), shift=(2000, 0))
    return prepare(open_dataset("geo", str(tmp_path)))


def distance(prepared: Prepared, split: Split) -> float:
    """Metres between the nearest patches of both sides."""
    shapes = outlines(prepared.patches)
    return min(shapes[i].distance(shapes[j]) for i in split.train for j in split.val)


def test_blocks_are_whole_and_the_border_is_empty(field: Prepared):
    split = make_split(field, "blocks:side=64,buffer=40", seed=3)
    assert distance(field, split) >= 40
    blocks = {(p.ground[2] + p.x) // 64 * 1000 + (p.ground[5] - p.y) // 64 for p in field.patches}
    assert len(blocks) >= 4
    assert sorted([*split.train, *split.val, *split.left_out]) == list(range(64))
    assert len(split.val) % 4 == 0 and split.left_out and not split.leaky


def test_without_a_buffer_only_blocks_divide(field: Prepared):
    split = make_split(field, "blocks:side=64,buffer=0")
    assert not split.left_out and len(split.val) == 12


def test_sizes_are_chosen_and_said(field: Prepared):
    split = make_split(field, "blocks")
    assert split.rule == "blocks:side=64,buffer=16"
    assert make_split(field, split.rule) == split


def test_one_scene_of_one_window_is_divided_as_it_is_advised(tmp_path: Path):
    prepared = prepare(open_dataset("geo", str(town(tmp_path))))
    with pytest.raises(SplitImpossible, match="has one image, .*; use --split blocks$"):
        make_split(prepared, "image")
    split = make_split(prepared, "blocks")
    assert split.train and split.val and not split.leaky


def test_a_file_keeps_the_border(field: Prepared, tmp_path: Path):
    split = make_split(field, "blocks")
    save_split(tmp_path / "split.json", field, split)
    assert load_split(tmp_path / "split.json", field) == split


def test_a_border_that_is_not_empty_is_seen(field: Prepared):
    split = make_split(field, "blocks")
    worse = dataclasses.replace(split, train=(*split.train, split.left_out[0]), left_out=())
    with pytest.raises(SplitOverlap, match="within 16 m"):
        check_split(field, worse)


def test_two_files_of_the_same_ground_are_seen(twice: Prepared):
    names = {tuple(sorted({twice.patches[i].image[0], twice.patches[j].image[0]}))
             for i, j in same_ground(twice.patches)}  # fmt: skip
    assert names == {("a", "b")}
    train = tuple(i for i, p in enumerate(twice.patches) if p.image[0] in "ac")
    val = tuple(i for i, p in enumerate(twice.patches) if p.image[0] == "b")
    for rule in ("image", "tile", "patch", "stratified"):
        with pytest.raises(SplitOverlap, match="both show the same ground"):
            check_split(twice, Split(rule=rule, seed=0, val_fraction=0.2, train=train, val=val))


@pytest.mark.parametrize("rule", [*(rule for rule in RULES if rule != "given"), "blocks"])
@pytest.mark.parametrize("seed", range(4))
def test_no_rule_divides_the_same_ground(twice: Prepared, rule: str, seed: int):
    split = make_split(twice, rule, seed=seed)
    assert split.train and split.val
    assert overlap(twice.patches, split.train, split.val) is None
    halves = halve(twice, split, seed=seed)
    assert overlap(twice.patches, halves.train, halves.val) is None


def test_neighbours_do_not_share_ground(field: Prepared):
    assert same_ground(field.patches) == []
    shapes = outlines(field.patches)
    assert np.isclose(shapes[0].area, 32 * 32)


def test_what_cannot_be_divided_says_what_to_type(field: Prepared):
    with pytest.raises(SplitImpossible, match="smaller side, such as --split blocks:side=250"):
        make_split(field, "blocks:side=1000")
    with pytest.raises(SplitImpossible, match="smaller buffer"):
        make_split(field, "blocks:side=64,buffer=300")
    for wrong in ("blocks:size=5", "blocks:side=-3", "blocks:side=0", "blocks:5"):
        with pytest.raises(BadOption):
            make_split(field, wrong)
    with pytest.raises(SplitImpossible, match="no split of its own"):
        make_split(field, "given")


@pytest.mark.long
def test_blocks_need_to_know_where_patches_lie():
    with pytest.raises(SplitImpossible, match="not known"):
        make_split(prepare(open_dataset("scenes")), "blocks")


def test_a_rule_with_settings_is_no_file():
    assert is_rule("blocks:side=5,buffer=1") and is_rule("image") and not is_rule("a/split.json")
    assert settings("blocks:side=5") == {"side": 5.0}
