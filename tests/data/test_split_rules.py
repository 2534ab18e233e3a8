"""The rules of splits against what they promise, counted by hand."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from made_patches import made
from sklearn.model_selection import train_test_split

from aerial_nni.data.pipeline.split_rules import (
    SplitImpossible,
    _sets_of_areas,
    _stratified,
    best_set,
    hold_out_areas,
    hold_out_given,
    hold_out_images,
    hold_out_patches,
    hold_out_stratified,
)

SIZES = {"two": [1, 2], "three": [2] * 3, "ten": [1] * 10, "eleven": [3] * 11}
ALONE = {"single": [2], "other": [1], "third": [4]}


@pytest.mark.parametrize("fraction", [0.04, 0.25, 0.45, 0.5, 0.96])
def test_of_each_area_the_nearest_whole_number_of_images_is_held_out(fraction: float):
    def wanted(images: int) -> int:
        return min(max(math.floor(fraction * images + 0.5), 1), images - 1)

    for alone in ({}, dict([*ALONE.items()][:1]), dict([*ALONE.items()][:2]), ALONE):
        prepared = made({**SIZES, **alone})
        held = hold_out_images(prepared, val_fraction=fraction, seed=3)
        images = {prepared.patches[index].image for index in held}
        assert sorted(held) == [i for i, p in enumerate(prepared.patches) if p.image in images]
        for area, sizes in SIZES.items():
            assert sum(image.startswith(f"{area}/") for image in images) == wanted(len(sizes))
        among = sum(image.split("/")[0] in ALONE for image in images)
        assert among == (wanted(len(alone)) if len(alone) > 1 else 0)


def unlikeness(held: set[int], pixels: np.ndarray, fraction: float) -> tuple[int, float]:
    """What `hold_out_areas` says of a set of areas, class by class."""
    whole = pixels.sum(axis=0).tolist()
    val = [sum(int(pixels[area, c]) for area in held) for c in range(len(whole))]
    lacking = [(v == 0) + (v == w) for v, w in zip(val, whole, strict=True) if w]
    shares = [(v / (sum(val) or 1), w / (sum(whole) or 1)) for v, w in zip(val, whole, strict=True)]
    size = abs(sum(val) / (sum(whole) or 1) / fraction - 1)
    return sum(lacking), size + sum(abs(v - w) for v, w in shares) / 2


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("areas", [2, 4, 6])
def test_the_best_of_all_sets_of_areas_is_taken(areas: int, fraction: float):
    sets = [set(some) for n in range(1, areas) for some in itertools.combinations(range(areas), n)]
    for seed in range(20):
        draw = np.random.default_rng(seed)
        pixels = draw.integers(0, 90, (areas, 4)) * (draw.random((areas, 4)) < 0.6)
        held = best_set(pixels, fraction, np.random.default_rng(seed))
        found = unlikeness(set(np.flatnonzero(held).tolist()), pixels, fraction)
        best = min(unlikeness(some, pixels, fraction) for some in sets)
        assert found == (best[0], pytest.approx(best[1], abs=2e-9)), pixels


def test_between_equal_areas_the_seed_decides():
    prepared = made({area: [2] for area in "abcde"}, counts=np.full((10, 7), 9))
    held = [hold_out_areas(prepared, val_fraction=0.2, seed=seed) for seed in range(40)]
    assert {tuple(one) for one in held} == {(i, i + 1) for i in range(0, 10, 2)}


@pytest.mark.parametrize(("areas", "sets"), [(14, 2**14 - 2), (15, 4096)])
def test_all_sets_of_few_areas_are_compared_and_a_sample_of_many(areas: int, sets: int):
    found = _sets_of_areas(np.ones(areas), 0.5, np.random.default_rng(0))
    assert found.shape == (sets, areas) and found.dtype == bool
    assert found.any(axis=1).all() and not found.all(axis=1).any()
    assert sets == 4096 or len(np.unique(found, axis=0)) == sets


@pytest.mark.parametrize(("fraction", "held"), [(0.01, 1), (0.3, 6), (0.33, 7), (0.99, 19)])
def test_sampled_sets_have_the_share_that_was_asked_for(fraction: float, held: int):
    found = _sets_of_areas(np.full(20, 50), fraction, np.random.default_rng(0))
    assert (found.sum(axis=1) == held).all()
    assert found.mean(axis=0) == pytest.approx(np.full(20, held / 20), abs=0.05)
    uneven = np.array([*[1] * 19, 81])
    found = _sets_of_areas(uneven, 0.5, np.random.default_rng(0))
    shares = found @ uneven / 100
    assert ((shares <= 0.19) | (shares >= 0.81)).all() and found.any(axis=1).all()
    assert _sets_of_areas(np.zeros(20), 0.5, np.random.default_rng(0)).any(axis=1).all()


def test_the_makers_own_images_validate():
    prepared = made({"val": [2, 1], "train": [3]})
    facts = dataclasses.replace(prepared.facts, held_out="val/")
    own = dataclasses.replace(prepared, facts=facts)
    assert hold_out_given(own, val_fraction=0.9, seed=1) == [0, 1, 2]
    for said in ("", "test/", "val/", "train/"):
        one = made({"val": [2]} if said == "val/" else {"train": [2]})
        none = dataclasses.replace(one, facts=dataclasses.replace(facts, held_out=said))
        with pytest.raises(SplitImpossible, match="no split of its own"):
            hold_out_given(none, val_fraction=0.2, seed=0)


def test_the_rarest_class_is_given_out_first_to_the_side_that_lacks_most():
    shows = np.zeros((40, 3), dtype=bool)
    shows[:, 0], shows[:20, 1], shows[:4, 2] = True, True, True
    for share in (0.25, 0.5, 0.75):
        for seed in range(10):
            held = _stratified(shows, share, np.random.default_rng(seed))
            assert [held[:4].sum(), held[:20].sum(), held.sum()] == [
                4 * share,
                20 * share,
                40 * share,
            ]


def test_items_without_a_label_are_divided_too_and_neither_side_is_empty():
    nothing = np.zeros((10, 2), dtype=bool)
    assert _stratified(nothing, 0.3, np.random.default_rng(0)).sum() == 3
    for share, held in ((0.01, 1), (0.99, 4)):
        alone = [_stratified(np.ones((5, 1), dtype=bool), share, np.random.default_rng(seed))
                 for seed in range(60)]  # fmt: skip
        assert {int(one.sum()) for one in alone} == {held}
        assert len({tuple(one) for one in alone}) == 5  # the seed decides which


def test_an_image_of_several_patches_shows_what_any_of_them_shows():
    counts = np.zeros((24, 7), dtype=int)
    counts[:, 0] = 5
    counts[[0, 3, 4, 7], 1] = 9  # in the first or the last patch of four images of twelve
    prepared = made({"a": [2] * 12}, counts=counts)
    for seed in range(10):
        held = hold_out_stratified(prepared, val_fraction=0.5, seed=seed)
        images = {prepared.patches[index].image for index in held}
        assert len(held) == 12 and len(images) == 6
        assert len(images & {f"a/{n}" for n in range(4)}) == 2


@pytest.mark.parametrize(("patches", "share"), [(2, 0.01), (2, 0.99), (7, 0.3), (50, 0.2)])
def test_patches_are_drawn_as_scikit_learn_draws_them(patches: int, share: float):
    prepared = made({"a": [patches]})
    for seed in (0, 7):
        _, val = train_test_split(
            range(patches),
            test_size=min(math.ceil(share * patches), patches - 1),
            random_state=seed,
        )
        assert hold_out_patches(prepared, val_fraction=share, seed=seed) == val
