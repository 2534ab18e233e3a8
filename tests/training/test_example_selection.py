"""The examples of a document: all classes, all difficulties, many images, never only the easy."""

import numpy as np
import pytest

from aerial_nni.training.example_selection import choose_examples


def _patches(n: int, classes: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores and presence of n patches; a class is rarer the higher its index."""
    rng = np.random.default_rng(seed)
    present = rng.random((n, classes)) < np.linspace(0.9, 0.03, classes)
    present[~present.any(axis=1), 0] = True
    return rng.random(n), present


@pytest.mark.parametrize("seed", range(8))
def test_every_class_is_shown_twice_and_no_patch_twice(seed: int) -> None:
    iou, present = _patches(300, 6, seed=seed)
    chosen = choose_examples(iou, present, seed=seed)
    assert len(set(chosen)) == 10
    assert (present[chosen].sum(axis=0) >= np.minimum(present.sum(axis=0), 2)).all()


@pytest.mark.parametrize("seed", range(8))
def test_difficulties_are_spread(seed: int) -> None:
    iou, present = _patches(300, 4, seed=seed)
    chosen = choose_examples(iou, present, seed=seed)
    thirds = np.searchsorted(np.quantile(iou, [1 / 3, 2 / 3]), iou[chosen])
    assert np.bincount(thirds, minlength=3).min() >= 2


def test_the_best_predicted_comes_first() -> None:
    iou, present = _patches(100, 5)
    scores = iou[choose_examples(iou, present)]
    assert (np.diff(scores) <= 0).all()


def test_plain_desert_gives_way_to_patches_with_several_classes() -> None:
    rng = np.random.default_rng(0)
    present = np.zeros((200, 3), dtype=bool)
    present[:, 0] = True
    present[::4, 1] = True  # one patch in four is not plain, in every group
    chosen = choose_examples(rng.random(200), present)
    assert present[chosen].sum(axis=1).min() == 2


def test_many_images_are_shown() -> None:
    iou, present = _patches(300, 3)
    present[:] = True
    images = [f"image {index // 30}" for index in range(300)]
    chosen = choose_examples(iou, present, images=images)
    assert len({images[index] for index in chosen}) >= 8


def test_of_the_difficulties_that_are_not_shown_the_farthest_comes_first() -> None:
    present = np.ones((100, 4), dtype=bool)
    present[:, 1:] = False
    for patch in range(6):  # three classes that the hardest tenth alone has, in two patches each
        present[patch, 1 + patch // 2] = True
    chosen = choose_examples(np.arange(100) / 100, present)
    # Tenth 0 six times; of the others in turn: 9 away, 4 from 0 and from 9, 2 from what is shown.
    assert sorted(index // 10 for index in chosen) == [0] * 6 + [2, 4, 6, 9]


def test_a_class_in_one_patch_only_is_shown() -> None:
    iou, present = _patches(300, 3)
    present[:, 2] = False
    present[123, 2] = True
    assert 123 in choose_examples(iou, present)


def test_a_patch_of_void_is_never_shown() -> None:
    iou, present = _patches(40, 3)
    iou[:35] = np.nan
    assert set(choose_examples(iou, present)) == set(range(35, 40))


def test_the_same_seed_chooses_the_same() -> None:
    iou, present = _patches(300, 6)
    assert choose_examples(iou, present, seed=1) == choose_examples(iou, present, seed=1)
    assert choose_examples(iou, present, seed=1) != choose_examples(iou, present, seed=2)


@pytest.mark.parametrize("count", [1, 3, 10, 25])
def test_count_is_kept(count: int) -> None:
    iou, present = _patches(60, 5)
    assert len(choose_examples(iou, present, count=count)) == count


def test_equal_scores_and_an_absent_class_are_fine() -> None:
    present = np.ones((30, 4), dtype=bool)
    present[:, 3] = False
    assert len(choose_examples(np.zeros(30), present)) == 10


def test_wrong_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="iou has shape"):
        choose_examples(np.zeros(3), np.ones((4, 2), dtype=bool))
    with pytest.raises(ValueError, match="one per patch"):
        choose_examples(np.zeros(3), np.ones((3, 2), dtype=bool), images=["a"])
    with pytest.raises(ValueError, match="1 patch or more"):
        choose_examples(np.zeros(3), np.ones((3, 2), dtype=bool), count=0)


def test_every_tenth_of_the_ranks_is_shown_once() -> None:
    chosen = choose_examples(np.arange(100) / 100, np.ones((100, 1), dtype=bool))
    assert sorted(index // 10 for index in chosen) == list(range(10))
