"""The rules by which patches are held out. Each returns the numbers of those that validate.

`split_making` says what the rules promise and makes splits of what they return.
Images of the same content are one unit here, whatever their names, so they are never separated.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np

from aerial_nni.config.errors import UserError
from aerial_nni.data.pipeline.ground_overlap import is_placed, joined, same_ground
from aerial_nni.data.pipeline.prepared import Prepared

EXHAUSTIVE = 14
"""Up to this many areas every set of areas is compared; of more, `SAMPLED` random sets."""
SAMPLED = 4096


class SplitImpossible(UserError, ValueError):
    """A dataset cannot be divided by this rule. The message says which rule can."""


def hold_out_images(prepared: Prepared, *, val_fraction: float, seed: int) -> list[int]:
    """Patches of whole images: about `val_fraction` of those of each area, never all or none.

    Areas of a single image are one group together; an image that is alone even then trains.
    """
    images = _images(prepared)
    areas = _grouped(images, lambda digest: prepared.patches[images[digest][0]].area)
    groups = [members for members in areas.values() if len(members) > 1]
    alone = [members[0] for members in areas.values() if len(members) == 1]
    if len(alone) > 1:
        groups.append(alone)
    rng = np.random.default_rng(seed)
    held_out: list[int] = []
    for members in groups:
        wanted = math.floor(val_fraction * len(members) + 0.5)
        chosen = rng.permutation(len(members))[: min(max(wanted, 1), len(members) - 1)]
        for place in chosen:
            held_out += images[members[place]]
    return held_out


def _images(prepared: Prepared) -> dict[Hashable, list[int]]:
    """Patches of each image; those that show the same ground are one. Two at least."""
    images = _grouped(range(len(prepared.patches)), image_units(prepared).__getitem__)
    if len(images) > 1:
        return images
    if len({patch.digest for patch in prepared.patches}) > 1:
        raise SplitImpossible(
            f"every image of {prepared.facts.name} shares ground with another one, so none can be "
            "held out whole; use --split blocks"
        )
    raise SplitImpossible(
        f"the dataset {prepared.facts.name} has one image, which cannot be on both sides; "
        f"use --split {'blocks' if is_placed(prepared.patches) else 'patch'}"
    )


def image_units(prepared: Prepared) -> list[Hashable]:
    """Of each patch what its image is known by: the same for images that show the same ground."""
    patches = prepared.patches
    return joined([patch.digest for patch in patches], same_ground(patches))


def hold_out_areas(prepared: Prepared, *, val_fraction: float, seed: int) -> list[int]:
    """Patches of whole areas, chosen so that validation is like the whole and of the right size.

    Of all sets of areas the best one is taken: first, the fewest classes missing on either side;
    then the smallest sum of two differences. One is that of validation's share of the labelled
    pixels from `val_fraction`, relative to it. The other is the total variation distance (half
    the sum of absolute differences) between the class shares of validation and of the whole.
    `seed` decides between equals, and draws the sets that are compared where there are more than
    `EXHAUSTIVE` areas.
    """
    areas = _connected_areas(prepared)
    if len(areas) < 2:
        raise SplitImpossible(
            f"the dataset {prepared.facts.name} has one area, which cannot be on both sides; "
            f"{instead_of_areas(prepared) if prepared.facts.nested else 'use --split image'}"
        )
    pixels = np.stack([prepared.counts[area, :-1].sum(axis=0) for area in areas])  # (areas, c)
    rng = np.random.default_rng(seed)
    best = best_set(pixels, val_fraction, rng)
    return [patch for area, held in zip(areas, best, strict=True) if held for patch in area]


def best_set(pixels: np.ndarray, val_fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Which areas validate best, (areas,) bool, from the pixels of each class in each of them.

    `hold_out_areas` says what is best.
    """
    sets = _sets_of_areas(pixels.sum(axis=1), val_fraction, rng)  # (sets, areas)
    best: np.ndarray = sets[
        min(range(len(sets)), key=lambda k: _unlikeness(sets[k], pixels, val_fraction))
    ]
    return best


def hold_out_given(prepared: Prepared, *, val_fraction: float, seed: int) -> list[int]:
    """Patches of the images that the dataset's makers validate on, whatever the share."""
    held = prepared.facts.held_out
    val = [i for i, patch in enumerate(prepared.patches) if held and patch.image.startswith(held)]
    if not val or len(val) == len(prepared.patches):
        raise SplitImpossible(
            f"the dataset {prepared.facts.name} brings no split of its own; use --split image"
        )
    return val


def instead_of_images(prepared: Prepared) -> str:
    """What to type where images of one area show the same ground, so are not to be separated."""
    if len(_connected_areas(prepared)) > 1:
        return "use --split tile"
    return f"there is one area, so --split tile is no way either: {instead_of_areas(prepared)}"


def instead_of_areas(prepared: Prepared) -> str:
    """The same where there is one area alone."""
    return (
        "add images of another area, such as another video, or use --split stratified, whose "
        f"scores are too good on {prepared.facts.name}: it is marked leaky"
    )


def hold_out_stratified(prepared: Prepared, *, val_fraction: float, seed: int) -> list[int]:
    """Patches of whole images, chosen so that both sides show each class equally often.

    Iterative stratification of many labels (Sechidis, Tsoumakas and Vlahavas 2011, alg. 1): of the
    classes that are left in images without a side, the one in the fewest of them is given out
    first, each image to the side that lacks most of it, then to the one that lacks most images. An
    image of several patches shows the classes of all of them.
    """
    images = list(_images(prepared).values())
    shows = np.stack([prepared.counts[members, :-1].sum(axis=0) > 0 for members in images])
    held = _stratified(shows, val_fraction, np.random.default_rng(seed))
    return [patch for members, out in zip(images, held, strict=True) if out for patch in members]


def _stratified(shows: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Which items are held out, (items,) bool, so that about `share` of each label is.

    `shows` is (items, labels), bool.
    """
    sides = np.array([1 - share, share])
    lacking = sides[:, None] * shows.sum(axis=0)  # (2, labels): still wanted of each label
    wanted = sides * len(shows)
    side = np.full(len(shows), -1)
    while (side < 0).any():
        free = side < 0
        left = shows[free].sum(axis=0)
        label = int(np.where(left > 0, left, len(shows) + 1).argmin())
        members = np.flatnonzero(free & shows[:, label]) if left.any() else np.flatnonzero(free)
        for item in rng.permutation(members):
            need = (lacking[:, label] if left.any() else wanted).tolist()
            order = sorted((0, 1), key=lambda k: (-need[k], -wanted[k]))
            side[item] = order[0]
            lacking[order[0]] -= shows[item]
            wanted[order[0]] -= 1
    held: np.ndarray = side == 1
    if held.all() or not held.any():  # too few items for this share: one is on the other side
        held[int(rng.integers(len(held)))] ^= True
    return held


def hold_out_patches(prepared: Prepared, *, val_fraction: float, seed: int) -> list[int]:
    """Patches at random: those of scikit-learn's `train_test_split` with this `random_state`."""
    patches = prepared.patches
    places = [(patch.digest, patch.y, patch.x) for patch in patches]
    same = _grouped(range(len(patches)), joined(places, same_ground(patches)).__getitem__)
    units = list(same.values())
    if len(units) < 2:
        raise SplitImpossible(
            f"the dataset {prepared.facts.name} has one patch, which cannot be on both sides; "
            f"use a --patch smaller than {prepared.patch}"
        )
    # The legacy generator and the rounding up are scikit-learn's.
    order = np.random.RandomState(seed).permutation(len(units))
    wanted = min(math.ceil(val_fraction * len(units)), len(units) - 1)
    return [patch for place in order[:wanted] for patch in units[place]]


def _grouped(items: Iterable[Hashable], key: Callable[..., Hashable]) -> dict[Hashable, list[Any]]:
    """The items by their key, in the order in which keys are first seen."""
    groups: dict[Hashable, list[Any]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def _connected_areas(prepared: Prepared) -> list[list[int]]:
    """Patches of each area; areas that have an image, or ground, in common are one."""
    patches = prepared.patches
    first: dict[str, int] = {}
    alike = [(i, first.setdefault(patch.digest, i)) for i, patch in enumerate(patches)]
    areas = joined([patch.area for patch in patches], [*alike, *same_ground(patches)])
    return list(_grouped(range(len(patches)), areas.__getitem__).values())


def _sets_of_areas(pixels: np.ndarray, val_fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Sets of areas to compare, shape (sets, areas), bool, in random order; none empty or full.

    `pixels` has each area's labelled pixels.
    """
    areas = len(pixels)
    if areas <= EXHAUSTIVE:
        codes = rng.permutation(np.arange(1, 2**areas - 1))
        sets: np.ndarray = (codes[:, None] >> np.arange(areas)) & 1 == 1
        return sets
    sets = np.zeros((SAMPLED, areas), dtype=bool)
    for row in sets:
        order = rng.permutation(areas)
        reached = np.cumsum(pixels[order]) / max(pixels.sum(), 1)
        row[order[: 1 + np.abs(reached[:-1] - val_fraction).argmin()]] = True
    return sets


def _unlikeness(held: np.ndarray, pixels: np.ndarray, val_fraction: float) -> tuple[int, float]:
    """How badly a set of areas would validate: classes missing on a side, then differences.

    `held` has shape (areas,), bool; `pixels` (areas, classes).
    """
    whole, val = pixels.sum(axis=0), pixels[held].sum(axis=0)
    present = whole > 0
    missing = int((present & (val == 0)).sum() + (present & (val == whole)).sum())
    share = val.sum() / max(whole.sum(), 1)
    distance = np.abs(val / max(val.sum(), 1) - whole / max(whole.sum(), 1)).sum() / 2
    return missing, round(float(abs(share / val_fraction - 1) + distance), 9)
