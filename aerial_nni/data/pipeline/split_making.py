"""Splits made by a rule, and checked.

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

`split_rules` and `block_split` have the rules in full. Images that show the same
ground, as far as it is known where they lie, are never separated by any rule. Every split is
checked by `check_split` when it is made and when it is read from a file, and refused where one
side has no labelled pixel.
"""

import logging

from aerial_nni.config.errors import UserError
from aerial_nni.config.options import SPLITS, BadOption
from aerial_nni.data.pipeline.block_split import NAME as BLOCKS
from aerial_nni.data.pipeline.block_split import hold_out_blocks, resolved
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.split_checks import SideVoid, check_split, void_side, void_text
from aerial_nni.data.pipeline.split_rules import (
    SplitImpossible,
    hold_out_areas,
    hold_out_given,
    hold_out_images,
    hold_out_patches,
    hold_out_stratified,
    instead_of_images,
)
from aerial_nni.data.pipeline.splits import Split, pixels_per_class

log = logging.getLogger(__name__)

RULES = {
    "image": hold_out_images,
    "tile": hold_out_areas,
    "stratified": hold_out_stratified,
    "given": hold_out_given,
    "patch": hold_out_patches,
}
"""How the patches that validate are chosen, by the name of the rule; `blocks` is besides."""

SEEDS = 20
"""Seeds of a rule that are tried in search of a split with labels on both sides."""


def make_split(prepared: Prepared, rule: str, *, val_fraction: float = 0.2, seed: int = 0) -> Split:
    """A split of the patches by `rule`, checked; the same arguments give the same split.

    What the scores will not tell is logged.

    Raises:
        BadOption: there is no such rule, or `val_fraction` is not between 0 and 1.
        SplitImpossible: the dataset has too few images or areas for this rule, or is nested.
        SplitOverlap: patches overlap each other, so the rule `patch` cannot separate them.
        SideVoid: one side has no labelled pixel, so that nothing can be learnt or scored.
    """
    split = _divided(prepared, rule, val_fraction=val_fraction, seed=seed)
    if empty := void_side(prepared, split):
        raise SideVoid(f"{void_text(prepared, split, empty)}; {_instead(prepared, split)}")
    if split.untold:
        log.warning(
            "split %s: images of %s are frames of videos, and their names do not say which: frames "
            "of one video are on both sides, so scores are too good", split.rule,
            prepared.facts.name,
        )  # fmt: skip
    for side, indices in (("train", split.train), ("val", split.val)):
        absent = [name for name, n in pixels_per_class(prepared, indices).items() if not n]
        absent = [name for name in absent if name != "void"]
        if absent:
            log.warning("split %s: %s has no pixel of %s", split.rule, side, ", ".join(absent))
    return split


def _divided(prepared: Prepared, rule: str, *, val_fraction: float, seed: int) -> Split:
    """The split by `rule`, checked for shared ground alone; it raises what `make_split` does."""
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
    return split


def _instead(prepared: Prepared, split: Split) -> str:
    """What to type where one side is void: the first way that was tried and gives labels to both.

    Rules that are marked leaky come last.
    """
    found = []
    for rule in dict.fromkeys((split.rule, "tile", BLOCKS, "stratified", "patch")):
        flag = "" if rule == split.rule else f"--split {rule}"
        for seed in range(split.seed, split.seed + SEEDS):
            try:
                other = _divided(prepared, rule, val_fraction=split.val_fraction, seed=seed)
            except UserError:  # this rule is none for these data; the next one is tried
                break
            if not void_side(prepared, other):
                number = "" if seed == split.seed else f"--split-seed {seed}"
                found.append((other.leaky, bool(number), f"{flag} {number}".strip()))
                break
            if rule == "tile" or rule.startswith(BLOCKS):
                break  # they compare all divisions, whatever the seed
    if not found:
        return "no rule gives labels to both sides: label more of these images"
    return f"use {min(found)[2]}, by which both sides have labels"
