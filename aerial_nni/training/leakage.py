"""Detect leakage: was this checkpoint trained on the current validation patches?

Pictures are known by their content, whatever dataset, name or size of patches they come with. What
trained a checkpoint is in the split file of its result folder, or of its experiment's.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aerial_nni.config.errors import UserError
from aerial_nni.config.run_folder import SPLIT, read_json
from aerial_nni.data.pipeline.patches import Patch
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.split_files import load_split
from aerial_nni.data.pipeline.splits import Split, split_digest


def find_leakage(
    header: Mapping[str, Any], checkpoint: Path, prepared: Prepared, split: Split
) -> str:
    """Why a checkpoint may know answers, and what to do; empty where it knows none.

    `header` is the checkpoint's. One of the same split knows none, by the digest in the header.
    Else the split file is compared; where there is none nothing can be ruled out.
    """
    digest = header.get("split_digest")
    if digest == split_digest(prepared, split):
        return ""
    places = [folder / SPLIT for folder in list(checkpoint.resolve().parents)[:2]]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        said = "it does not say which patches it was trained on" if digest is None else (
            f"it was trained on other patches or another split (rule {header.get('split')})"
        )  # fmt: skip
        return (
            f"{said}, and no {SPLIT} lies beside it that tells whether some of them validate here; "
            "give the checkpoint as it lies in its result folder, or the --split, --split-seed, "
            "--val-fraction, --patch and --stride that it was trained with"
        )
    try:
        shared = shared_patches(read_json(file), prepared, split)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        return f"{file}, which tells what it was trained on, cannot be read ({error})"
    if not shared:
        return ""
    return (
        f"it was trained on another split, with {shared} of the {len(split.val)} patches that "
        f"validate here; {_advice(file, prepared)}"
    )


def shared_patches(theirs: Mapping[str, Any], prepared: Prepared, split: Split) -> int:
    """How many patches that validate are ground on which a split file's training was.

    Ground is as in `check_split`: the picture; with the rule `tile` its area; with `patch` and
    `blocks` the rectangle.
    """
    learnt: dict[str, list[str]] = {}
    for image, places in theirs["train"].items():
        learnt.setdefault(theirs["images"][image], []).extend(places)
    validating = [prepared.patches[index] for index in split.val]
    if split.rule == "patch" or split.rule.startswith("blocks"):
        size = theirs["patch"]
        sides = size if isinstance(size, list) else [size, size]
        return sum(_meets(patch, learnt.get(patch.digest, ()), sides) for patch in validating)
    areas = {p.area for p in prepared.patches if p.digest in learnt} if split.rule == "tile" else ()
    return sum(patch.digest in learnt or patch.area in areas for patch in validating)


def _meets(patch: Patch, places: Iterable[str], sides: Sequence[int]) -> bool:
    """Whether a patch intersects one of those of `sides` at `places`, each "y,x"."""
    corners = ([int(part) for part in place.split(",")] for place in places)
    return any(
        y < patch.y + patch.height
        and patch.y < y + sides[0]
        and x < patch.x + patch.width
        and patch.x < x + sides[1]
        for y, x in corners
    )


def _advice(file: Path, prepared: Prepared) -> str:
    """What to do instead: its split where that is one of these patches."""
    try:
        load_split(file, prepared)
    except UserError:
        return "train one with these options"
    return f"give --split {file}, or train one with these options"
