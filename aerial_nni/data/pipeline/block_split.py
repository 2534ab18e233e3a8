"""The split rule `blocks`: squares of ground are held out, with an empty border around them.

`blocks:side=500,buffer=60` says both in metres. Without them a square has about a twentieth of the
patches, and the border is half a patch.
"""

import math
import re
from collections import defaultdict

import numpy as np
import shapely

from aerial_nni.config.options import BadOption
from aerial_nni.data.pipeline.ground_overlap import is_placed, near, outlines
from aerial_nni.data.pipeline.patches import Patch
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.split_rules import SplitImpossible, best_set

NAME = "blocks"
USUAL = 20
"""Squares of ground there are, about, unless their side is said."""

SETTING = re.compile(r"(side|buffer)=(\d+(?:\.\d+)?)")


def resolved(prepared: Prepared, rule: str) -> str:
    """The rule with its side and its buffer, where they were left open.

    Raises:
        SplitImpossible: nobody knows where the patches lie.
        BadOption: it is not understood.
    """
    if not is_placed(prepared.patches):
        raise SplitImpossible(
            f"where the patches of {prepared.facts.name} lie on the ground is not known, so they "
            "cannot be held out by blocks of it; use --split tile or image"
        )
    given = settings(rule)
    shapes = outlines(prepared.patches)
    area = float(np.median(shapely.area(shapes)))
    patch = math.sqrt(area)
    usual = max(2, round(math.sqrt(len(shapes) / USUAL))) * patch
    side, buffer = given.get("side", usual), given.get("buffer", patch / 2)
    return f"{NAME}:side={side:.6g},buffer={buffer:.6g}"


def settings(rule: str) -> dict[str, float]:
    """Side and buffer in metres, as far as the rule has them. Raises `BadOption`."""
    text = rule.partition(":")[2]
    parts = [SETTING.fullmatch(part) for part in text.split(",") if part]
    if not all(parts):
        raise BadOption(f"split={rule!r} is not understood; write {NAME}:side=500,buffer=60")
    found = {part[1]: float(part[2]) for part in parts if part}
    if found.get("side", 1.0) <= 0:
        raise BadOption(f"split={rule!r}: a block needs a side, such as {NAME}:side=500")
    return found


def hold_out_blocks(
    prepared: Prepared, rule: str, *, val_fraction: float, seed: int
) -> tuple[list[int], set[int]]:
    """Patches that validate, and those that are left out since they lie too near to them.

    A patch is of the square that its middle is in. The squares are chosen as areas are by the rule
    `tile`.

    Raises:
        SplitImpossible: there is one square, or nothing is left to train on.
    """
    given = settings(rule)
    blocks = list(_blocks(prepared.patches, given["side"]).values())
    if len(blocks) < 2:
        raise SplitImpossible(
            f"blocks of {given['side']:g} m are larger than the ground of {prepared.facts.name}; "
            f"give a smaller side, such as --split {NAME}:side={given['side'] / 4:.3g}"
        )
    pixels = np.stack([prepared.counts[block, :-1].sum(axis=0) for block in blocks])
    held = best_set(pixels, val_fraction, np.random.default_rng(seed))
    val = [i for block, out in zip(blocks, held, strict=True) if out for i in block]
    left = near(prepared.patches, val, metres=given["buffer"]) - set(val)
    if len(val) + len(left) == len(prepared.patches):
        raise SplitImpossible(
            f"with {rule} nothing is left to train on: all other patches lie within "
            f"{given['buffer']:g} m of those that validate; give a smaller buffer, or a smaller "
            "--val-fraction"
        )
    return val, left


def _blocks(patches: tuple[Patch, ...], side: float) -> dict[tuple[int, int], list[int]]:
    """Patches of each square of ground."""
    shapes = outlines(patches)
    low = shapely.bounds(shapes)[:, :2].min(axis=0)
    middles = shapely.get_coordinates(shapely.centroid(shapes))
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, (x, y) in enumerate(np.floor((middles - low) / side).astype(int).tolist()):
        found[x, y].append(number)
    return dict(found)
