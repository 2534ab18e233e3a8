"""Split training patches in two: one half for weights, one for the architecture."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from aerial_nni.data.pipeline.ground_overlap import joined, same_ground
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.split_checks import SideVoid, check_split, void_side, void_text
from aerial_nni.data.pipeline.split_rules import image_units
from aerial_nni.data.pipeline.splits import Split


def halve(prepared: Prepared, split: Split, *, seed: int) -> Split:
    """A split of `split.train`: its `train` is for the weights, its `val` for the architecture.

    Whole images go to one half (areas where the dataset is nested), unless `split` is leaky itself
    or only one has labels; then patches do. Both halves get labels. `split.val` is in neither. The
    same arguments give the same halves.

    Raises:
        SideVoid: one patch alone has labels.
    """
    images: dict[Hashable, list[int]] = defaultdict(list)
    keys = image_units(prepared)
    for index in split.train:
        images[prepared.patches[index].area if prepared.facts.nested else keys[index]].append(index)
    by_image = not split.leaky and sum(map(_labelled(prepared), images.values())) > 1
    units = list(images.values()) if by_image else _alone(prepared, split.train)
    halves: tuple[list[int], list[int]] = ([], [])
    order = np.random.default_rng(seed).permutation(len(units))
    drawn = [units[place] for place in order]
    for unit in sorted(drawn, key=_labelled(prepared), reverse=True):  # stable: else as drawn
        smaller = 0 if len(halves[0]) <= len(halves[1]) else 1
        halves[smaller].extend(unit)
    found = Split(
        rule="image" if by_image else "patch",
        seed=seed,
        val_fraction=0.5,
        train=tuple(sorted(halves[0])),
        val=tuple(sorted(halves[1])),
    )
    check_split(prepared, found)
    if side := void_side(prepared, found):
        raise SideVoid(
            f"{void_text(prepared, found, side)}: an architecture search trains on two halves, so "
            "label two patches or more of what trains, or use a smaller --patch"
        )
    return found


def _labelled(prepared: Prepared) -> Callable[[list[int]], bool]:
    """Whether some of a unit's patches have labels."""
    return lambda unit: bool(prepared.counts[unit, :-1].any())


def _alone(prepared: Prepared, indices: Sequence[int]) -> list[list[int]]:
    """Each patch by itself; those that show the same ground together."""
    patches = [prepared.patches[index] for index in indices]
    units: dict[Hashable, list[int]] = defaultdict(list)
    for index, key in zip(indices, joined(list(indices), same_ground(patches)), strict=True):
        units[key].append(index)
    return list(units.values())
