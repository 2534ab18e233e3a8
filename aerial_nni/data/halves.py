"""The training patches in two halves: one for the weights, one for what is learnt beside them."""

from collections import defaultdict

import numpy as np

from aerial_nni.data.prepared import Prepared
from aerial_nni.data.splits import Split, check_split


def halve(prepared: Prepared, split: Split, *, seed: int) -> Split:
    """A split of `split.train`: its `train` is for the weights, its `val` for the architecture.

    Whole images go to one half (areas where the dataset is nested), unless `split` is leaky itself
    or there is only one; then patches do. `split.val` is in neither. The same arguments give the
    same halves.
    """
    images: dict[str, list[int]] = defaultdict(list)
    for index in split.train:
        patch = prepared.patches[index]
        images[patch.area if prepared.facts.nested else patch.digest].append(index)
    by_image = not split.leaky and len(images) > 1
    units = list(images.values()) if by_image else [[index] for index in split.train]
    halves: tuple[list[int], list[int]] = ([], [])
    for place in np.random.default_rng(seed).permutation(len(units)):
        smaller = 0 if len(halves[0]) <= len(halves[1]) else 1
        halves[smaller].extend(units[place])
    found = Split(
        rule="image" if by_image else "patch",
        seed=seed,
        val_fraction=0.5,
        train=tuple(sorted(halves[0])),
        val=tuple(sorted(halves[1])),
    )
    check_split(prepared, found)
    return found
