"""The splitting rules, the check that validation shares no ground with training, the files."""

import dataclasses
import json
import logging
import re
from pathlib import Path

import numpy as np
import pytest
from made_patches import made
from sklearn.model_selection import train_test_split

from aerial_nni.config.options import SPLITS, BadOption
from aerial_nni.data import open_dataset
from aerial_nni.data.datasets.dubai import FACTS
from aerial_nni.data.pipeline.prepared import Prepared, prepare
from aerial_nni.data.pipeline.split_checks import SideVoid, SplitOverlap, check_split
from aerial_nni.data.pipeline.split_files import SplitMismatch, load_split, save_split
from aerial_nni.data.pipeline.split_making import RULES, make_split
from aerial_nni.data.pipeline.split_rules import SplitImpossible
from aerial_nni.data.pipeline.splits import Split, pixels_per_class
from aerial_nni.data.pipeline.train_arch_split import halve


def split_of(prepared, val, rule="image"):
    train = tuple(k for k in range(len(prepared.patches)) if k not in val)
    return Split(rule=rule, seed=0, val_fraction=0.2, train=train, val=tuple(val))


def names(prepared, indices, attribute="image"):
    return {getattr(prepared.patches[index], attribute) for index in indices}


DRAWN = [rule for rule in RULES if rule != "given"]

TOWNS = made({"a": [3] * 9, "b": [5] * 9, "c": [1] * 4, "d": [2], "e": [2]})


@pytest.mark.parametrize("rule", DRAWN)
@pytest.mark.parametrize("val_fraction", [0.01, 0.2, 0.5, 0.9])
def test_laws_of_every_rule(rule, val_fraction):
    for seed in range(5):
        split = make_split(TOWNS, rule, val_fraction=val_fraction, seed=seed)
        assert sorted(split.train + split.val) == list(range(len(TOWNS.patches)))
        assert split.train and split.val
        assert split.train == tuple(sorted(split.train)) and split.val == tuple(sorted(split.val))
        assert split.leaky == (rule == "patch")
        assert make_split(TOWNS, rule, val_fraction=val_fraction, seed=seed) == split
        check_split(TOWNS, split)


def test_a_fifth_is_held_out_by_the_first_seed_if_nothing_else_is_said():
    assert make_split(TOWNS, "patch") == make_split(TOWNS, "patch", val_fraction=0.2, seed=0)


@pytest.mark.parametrize("rule", ["image", "patch"])
def test_another_seed_gives_another_split(rule):
    first, second = (make_split(TOWNS, rule, seed=seed) for seed in (0, 1))
    assert first.val != second.val


def test_image_holds_out_images_of_each_area():
    split = make_split(TOWNS, "image", val_fraction=0.2, seed=3)
    held = names(TOWNS, split.val)
    assert not held & names(TOWNS, split.train)
    per_area = {area: sum(name.startswith(area) for name in held) for area in "abcde"}
    assert per_area["a"] == per_area["b"] == 2 and per_area["c"] == 1
    assert per_area["d"] + per_area["e"] == 1  # areas of one image are taken together


def test_image_takes_areas_of_one_image_together():
    prepared = made({f"{k}": [2] for k in range(20)})
    held = names(prepared, make_split(prepared, "image", val_fraction=0.25).val)
    assert len(held) == 5


def test_tile_holds_out_areas_like_the_whole():
    # Four areas of equal size: only b and d together have both classes, as the whole has.
    counts = np.zeros((8, 7), dtype=np.int64)
    counts[:, 0] = [100, 100, 60, 60, 100, 100, 40, 40]
    counts[:, 1] = [0, 0, 40, 40, 0, 0, 60, 60]
    prepared = made({"a": [2], "b": [2], "c": [2], "d": [2]}, counts=counts)
    held = names(prepared, make_split(prepared, "tile", val_fraction=0.25).val, "area")
    assert held == {"b"}  # class 1 on both sides, a quarter of the pixels, nearest in its shares


def test_tile_puts_every_class_on_both_sides_where_it_can():
    counts = np.full((10, 7), 1000, dtype=np.int64)
    counts[:, 5] = 0
    counts[[0, 9], 5] = 1  # a class that only the areas 0 and 9 have, one pixel each
    prepared = made({f"{k}": [1] for k in range(10)}, counts=counts)
    for seed in range(5):
        split = make_split(prepared, "tile", val_fraction=0.2, seed=seed)
        assert len(split.val) == 2 and len({0, 9} & set(split.val)) == 1


def test_tile_with_many_areas_is_near_the_fraction():
    prepared = made({f"{k}": [1 + k % 5] for k in range(60)})
    split = make_split(prepared, "tile", val_fraction=0.3)
    pixels = prepared.counts[:, :-1].sum(axis=1)
    assert pixels[list(split.val)].sum() / pixels.sum() == pytest.approx(0.3, abs=0.02)


def test_patch_is_the_split_of_scikit_learn():
    for seed in (0, 42):
        split = make_split(TOWNS, "patch", val_fraction=0.2, seed=seed)
        train, val = train_test_split(range(len(TOWNS.patches)), test_size=0.2, random_state=seed)
        assert split.train == tuple(sorted(train)) and split.val == tuple(sorted(val))


@pytest.mark.parametrize("rule", DRAWN)
def test_one_content_under_two_names_stays_on_one_side(rule):
    prepared = made({"a": [2] * 5, "b": [2] * 5}, digests={"b/0": "a/0", "b/3": "a/1"})
    if rule == "tile":  # the areas a and b show the same ground, so they are one
        with pytest.raises(SplitImpossible, match="has one area.*use --split image"):
            make_split(prepared, rule)
        return
    for seed in range(10):
        split = make_split(prepared, rule, seed=seed)
        places = [
            {(p.digest, p.y, p.x) for p in (prepared.patches[k] for k in side)}
            for side in (split.train, split.val)
        ]
        assert not places[0] & places[1]


def test_datasets_too_small_for_a_rule():
    one_patch, one_image, one_area = made({"a": [1]}), made({"a": [9]}), made({"a": [3] * 3})
    with pytest.raises(SplitImpossible, match="one image, .*use --split patch"):
        make_split(one_image, "image")
    with pytest.raises(SplitImpossible, match="one area, .*use --split image"):
        make_split(one_area, "tile")
    with pytest.raises(SplitImpossible, match="one patch, .*use a --patch smaller than 32"):
        make_split(one_patch, "patch")
    assert len(make_split(one_area, "image").val) == 3


def test_arguments_that_cannot_be_used():
    with pytest.raises(
        BadOption, match=f"'random' is not known; choose one of {', '.join(SPLITS)}"
    ):
        make_split(TOWNS, "random")
    with pytest.raises(BadOption, match="val_fraction=1.0 is not between 0 and 1"):
        make_split(TOWNS, "image", val_fraction=1.0)


def test_a_class_that_one_side_lacks_is_told(caplog):
    counts = np.full((4, 7), 10)
    counts[:, 5], counts[:, -1] = [0, 0, 0, 3], 0  # that there is no void is no news
    prepared = made({"a": [1], "b": [1], "c": [1], "d": [1]}, counts=counts)
    with caplog.at_level(logging.WARNING):
        split = make_split(prepared, "image", val_fraction=0.25)
    side = "train" if 3 in split.val else "val"
    assert caplog.messages == [f"split image: {side} has no pixel of Unlabeled"]


def test_pixels_per_class():
    pixels = pixels_per_class(TOWNS, (0, 2))
    assert list(pixels) == [*FACTS.classes, "void"]
    assert list(pixels.values()) == (TOWNS.counts[0] + TOWNS.counts[2]).tolist()
    assert set(pixels_per_class(TOWNS, ()).values()) == {0}


# What has no labels.


def labelled(layout, *places) -> Prepared:
    """Patches of which those at `places` alone have labels."""
    prepared = made(layout)
    counts = np.zeros((len(prepared.patches), 7), np.int64)
    counts[:, -1] = 1024
    for place in places:
        counts[place] = [500, 524, 0, 0, 0, 0, 0]
    return dataclasses.replace(prepared, counts=counts)


def test_a_side_that_is_all_void_is_refused_and_what_it_says_works():
    """Advice is tried before it is given: the line that the error says is a split that is made."""
    seen = set()
    for layout, places in (
        ({"a": [2] * 6, "b": [2] * 6}, (0, 12)),
        ({"a": [2] * 12}, (0, 22)),
        ({"a": [4]}, (0, 3)),
        ({"a": [1, 1], "b": [1, 1], "c": [1, 1]}, (2, 3)),
    ):
        prepared = labelled(layout, *places)
        for rule in DRAWN:
            for seed in range(4):
                try:
                    split = make_split(prepared, rule, seed=seed)
                except SplitImpossible:
                    continue
                except SideVoid as error:
                    flags = r"use (?:--split (\w+))? ?(?:--split-seed (\d+))?, by which both"
                    way = re.search(flags, str(error))
                    assert way and (way[1] or way[2])
                    split = make_split(prepared, way[1] or rule, seed=int(way[2] or seed))
                    seen.add((bool(way[1]), bool(way[2])))
                for side in (split.train, split.val):
                    assert prepared.counts[list(side), :-1].any()
    assert len(seen) == 3  # another rule, another seed, and both at once


def test_a_side_that_is_all_void_says_which_images():
    prepared = labelled({"a": [2] * 12}, 0, 1)  # one image alone has labels
    with pytest.raises(SideVoid) as caught:
        make_split(prepared, "image", seed=0)
    text = str(caught.value)
    assert text.startswith("by the split 'image' all 4 patches for validation are void, so that "
                           "nothing could be scored: they are of a/")  # fmt: skip
    assert text.endswith("use --split patch --split-seed 2, by which both sides have labels")
    prepared = labelled({"a": [2] * 12}, 0)
    with pytest.raises(SideVoid, match="no rule gives labels to both sides: label more of these"):
        make_split(prepared, "image")
    with pytest.raises(SideVoid, match="patches for training are void.* nothing could be learnt"):
        make_split(labelled({"a": [1] * 2}, 1), "patch", seed=0)
    everything = make_split(labelled({"a": [2] * 12}, *range(24)), "image")
    assert everything.val


def test_where_there_is_one_area_images_by_their_classes_are_the_way():
    prepared = labelled({"a": [1] * 12}, 0, 1, 2, 3)
    said = []
    for seed in range(9):
        try:
            make_split(prepared, "image", seed=seed)
        except SideVoid as error:
            said.append(str(error))
    assert said and all("; use --split stratified, by which" in one for one in said)


def test_a_file_with_a_side_that_is_all_void_is_refused(tmp_path):
    prepared = labelled({"a": [2] * 4}, 0, 1)
    save_split(tmp_path / "s.json", prepared, split_of(prepared, (6, 7)))
    with pytest.raises(SideVoid, match="are of a/3; label some of it, or make a new split"):
        load_split(tmp_path / "s.json", prepared)


def test_both_halves_of_what_trains_have_labels():
    prepared = labelled({"a": [2] * 8}, 0, 2)
    split = split_of(prepared, (14, 15))
    for seed in range(20):
        halves = halve(prepared, split, seed=seed)
        assert halves.rule == "image" and set(halves.train + halves.val) == set(split.train)
        assert not {0, 2} <= set(halves.train) and not {0, 2} <= set(halves.val)
    one_image = labelled({"a": [2] * 8}, 0, 1)
    assert halve(one_image, split, seed=0).rule == "patch"
    with pytest.raises(SideVoid, match="label two patches or more of what trains"):
        halve(labelled({"a": [2] * 8}, 0), split, seed=0)


# What check_split must refuse.


def test_a_patch_on_both_sides():
    split = dataclasses.replace(split_of(TOWNS, (0, 1, 2)), train=(2, 3))
    with pytest.raises(SplitOverlap, match="1 patches are on both sides, the first: 2"):
        check_split(TOWNS, split)


def test_an_image_on_both_sides():
    for rule in ("image", "tile"):
        with pytest.raises(SplitOverlap, match=f"a/0 is on both sides of the split '{rule}'"):
            check_split(TOWNS, split_of(TOWNS, (0,), rule))
    check_split(TOWNS, split_of(TOWNS, (0,), "patch"))


def test_an_area_on_both_sides():
    split = split_of(TOWNS, (0, 1, 2), "tile")
    with pytest.raises(SplitOverlap, match="the area a is on both sides of the split 'tile'"):
        check_split(TOWNS, split)
    check_split(TOWNS, dataclasses.replace(split, rule="image"))


def test_one_content_on_both_sides():
    prepared = made({"a": [2, 2], "b": [2]}, digests={"b/0": "a/0"})
    with pytest.raises(SplitOverlap, match="a/0 and b/0 have the same content and are on both"):
        check_split(prepared, split_of(prepared, (4, 5)))
    with pytest.raises(SplitOverlap, match="patches overlap: b/0 at y=0, x=0 validates and a/0"):
        check_split(prepared, split_of(prepared, (4,), "patch"))


def test_rectangles_that_intersect():
    prepared = made({"a": [4], "b": [4]}, stride=31)
    message = (
        "patches overlap: a/0 at y=0, x=31 validates and a/0 at y=0, x=0 trains; "
        "use a stride of 32 or more with --edge cut or pad, or --split image"
    )
    with pytest.raises(SplitOverlap, match=message):
        check_split(prepared, split_of(prepared, (1,), "patch"))
    check_split(prepared, split_of(prepared, (4, 5, 6, 7)))
    with pytest.raises(SplitOverlap, match="patches overlap"):
        make_split(prepared, "patch")
    make_split(prepared, "image")


def test_the_void_part_of_a_padded_patch_is_no_ground():
    prepared = made({"a": [2]}, stride=20)
    first = dataclasses.replace(prepared.patches[0], width=20)
    prepared = dataclasses.replace(prepared, patches=(first, prepared.patches[1]))
    check_split(prepared, split_of(prepared, (1,), "patch"))


# Files.


@pytest.mark.parametrize("rule", DRAWN)
def test_a_file_gives_the_same_split(tmp_path, rule):
    split = make_split(TOWNS, rule, val_fraction=0.3, seed=5)
    path = tmp_path / "runs" / "split.json"
    save_split(path, TOWNS, split)
    assert load_split(path, TOWNS) == split
    value = json.loads(path.read_text())
    assert value["rule"] == rule and value["leaky"] == (rule == "patch")
    assert sum(map(len, value["val"].values())) == len(split.val)


def test_a_file_survives_patches_in_another_order(tmp_path):
    split = make_split(TOWNS, "image")
    save_split(tmp_path / "s.json", TOWNS, split)
    turned = dataclasses.replace(TOWNS, patches=TOWNS.patches[::-1])
    loaded = load_split(tmp_path / "s.json", turned)
    assert names(turned, loaded.val) == names(TOWNS, split.val)


def refused(path, prepared) -> str:
    with pytest.raises(SplitMismatch) as caught:
        load_split(path, prepared)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_file_made_for_other_patches_is_refused(tmp_path):
    path = tmp_path / "s.json"
    save_split(path, TOWNS, make_split(TOWNS, "image"))
    assert refused(path, dataclasses.replace(TOWNS, stride=16)) == (
        f"{path} was made for stride 32, but this is 16; "
        "give the same options, or make a new split with --split image"
    )
    other = dataclasses.replace(TOWNS, facts=dataclasses.replace(FACTS, name="sharjah"))
    assert "was made for dataset 'dubai', but this is 'sharjah'" in refused(path, other)
    changed = made({"a": [3] * 9, "b": [5] * 9, "c": [1] * 4, "d": [2], "e": [2]},
                   digests={"c/1": "other"})  # fmt: skip
    assert "made for other images: c/1 changed; make a new split" in refused(path, changed)
    fewer = dataclasses.replace(TOWNS, patches=TOWNS.patches[3:])
    assert "a/0 is missing" in refused(path, fewer)
    save_split(path, fewer, split_of(fewer, range(24)))
    assert "a/0 is new" in refused(path, TOWNS)


def test_a_file_that_is_no_split(tmp_path):
    path = tmp_path / "s.json"
    problem = f"{path} is no rule and no split file"
    assert refused(path, TOWNS) == f"{problem}; the rules are {', '.join(SPLITS)}"
    assert "; did you mean image? the rules" in refused(Path("images"), TOWNS)
    path.write_text("{")
    assert "cannot be read as a split" in refused(path, TOWNS)
    path.write_text('{"format": 99}')
    assert "is no split file of format 1" in refused(path, TOWNS)
    save_split(path, TOWNS, make_split(TOWNS, "image"))
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "val": {"a/0": ["5,5"]}}))
    assert "names the patch a/0 at 5,5, which is not there" in refused(path, TOWNS)
    for broken in ({**value, "val": 3}, {k: v for k, v in value.items() if k != "train"}):
        path.write_text(json.dumps(broken))
        refused(path, TOWNS)


def test_a_file_changed_by_hand_is_checked(tmp_path):
    path = tmp_path / "s.json"
    save_split(path, TOWNS, make_split(TOWNS, "image"))
    value = json.loads(path.read_text())
    image = next(iter(value["train"]))
    value["val"][image] = [value["train"][image].pop()]
    path.write_text(json.dumps(value))
    with pytest.raises(SplitOverlap, match=f"{image} is on both sides"):
        load_split(path, TOWNS)


# From pictures to splits.


def test_overlapping_patches_are_caught_from_end_to_end(town):
    dataset = open_dataset("dubai", str(town.dubai(size=(70, 70)).root))
    for options in ({"stride": 16}, {"edge": "shift"}):
        prepared = prepare(dataset, patch=32, **options)
        with pytest.raises(SplitOverlap):
            make_split(prepared, "patch")
        make_split(prepared, "image")
        make_split(prepared, "tile", val_fraction=0.5)
    make_split(prepare(dataset, patch=32, edge="pad"), "patch")


def test_dubai_splits(dubai_dir: Path, tmp_path: Path):
    prepared = prepare(open_dataset("dubai", str(dubai_dir)), patch=256, stride=256, edge="cut")
    patch = make_split(prepared, "patch", val_fraction=0.2, seed=42)
    assert (len(patch.train), len(patch.val), patch.leaky) == (1044, 261, True)
    image = make_split(prepared, "image")
    assert len(names(prepared, image.val)) == 16  # two of the nine images of each tile
    assert len(names(prepared, image.val, "area")) == 8
    tile = make_split(prepared, "tile")
    assert not names(prepared, tile.val, "area") & names(prepared, tile.train, "area")
    share = sum(list(pixels_per_class(prepared, tile.val).values())[:-1])
    assert share / prepared.counts[:, :-1].sum() == pytest.approx(0.2, abs=0.03)
    for split in (patch, image, tile):
        for side in (split.train, split.val):
            assert all(list(pixels_per_class(prepared, side).values())[:-1])
        save_split(tmp_path / "split.json", prepared, split)
        assert load_split(tmp_path / "split.json", prepared) == split
