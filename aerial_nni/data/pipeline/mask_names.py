"""Match masks whose names have a prefix or a suffix.

`t1_sat.jpg` and `t1_mask.png` are a pair if `classes.yaml` says `image_suffix: _sat` and
`mask_suffix: _mask`, or if nothing else can be meant: no names are the same, and one pair of the
usual words makes pairs of them. Where both lie in one folder, such a word must tell them.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from aerial_nni.data.dataset import DatasetMissing

IMAGE_WORDS = ("image", "images", "img", "sat", "rgb", "photo", "ortho", "leftimg8bit", "tile")
MASK_WORDS = ("mask", "masks", "label", "labels", "lbl", "gt", "truth", "groundtruth", "target",
              "seg", "segmentation", "annotation", "anno", "class", "classes", "lab", "colormask",
              "labelids", "msk")  # fmt: skip
"""Words that people put before or behind the name that an image and its mask share."""


class NamesAmbiguous(DatasetMissing):
    """An image may have more than one mask. The message has the lines that would say which."""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What stands before and behind the part of the names that an image and its mask share."""

    image_prefix: str = ""
    image_suffix: str = ""
    mask_prefix: str = ""
    mask_suffix: str = ""

    def shared(self, stem: str, kind: str) -> str | None:
        """The part of an `image`'s or a `mask`'s name that both have; None for other files."""
        prefix, suffix = getattr(self, f"{kind}_prefix"), getattr(self, f"{kind}_suffix")
        folder, slash, name = stem.rpartition("/")
        inside = name.startswith(prefix) and name.endswith(suffix)
        if not inside or len(name) <= len(prefix) + len(suffix):
            return None
        return folder + slash + name[len(prefix) : len(name) - len(suffix)]

    def whole(self, shared: str, kind: str) -> str:
        """The name, without ending, of the `image` or the `mask` with this shared part."""
        folder, slash, name = shared.rpartition("/")
        prefix, suffix = getattr(self, f"{kind}_prefix"), getattr(self, f"{kind}_suffix")
        return f"{folder}{slash}{prefix}{name}{suffix}"

    @property
    def tells(self) -> bool:
        """Whether it tells masks from images that lie in one folder."""
        mask = self.mask_prefix, self.mask_suffix
        return mask not in (("", ""), (self.image_prefix, self.image_suffix))

    def divided(self, stems: Iterable[str]) -> tuple[set[str], set[str]]:
        """The images and the masks of one folder; what could be either is a mask."""
        every = set(stems)
        masks = {stem for stem in every if self.shared(stem, "mask") is not None}
        return {stem for stem in every - masks if self.shared(stem, "image") is not None}, masks

    def pairs(self, images: Iterable[str], masks: Iterable[str]) -> set[str]:
        """The shared parts of which there is an image and a mask."""
        there = {self.shared(stem, "mask") for stem in masks}
        shared = {self.shared(stem, "image") for stem in images}
        return {part for part in shared & there if part is not None}

    def __str__(self) -> str:
        """Its lines for the class list, in one."""
        return ", ".join(f"`{key}: {text}`" for key, text in vars(self).items() if text)


SAME = Naming()
"""An image and its mask have the same name."""


def guessed(images: Collection[str], masks: Collection[str]) -> Naming:
    """How the masks of images are named, from the stems of both.

    Raises:
        NamesAmbiguous: several ways would make pairs of them.
    """
    if not set(images).isdisjoint(masks):
        return SAME
    ways = [
        _way(image, mask)
        for image, mask in product(_around(images, IMAGE_WORDS), _around(masks, MASK_WORDS))
    ]
    fitting = {way: found for way in ways if (found := way.pairs(images, masks))}
    whole = [way for way, found in fitting.items() if len(found) == len(images)]
    return _only(whole if len(whole) == 1 else list(fitting), fitting) or SAME


def guessed_together(stems: Collection[str]) -> Naming | None:
    """How images and masks that lie in one folder are named; None where no usual word tells them.

    Raises:
        NamesAmbiguous: several ways would make pairs of them.
    """
    fitting = {
        way: found
        for image, mask in product(_around(stems, IMAGE_WORDS), _around(stems, MASK_WORDS))
        if (way := _way(image, mask)).tells and (found := way.pairs(*way.divided(stems)))
    }
    whole = [way for way, found in fitting.items() if 2 * len(found) == len(stems)]
    return _only(whole if len(whole) == 1 else list(fitting), fitting)


def _way(image: tuple[str, str], mask: tuple[str, str]) -> Naming:
    """The naming with these prefixes and suffixes."""
    return Naming(
        image_prefix=image[0], image_suffix=image[1], mask_prefix=mask[0], mask_suffix=mask[1]
    )


def _only(ways: Sequence[Naming], pairs: Mapping[Naming, set[str]]) -> Naming | None:
    """The one way, if there is any. Raises `NamesAmbiguous` where there are several."""
    if len(ways) > 1:
        lines = " or ".join(map(str, ways))
        raise NamesAmbiguous(
            f"an image may have several masks, such as {min(pairs[ways[0]])}; say which are "
            f"meant, in classes.yaml: {lines}"
        )
    return ways[0] if ways else None


def _around(stems: Iterable[str], words: tuple[str, ...]) -> list[tuple[str, str]]:
    """What usual words stand before or behind some of the names; first nothing at all."""
    any_word = "|".join(sorted(words, key=len, reverse=True))
    before = re.compile(rf"(?:{any_word})[_\-. ]", re.IGNORECASE)
    behind = re.compile(rf"[_\-. ](?:{any_word})$", re.IGNORECASE)
    found = {("", "")}
    for name in (stem.rpartition("/")[2] for stem in stems):
        if match := before.match(name):
            found.add((match[0], ""))
        if match := behind.search(name):
            found.add(("", match[0]))
    return sorted(found)
