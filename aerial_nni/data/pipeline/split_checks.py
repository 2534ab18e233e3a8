"""What must be true of a split: no shared ground, and labelled pixels on both sides."""

import numpy as np

from aerial_nni.config.errors import UserError
from aerial_nni.data.pipeline.block_split import NAME as BLOCKS
from aerial_nni.data.pipeline.block_split import settings
from aerial_nni.data.pipeline.ground_overlap import near, overlap
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.splits import Split

SHOWN = 5
"""Images that a message names."""


class SplitOverlap(UserError):
    """Training and validation share ground. The message says where."""


class SideVoid(UserError):
    """Every pixel that trains, or that validates, is void. The message says which images."""


def void_side(prepared: Prepared, split: Split) -> str:
    """The side without a labelled pixel, "validation" or "training"; empty where both have some."""
    for side, indices in (("validation", split.val), ("training", split.train)):
        if not prepared.counts[list(indices), :-1].any():
            return side
    return ""


def void_text(prepared: Prepared, split: Split, side: str) -> str:
    """What is wrong with a split whose `side` is void."""
    indices = split.val if side == "validation" else split.train
    images = list(dict.fromkeys(prepared.patches[index].image for index in indices))
    more = f" and {len(images) - SHOWN} more" if len(images) > SHOWN else ""
    return (
        f"by the split {split.rule!r} all {len(indices)} patches for {side} are void, so that "
        f"nothing could be {'scored' if side == 'validation' else 'learnt'}: they are of "
        f"{', '.join(images[:SHOWN])}{more}"
    )


def check_split(prepared: Prepared, split: Split) -> None:
    """Raises `SplitOverlap` if training and validation share ground.

    For every rule: no patch is on both sides, and no two rectangles of one image on both sides
    intersect, nor two of different images on the ground, as far as it is known where they lie.
    For `blocks` the border is empty; for `patch` and `blocks` an image may be on both sides, for
    the others not. For `tile` no area is, nor for `image` where the dataset is nested. An image is
    known by its content, so a picture under two names is one image.
    """
    both = sorted(set(split.train) & set(split.val))
    if both:
        raise SplitOverlap(f"{len(both)} patches are on both sides, the first: {both[0]}")
    _check_ground(prepared, split)
    whole = split.rule != "patch" and not split.rule.startswith(BLOCKS)
    images = _sides(prepared, split, "digest")
    for train, val in images.values():
        if whole:
            first, second = prepared.patches[train[0]].image, prepared.patches[val[0]].image
            also = "is" if first == second else f"and {second} have the same content and are"
            raise SplitOverlap(f"{first} {also} on both sides of the split {split.rule!r}")
        _check_rectangles(prepared, train, val)
    if split.rule == "tile" or (prepared.facts.nested and split.rule == "image"):
        for area in _sides(prepared, split, "area"):
            raise SplitOverlap(f"the area {area} is on both sides of the split {split.rule!r}")


def _check_ground(prepared: Prepared, split: Split) -> None:
    """Raises `SplitOverlap` where patches of both sides show the same ground, or lie too near."""
    patches = prepared.patches
    if pair := overlap(patches, split.train, split.val):
        there, here = (patches[i] for i in pair)
        raise SplitOverlap(
            f"{here.image} at {here.place} validates and {there.image} at {there.place} "
            "trains, and both show the same ground; use --split blocks"
        )
    if split.rule.startswith(BLOCKS):
        buffer = settings(split.rule)["buffer"]
        if near(patches, split.val, metres=buffer) & set(split.train):
            raise SplitOverlap(f"patches that train lie within {buffer:g} m of some that validate")


def _sides(
    prepared: Prepared, split: Split, attribute: str
) -> dict[str, tuple[list[int], list[int]]]:
    """Training and validation patches by an attribute of theirs, where both sides have some."""
    found: dict[str, tuple[list[int], list[int]]] = {}
    for side, indices in enumerate((split.train, split.val)):
        for index in indices:
            key = getattr(prepared.patches[index], attribute)
            found.setdefault(key, ([], []))[side].append(index)
    return {key: sides for key, sides in found.items() if all(sides)}


def _check_rectangles(prepared: Prepared, train: list[int], val: list[int]) -> None:
    """Raises `SplitOverlap` if a training and a validation rectangle of one image intersect."""
    others = np.array([_rectangle(prepared, index) for index in train])  # (n, 4)
    for index in val:
        top, left, bottom, right = _rectangle(prepared, index)
        meets = (others[:, 0] < bottom) & (top < others[:, 2])
        meets &= (others[:, 1] < right) & (left < others[:, 3])
        if meets.any():
            here, there = prepared.patches[index], prepared.patches[train[int(meets.argmax())]]
            raise SplitOverlap(
                f"patches overlap: {here.image} at y={here.y}, x={here.x} validates and "
                f"{there.image} at y={there.y}, x={there.x} trains; use a stride of "
                f"{prepared.patch} or more with --edge cut or pad, or --split image"
            )


def _rectangle(prepared: Prepared, index: int) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of a patch in its image."""
    patch = prepared.patches[index]
    return patch.y, patch.x, patch.y + patch.height, patch.x + patch.width
