"""A first `classes.yaml`, written from what the masks of a folder hold.

Whether they hold indices or colours is decided from the files: a picture of one band, or of grey
alone, holds indices; one of other colours holds colours; palettes hold indices where each index has
one colour of its own in all files. Nothing is guessed to be void.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aerial_nni.config.errors import UserError
from aerial_nni.config.run_folder import atomic
from aerial_nni.data.dataset import Facts
from aerial_nni.data.datasets.folder import WANTED, holds_pairs, places_of
from aerial_nni.data.pipeline.class_labels import MOST
from aerial_nni.data.pipeline.class_list import FILE
from aerial_nni.data.pipeline.image_reading import read_image
from aerial_nni.data.pipeline.mask_values import Held, colours_held, values_held
from aerial_nni.data.pipeline.masks import Colour, unpacked
from aerial_nni.data.pipeline.matching import find_root, match_pairs

USUAL = Facts.patch
"""Height and width of a patch unless something else is said."""

SHOWN = 5
"""Values that an error names."""


JOINED = {True: "[111, 112]", False: '["#E2A929", "#E2A92A"]'}
"""How several values of one class are written, for masks of indices and of colours."""


class NoDraft(UserError):
    """No draft was written. The message says why."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A class list that was written, and what is to be known of it."""

    path: Path
    index: bool
    classes: int
    unread: dict[str, str]
    """Masks that could not be read, by the samples' names, and why."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What all masks hold."""

    index: bool
    reason: str
    """Why they are taken for masks of indices, or of colours."""
    pixels: Counter[int]
    masks: Counter[int]
    """In how many masks a value is."""
    nodata: Counter[int]
    """Values that the files themselves call nothing."""
    palette: dict[int, Colour]


def write_draft(data_dir: Path) -> Draft:
    """Writes the draft beside the `images` and `masks` of `data_dir`, or of the folder in it.

    Raises:
        DatasetMissing: there are no images and masks.
        NoDraft: there is a class list already, or the masks hold nothing that it could list.
    """
    if data_dir.is_file():
        raise NoDraft(f"{data_dir} is a file; unpack it, since the draft is written beside `masks`")
    root = find_root(data_dir, holds_pairs, wanted=WANTED)
    path = root / FILE
    if path.exists():
        raise NoDraft(f"{path} is there already and stays as it is; rename it for a draft")
    samples, problems = match_pairs(*(places_of(root) or (root, root)), area=str, naming=None)
    if not samples:
        first = next(iter(problems.values()), "there are no pictures in it")
        raise NoDraft(f"{root} has no image with a mask: {first}")
    looked: dict[str, Held] = {}
    unread: dict[str, str] = {}
    for sample in samples:
        assert sample.mask is not None
        try:
            looked[sample.name] = values_held(sample.mask)
        except (OSError, ValueError) as error:
            unread[sample.name] = str(error)
    found = _found(list(looked.values()))
    _check(root, found, unread)
    text = "".join(f"{line}\n" for line in _lines(found, looked.values(), samples[0].image))
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        if path.exists():
            raise NoDraft(f"{path} has just been written by somebody else and stays as it is")
    return Draft(path=path, index=found.index, classes=len(found.pixels), unread=unread)


def _found(looked: list[Held]) -> _Found:
    """All masks together."""
    palette, clash = _one_palette(looked)
    coloured = [held for held in looked if held.coloured]
    index = not coloured and not clash
    if index:
        reason = "every picture is grey, or of one band"
        if palette:
            reason = "each index has one colour in all palettes"
    else:
        looked = [held if held.coloured else colours_held(held.path) for held in looked]
        reason = "pictures have other colours than grey" if coloured else clash
    pixels: Counter[int] = Counter()
    masks: Counter[int] = Counter()
    nodata: Counter[int] = Counter()
    for held in looked:
        pixels.update(held.pixels)
        masks.update(held.pixels.keys())
        nodata.update(held.nodata)
    for value in nodata:
        del pixels[value]
    return _Found(index=index, reason=reason, pixels=pixels, masks=masks, nodata=nodata,
                  palette=palette if index else {})  # fmt: skip


def _one_palette(looked: Iterable[Held]) -> tuple[dict[int, Colour], str]:
    """The colour of each index of all palettes; or why there are no such colours."""
    palette: dict[int, Colour] = {}
    for held in looked:
        for value, colour in held.palette.items():
            if palette.setdefault(value, colour) != colour:
                return (
                    {},
                    f"the index {value} has another colour in {held.path.name} than elsewhere",
                )
    if len(set(palette.values())) < len(palette):
        return {}, "two indices of the palettes have one colour"
    return palette, ""


def _check(root: Path, found: _Found, unread: dict[str, str]) -> None:
    """Raises `NoDraft` where a class list could not hold what was found."""
    what = "values" if found.index else "colours"
    if unread and not found.pixels:
        name, reason = next(iter(unread.items()))
        raise NoDraft(f"no mask in {root / 'masks'} can be read; the first, {name}: {reason}")
    if len(found.pixels) > MOST:
        often = found.pixels.most_common(SHOWN)
        most = ", ".join(f"{_value(value, found)} ({count:,}×)" for value, count in often)
        raise NoDraft(
            f"the masks in {root / 'masks'} hold {len(found.pixels):,} {what}, and classes can be "
            f"{MOST} at most; the most frequent: {most}"
        )
    if len(found.pixels) < 2:
        raise NoDraft(
            f"the masks in {root / 'masks'} hold {len(found.pixels)} of the {what} that could be "
            "classes; a model needs two or more to tell apart"
        )


def _lines(found: _Found, looked: Iterable[Held], image: Path | None) -> Iterator[str]:
    """The lines of the file."""
    yield "# A draft, from what the masks hold. Give each class its name. Move what belongs to no"
    yield "# class to `void`: none was guessed. Several values of one class stand in brackets:"
    yield f"# Water: {JOINED[found.index]}."
    rows = [(f"masks: {'index' if found.index else 'colour'}", found.reason), ("classes:", "")]
    everything = max(1, found.pixels.total() + found.nodata.total())
    ordered = sorted(found.pixels) if found.index else [v for v, _ in found.pixels.most_common()]
    for number, value in enumerate(ordered, start=1):
        count, masks = found.pixels[value], found.masks[value]
        seen = f"in {masks} mask{'s' * (masks != 1)}"
        share = f"{100 * count / everything:.2f} %"
        rows.append(
            (f"  class_{number}: {_value(value, found)}", f"{count:,} pixels, {share}, {seen}")
        )
    nothing = sorted(found.nodata)
    why = "values of no class, such as 255: list them here"
    if nothing:
        count = found.nodata.total()
        why = f"nothing by the files' own word: {count:,} pixels; a class if you list it there"
    rows.append((f"void: [{', '.join(_value(value, found, void=True) for value in nothing)}]", why))
    rows += _about_images(looked, image)
    width = max(len(text) for text, _ in rows)
    for text, comment in rows:
        yield f"{text:<{width}}  # {comment}" if comment else text


def _value(value: int, found: _Found, *, void: bool = False) -> str:
    """A value as the class list has it, for a class or for void."""
    if not found.index:
        return '"#{:02X}{:02X}{:02X}"'.format(*unpacked(value))
    if value in found.palette and not void:
        colour = "#{:02X}{:02X}{:02X}".format(*found.palette[value])
        return f'{{value: {value}, colour: "{colour}"}}'
    return str(value)


def _about_images(looked: Iterable[Held], image: Path | None) -> Iterator[tuple[str, str]]:
    """Lines on what the images are, where it is not usual, each with its comment."""
    side = max((min(held.shape) for held in looked), default=USUAL)
    if side < USUAL:
        yield f"patch: {side}", f"no mask is as large as the usual {USUAL}"
    try:
        bands = read_image(image)[0].shape[2] if image else 3
    except (OSError, ValueError):  # said of this image when the dataset is opened
        return
    if bands > 3:
        names = ["red", "green", "blue", *(f"band{k}" for k in range(4, bands + 1))]
        yield f"bands: [{', '.join(names)}]", "as many as the images have; name them"
