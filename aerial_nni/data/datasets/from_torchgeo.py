"""Segmentation datasets of torchgeo, by the name of their class: `--data torchgeo:LoveDA`.

A class of torchgeo will do if it can be made of a folder and a split, names its `classes`, and
gives one image and one mask for each sample; `torchgeo_notes` says what some of them leave unsaid.
Its training split trains, and with `--split given` that of validation validates, or where that has
no masks, that of the test. Nothing is downloaded. Arguments of the class that are texts may follow
its name, several values with `+`: `torchgeo:CopernicusBenchDFC2020S2,bands=B04+B03+B02`.

Classes and their order are torchgeo's, without those that mean that nothing is known; these and
255 are void, and other values of a mask are an error. Pixels must be whole numbers, as those of
8-bit and 16-bit images are.
"""

import difflib
import hashlib
import inspect
import json
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.config.errors import is_memory, with_extra
from aerial_nni.config.options import BadOption
from aerial_nni.data.dataset import VOID, Dataset, DatasetMissing, Facts, Sample
from aerial_nni.data.datasets.torchgeo_notes import NOTES, NOTHING, Note
from aerial_nni.data.datasets.torchgeo_samples import first_image, read_sample
from aerial_nni.data.pipeline.class_labels import display
from aerial_nni.data.pipeline.hashing import file_digests

HELD = ("val", "test")
SOURCE = "https://torchgeo.readthedocs.io"
ABSENT = (AssertionError, LookupError, OSError, RuntimeError, ValueError)
"""What the classes raise, each in its own way, for a split or a file that is not there."""

OURS = ("root", "split", "transforms")
"""Arguments of a class that are not for users to give."""


def open_torchgeo(data_dir: Path, text: str) -> Dataset:
    """The dataset of torchgeo with this name, and maybe settings behind it, in `data_dir`.

    Raises:
        ExtraMissing: torchgeo is not installed.
        BadOption: it has no such class or setting, or one without image, mask and classes.
        DatasetMissing: the data is not there as that class wants it.
    """
    name, _, settings = text.partition(",")
    kind, note = _kind(name), NOTES.get(name, NOTHING)
    make = partial(kind, root=str(data_dir), **_arguments(kind, name, settings), **note.fixed)
    parts = _parts(make, name, note, data_dir)
    named = note.classes or tuple(map(str, parts["train"].classes))
    kept = [value for value in range(len(named)) if value not in note.void]
    lookup = np.full(VOID + 1, -1, np.int16)
    lookup[kept] = np.arange(len(kept))
    lookup[[*note.void, VOID]] = VOID
    image = first_image(parts["train"][0], name, note)
    samples = tuple(
        Sample(name=f"{split}/{number:06d}", area=split)
        for split, part in parts.items()
        for number in range(len(part))
    )
    return Dataset(
        facts=Facts(
            name=name,
            classes=tuple(named[value] for value in kept),
            palette=_palette(parts["train"], len(named), kept),
            bands=_bands(parts["train"], image.shape[2]),
            held_out="".join(f"{split}/" for split in parts if split != "train"),
            licence="see the dataset's own",
            source=SOURCE,
            description=f"{text}, as torchgeo reads it",
        ),
        samples=samples,
        read=partial(read_sample, parts=parts, note=note, lookup=lookup, depth=image.dtype),
        fingerprint=partial(_fingerprint, data_dir, text, samples),
    )


def _kind(name: str) -> Any:
    """The class of this name. Raises `BadOption`."""
    datasets = with_extra("torchgeo.datasets", "torchgeo")
    kind = getattr(datasets, name, None)
    known = [one for one in datasets.__all__ if _may(getattr(datasets, one), datasets)]
    if not isinstance(kind, type):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        meant = f"did you mean torchgeo:{near[0]}?" if near else f"it has {', '.join(known)}"
        raise BadOption(f"torchgeo has no dataset {name!r}; {meant}")
    if not _may(kind, datasets):
        raise BadOption(
            f"torchgeo's {name} does not say its classes and splits, so it cannot be segmented "
            f"by its name; these may: {', '.join(known)}"
        )
    return kind


def _may(kind: Any, datasets: Any) -> bool:
    """Whether a class of torchgeo gives samples of a split by number and says what they show."""
    if not isinstance(kind, type) or not issubclass(kind, datasets.NonGeoDataset):
        return False
    classes = getattr(kind, "classes", None)
    named = isinstance(classes, tuple | list) and 2 <= len(classes) < VOID
    return "split" in inspect.signature(kind).parameters and (named or kind.__name__ in NOTES)


def _arguments(kind: Any, name: str, settings: str) -> dict[str, str | list[str]]:
    """Arguments of the class by what stands behind its name. Raises `BadOption`."""
    fixed = NOTES.get(name, NOTHING).fixed
    parameters = inspect.signature(kind).parameters.values()
    types = {one.name: str(one.annotation) for one in parameters if one.name not in OURS}
    known = [one for one in types if "str" in types[one] or "Literal['" in types[one]]
    known = [one for one in known if one not in fixed]
    given: dict[str, str | list[str]] = {}
    for part in settings.split(",") if settings else ():
        key, _, value = part.partition("=")
        if key not in known or not value:
            may = ", ".join(f"torchgeo:{name},{one}=VALUE" for one in known)
            raise BadOption(f"torchgeo:{name} does not know {part!r}; known: {may or 'nothing'}")
        given[key] = value.split("+") if "[str]" in types[key] else value
    return given


def _parts(make: Any, name: str, note: Note, data_dir: Path) -> dict[str, Any]:
    """The training split, and the first other one that has masks. Raises `DatasetMissing`."""
    parts = {"train": _part(make, name, "train", data_dir)}
    for split in HELD:
        with suppress(DatasetMissing):
            part = _part(make, name, split, data_dir)
            if note.mask in part[0]:
                return {**parts, split: part}
    return parts


def _part(make: Any, name: str, split: str, data_dir: Path) -> Any:
    """A split with samples. Raises `DatasetMissing` with what torchgeo says."""
    errors = with_extra("torchgeo.datasets", "torchgeo")
    why = ""
    try:
        part = make(split=split)
        if len(part):
            part[0]
            return part
    except errors.DatasetNotFoundError:  # it advises to download
        pass
    except (*ABSENT, errors.DependencyNotFoundError) as error:
        if is_memory(error):
            raise
        why = f" ({type(error).__name__}: {str(error).partition(chr(10))[0]})"
    raise DatasetMissing(
        f"{data_dir} has no {'training' if split == 'train' else split} split as torchgeo's "
        f"{name} wants it{why}; {SOURCE} says how its folders are called"
    )


def _palette(part: Any, count: int, kept: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
    """The colours of its classes, where each has its own, or some."""
    found = getattr(part, "colormap", None) or getattr(part, "cmap", None)
    found = getattr(found, "colors", found)
    found = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(found, tuple | list) or len(found) != count:
        return tuple(display(len(kept), set()))
    colours = [_colour(found[value]) for value in kept]
    return tuple(colours if len(set(colours)) == len(kept) else display(len(kept), set()))


def _colour(given: Any) -> tuple[int, int, int]:
    """Red, green and blue of a colour's name, or of numbers from 0 to 255."""
    from matplotlib.colors import to_rgb

    r, g, b = (255 * x for x in to_rgb(given)) if isinstance(given, str) else given[:3]
    return round(r), round(g), round(b)


def _bands(part: Any, count: int) -> tuple[str, ...]:
    """Names of so many bands: those that the class was made with, if they are as many."""
    named = getattr(part, "bands", ())
    if isinstance(named, tuple | list) and len(named) == count:
        return tuple(map(str, named))
    return ("red", "green", "blue") if count == 3 else tuple(f"band{k + 1}" for k in range(count))


def _fingerprint(root: Path, text: str, samples: Sequence[Sample]) -> str:
    """Hex digest of every file in the folder."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    digests = file_digests(files, root)
    lines = [f"torchgeo 2 {text}", *(sample.name for sample in samples)]
    lines += [json.dumps([str(path.relative_to(root)), digests[path]]) for path in files]
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()
