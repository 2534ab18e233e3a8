"""Split files: which patches train and which validate, by image and place, as JSON."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aerial_nni.config.errors import UserError
from aerial_nni.config.options import SPLITS
from aerial_nni.config.run_folder import read_json, write_json
from aerial_nni.data.pipeline.ground_overlap import is_placed
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.split_checks import SideVoid, check_split, void_side, void_text
from aerial_nni.data.pipeline.splits import Split

FORMAT = 1


class SplitMismatch(UserError):
    """A split file was made for other patches than these. The message says what differs."""


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
        named.setdefault(patch.image, []).append(patch.place)
    return named


def load_split(path: Path, prepared: Prepared) -> Split:
    """The split of a file that `save_split` wrote, checked.

    Raises:
        SplitMismatch: it is no split file, or was made for another dataset or other patches.
        SplitOverlap: it was changed so that both sides share ground.
        SideVoid: one side has no labelled pixel.
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
    if side := void_side(prepared, split):
        raise SideVoid(
            f"{void_text(prepared, split, side)}; label some of it, or make a new split instead of "
            f"{path} with --split stratified"
        )
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
    numbers = {(patch.image, patch.place): i for i, patch in enumerate(prepared.patches)}
    wanted = [(image, place) for image, places in named.items() for place in places]
    for image, place in wanted:
        if (image, place) not in numbers:
            raise SplitMismatch(f"{path} names the patch {image} at {place}, which is not there")
    return tuple(sorted({numbers[item] for item in wanted}))
