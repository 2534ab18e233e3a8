"""Which patches train and which validate: rules, files, and the check that none share ground.

- `image`: whole images are held out, about `val_fraction` of those of each area. The default.
- `tile`: whole areas are held out, so chosen that validation is like the whole in its classes.
- `stratified`: whole images are held out so that each class is in the same share of the images on
  both sides, whatever their areas. Where images of one area show the same ground (the dataset is
  nested), that is marked leaky.
- `blocks`: squares of ground are held out, and what lies too near to them is left out, where it is
  known where the images lie.
- `given`: the images are held out that the dataset's makers hold out.
- `patch`: patches are held out at random. Neighbours in one image land on both sides: it is
  marked leaky wherever it is shown.

Where images may show the same ground and nothing says which, such as frames of videos without
their names, the split of every rule is marked leaky.

`aerial_nni.data.split_rules` and `block_split` have the rules in full. Images that show the same
ground, as far as it is known where they lie, are never separated by any rule. Every split is
checked by `check_split` when it is made and when it is read from a file.
"""

import difflib
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.data.block_split import NAME as BLOCKS
from aerial_nni.data.block_split import hold_out_blocks, resolved, settings
from aerial_nni.data.ground import is_placed, near, overlap
from aerial_nni.data.patches import Patch
from aerial_nni.data.prepared import Prepared
from aerial_nni.data.split_rules import (
    SplitImpossible,
    hold_out_areas,
    hold_out_given,
    hold_out_images,
    hold_out_patches,
    hold_out_stratified,
    instead_of_images,
)
from aerial_nni.errors import Explained
from aerial_nni.options import SPLITS, BadOption
from aerial_nni.results import read_json, write_json

__all__ = [
    "RULES", "Split", "SplitImpossible", "SplitMismatch", "SplitOverlap",
    "check_split", "load_split", "make_split", "pixels_per_class", "save_split", "split_digest",
]  # fmt: skip

log = logging.getLogger(__name__)

RULES = {
    "image": hold_out_images,
    "tile": hold_out_areas,
    "stratified": hold_out_stratified,
    "given": hold_out_given,
    "patch": hold_out_patches,
}
"""How the patches that validate are chosen, by the name of the rule; `blocks` is besides."""

FORMAT = 1


class SplitOverlap(Explained):
    """Training and validation share ground. The message says where."""


class SplitMismatch(Explained):
    """A split file was made for other patches than these. The message says what differs."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """Numbers of the patches that train and of those that validate, each ascending."""

    rule: str
    seed: int
    val_fraction: float
    train: tuple[int, ...]
    val: tuple[int, ...]
    nested: bool = False
    """Whether images of one area show the same ground."""
    left_out: tuple[int, ...] = ()
    """Patches on neither side: they lie too near to those that validate."""
    untold: bool = False
    """Whether images of different areas may show it too, and nothing says which."""

    @property
    def leaky(self) -> bool:
        """Whether one image, or one ground, may be on both sides: scores are then too good."""
        return self.untold or self.rule == "patch" or (self.rule == "stratified" and self.nested)


def make_split(prepared: Prepared, rule: str, *, val_fraction: float = 0.2, seed: int = 0) -> Split:
    """A split of the patches by `rule`, checked; the same arguments give the same split.

    Raises:
        BadOption: there is no such rule, or `val_fraction` is not between 0 and 1.
        SplitImpossible: the dataset has too few images or areas for this rule, or is nested.
        SplitOverlap: patches overlap each other, so the rule `patch` cannot separate them.
    """
    blocks = rule.partition(":")[0] == BLOCKS
    if rule not in RULES and not blocks:
        raise BadOption(f"split={rule!r} is not known; choose one of {', '.join(SPLITS)}")
    if prepared.facts.nested and rule == "image":
        raise SplitImpossible(
            f"images of one area of {prepared.facts.name} show the same ground, so "
            f"training would see what validates; {instead_of_images(prepared)}"
        )
    if not 0 < val_fraction < 1:
        raise BadOption(f"val_fraction={val_fraction} is not between 0 and 1; try 0.2")
    left: set[int] = set()
    if blocks:
        rule = resolved(prepared, rule)
        held, left = hold_out_blocks(prepared, rule, val_fraction=val_fraction, seed=seed)
    else:
        held = RULES[rule](prepared, val_fraction=val_fraction, seed=seed)
    val = set(held)
    split = Split(
        rule=rule,
        seed=seed,
        val_fraction=val_fraction,
        train=tuple(i for i in range(len(prepared.patches)) if i not in val | left),
        val=tuple(sorted(val)),
        left_out=tuple(sorted(left)),
        nested=prepared.facts.nested,
        untold=prepared.facts.untold,
    )
    check_split(prepared, split)
    if split.untold:
        log.warning(
            "split %s: images of %s are frames of videos, and their names do not say which: frames "
            "of one video are on both sides, so scores are too good", rule, prepared.facts.name,
        )  # fmt: skip
    for side, indices in (("train", split.train), ("val", split.val)):
        absent = [name for name, n in pixels_per_class(prepared, indices).items() if not n]
        absent = [name for name in absent if name != "void"]
        if absent:
            log.warning("split %s: %s has no pixel of %s", rule, side, ", ".join(absent))
    return split


def pixels_per_class(prepared: Prepared, indices: Sequence[int]) -> dict[str, int]:
    """Pixels of each class in these patches, by name, and under "void" those of no class."""
    sums = prepared.counts[list(indices)].sum(axis=0).tolist()
    return dict(zip((*prepared.facts.classes, "void"), sums, strict=True))


def split_digest(prepared: Prepared, split: Split) -> str:
    """Hex digest of what trains and what validates, by the images' content and not their names."""
    sides = []
    for indices in (split.train, split.val):
        patches = [prepared.patches[index] for index in indices]
        sides.append(sorted([p.digest, p.y, p.x, p.height, p.width] for p in patches))
    return hashlib.sha256(json.dumps(sides).encode()).hexdigest()


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
            f"{here.image} at {_place(here)} validates and {there.image} at {_place(there)} "
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


def save_split(path: Path, prepared: Prepared, split: Split) -> None:
    """Writes a split as JSON, atomically. Patches are named by image, y and x."""
    patches = prepared.patches
    value = {
        "format": FORMAT,
        **_identity(prepared),
        "rule": split.rule,
        "seed": split.seed,
        "val_fraction": split.val_fraction,
        "leaky": split.leaky,
        "images": {patch.image: patch.digest for patch in patches},
        "train": _named(prepared, split.train),
        "val": _named(prepared, split.val),
    }
    if is_placed(patches):  # what a map of the split is drawn from
        value["left_out"] = _named(prepared, split.left_out)
        value["ground"] = {patch.image: [patch.area, *(patch.ground or ())] for patch in patches}
    write_json(path, value)


def _identity(prepared: Prepared) -> dict[str, Any]:
    """What must be the same for the patches of a split file to be these patches."""
    return {
        "dataset": prepared.facts.name,
        "patch": list(prepared.size) if prepared.patch_width else prepared.patch,
        "stride": prepared.stride,
        "edge": prepared.edge,
    }


def _named(prepared: Prepared, indices: Sequence[int]) -> dict[str, list[str]]:
    """The patches by image, each as "y,x"."""
    named: dict[str, list[str]] = {}
    for index in indices:
        patch = prepared.patches[index]
        named.setdefault(patch.image, []).append(_place(patch))
    return named


def load_split(path: Path, prepared: Prepared) -> Split:
    """The split of a file that `save_split` wrote, checked.

    Raises:
        SplitMismatch: it is no split file, or was made for another dataset or other patches.
        SplitOverlap: it was changed so that both sides share ground.
    """
    try:
        value = read_json(path)
    except FileNotFoundError:
        alike = difflib.get_close_matches(str(path), list(SPLITS), n=1)
        meant = f"did you mean {alike[0]}? " if alike else ""
        problem = f"{path} is no rule and no split file"
        raise SplitMismatch(f"{problem}; {meant}the rules are {', '.join(SPLITS)}") from None
    except (OSError, ValueError) as error:
        raise SplitMismatch(f"{path} cannot be read as a split: {error}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise SplitMismatch(f"{path} is no split file of format {FORMAT}; make a new one")
    for key, here in _identity(prepared).items():
        if value.get(key) != here:
            raise SplitMismatch(
                f"{path} was made for {key} {value.get(key)!r}, but this is {here!r}; "
                f"give the same options, or make a new split with --split {value.get('rule')}"
            )
    try:
        _check_images(path, value["images"], prepared)
        split = Split(
            rule=value["rule"],
            seed=value["seed"],
            val_fraction=value["val_fraction"],
            train=_numbers(path, value["train"], prepared),
            val=_numbers(path, value["val"], prepared),
            left_out=_numbers(path, value.get("left_out", {}), prepared),
            nested=prepared.facts.nested,
            untold=prepared.facts.untold,
        )
    except (LookupError, TypeError, AttributeError) as error:
        raise SplitMismatch(
            f"{path} is no complete split file ({error}); make a new one"
        ) from error
    check_split(prepared, split)
    return split


def _check_images(path: Path, images: Mapping[str, str], prepared: Prepared) -> None:
    """Raises `SplitMismatch` unless the file's images are those of `prepared`, by content."""
    here = {patch.image: patch.digest for patch in prepared.patches}
    for name in sorted({*images, *here}):
        if images.get(name) != here.get(name):
            how = (
                "is new" if name not in images else "is missing" if name not in here else "changed"
            )
            raise SplitMismatch(
                f"{path} was made for other images: {name} {how}; make a new split, "
                "or bring back the images it was made for"
            )


def _numbers(path: Path, named: Mapping[str, Sequence[str]], prepared: Prepared) -> tuple[int, ...]:
    """Numbers of the patches named in a file, ascending."""
    numbers = {(patch.image, _place(patch)): i for i, patch in enumerate(prepared.patches)}
    wanted = [(image, place) for image, places in named.items() for place in places]
    for image, place in wanted:
        if (image, place) not in numbers:
            raise SplitMismatch(f"{path} names the patch {image} at {place}, which is not there")
    return tuple(sorted({numbers[item] for item in wanted}))


def _place(patch: Patch) -> str:
    """Where a patch lies in its image, as split files say it: "y,x"."""
    return f"{patch.y},{patch.x}"
