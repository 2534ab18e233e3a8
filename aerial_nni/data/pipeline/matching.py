"""Match images and masks by file name."""

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path, PurePath

from aerial_nni.data.dataset import DatasetMissing, Sample
from aerial_nni.data.pipeline.mask_names import (
    SAME,
    NamesAmbiguous,
    Naming,
    guessed,
    guessed_together,
)
from aerial_nni.rasters import ENDINGS

log = logging.getLogger(__name__)


def natural(name: str) -> list[tuple[int, int, str]]:
    """A sort key by which `Tile 2` comes before `Tile 10`."""
    return [
        (1, int(part), "") if part.isdecimal() else (0, 0, part.casefold())
        for part in re.split(r"(\d+)", name)
        if part
    ]


def match_pairs(
    images: Path,
    masks: Path,
    *,
    area: Callable[[str], str],
    prefix: str = "",
    naming: Naming | None = SAME,
) -> tuple[list[Sample], dict[str, str]]:
    """Samples of the pictures in `images` and `masks` that share a stem, and the others' problems.

    Both may be one folder, in which their names tell them. A sample's name is `prefix` and the
    image's stem; `area` gives its area from this name. Samples are in natural order. A stem has the
    sub-folders below `images` or `masks` before it. Hidden files and files that are no pictures are
    left out, and so are those that are not of the `naming`; with None it is guessed.

    Raises:
        NamesAmbiguous: it cannot be guessed.
    """
    found = {"image": _by_stem(images), "mask": _by_stem(masks)}
    if images == masks:
        naming = _telling(images, found["image"], naming)
        sides = naming.divided(found["image"])
        found = {
            kind: {stem: files[stem] for stem in own}
            for (kind, files), own in zip(found.items(), sides, strict=True)
        }
    naming = guessed(found["image"], found["mask"]) if naming is None else naming
    if naming != SAME:
        log.info("images and masks in %s are matched by %s", images.parent, naming)
        found = {kind: _by_shared(files, naming, kind) for kind, files in found.items()}
    samples, problems = [], {}
    for stem in sorted({*found["image"], *found["mask"]}, key=natural):
        here = {kind: files.get(stem, []) for kind, files in found.items()}
        name = prefix + naming.whole(stem, "image" if here["image"] else "mask")
        reason = _pair_problem(stem, here, naming, images=images, masks=masks)
        if reason:
            problems[name] = reason
        else:
            image, mask = here["image"][0], here["mask"][0]
            samples.append(Sample(name=name, area=area(name), image=image, mask=mask))
    return samples, problems


def holds_together(folder: Path) -> bool:
    """Whether images and masks lie side by side in a folder, told apart by their names."""
    if not folder.is_dir():
        return False
    files = (path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
    try:
        return guessed_together([path.stem for path in files if path.name[0] != "."]) is not None
    except NamesAmbiguous:  # it does, and which is which must be said
        return True


def _telling(folder: Path, stems: Collection[str], naming: Naming | None) -> Naming:
    """The naming by which the images and masks in one folder are told apart."""
    found = guessed_together(stems) if naming is None else naming
    if found is None or not found.tells:
        raise NamesAmbiguous(
            f"{folder} has images and masks side by side, and their names do not tell which is "
            "which; say it in classes.yaml, such as: `mask_suffix: _mask`"
        )
    return found


def _by_shared(files: Mapping[str, list[Path]], naming: Naming, kind: str) -> dict[str, list[Path]]:
    """The pictures by the part of their names that an image and its mask share."""
    shared: dict[str, list[Path]] = {}
    for stem, paths in files.items():
        if (common := naming.shared(stem, kind)) is not None:
            shared.setdefault(common, []).extend(paths)
    return shared


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    """The pictures under a folder by their path in it without ending."""
    stems: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in ENDINGS and not hidden(path.relative_to(folder)):
            stem = path.relative_to(folder).with_suffix("").as_posix()
            stems.setdefault(stem, []).append(path)
    return stems


def hidden(path: PurePath) -> bool:
    """Whether a file, or a folder that it lies in, is none that people see.

    Such are `.ipynb_checkpoints`, in which Jupyter keeps copies, and what a Mac leaves in archives.
    """
    return any(part.startswith(".") and part not in (".", "..") for part in path.parts) or (
        "__MACOSX" in path.parts
    )


def _pair_problem(
    stem: str, here: Mapping[str, list[Path]], naming: Naming, *, images: Path, masks: Path
) -> str:
    """Why the files of one stem are no pair, or an empty string."""
    for kind, files in here.items():
        if len(files) > 1:
            return f"{len(files)} {kind}s have this name: {', '.join(map(str, files))}; keep one"
    if not here["mask"]:
        wanted = naming.whole(stem, "mask")
        return f"no mask: {here['image'][0]} is there, but no picture {wanted}.* in {masks}"
    if not here["image"]:
        wanted = naming.whole(stem, "image")
        return f"no image: {here['mask'][0]} is there, but no picture {wanted}.* in {images}"
    return ""


def find_root(folder: Path, holds: Callable[[Path], bool], *, wanted: str) -> Path:
    """`folder`, or its only sub-folder, for which `holds` is true; `wanted` says what that means.

    Raises:
        DatasetMissing: there is none, or more than one.
    """
    if not folder.exists():
        raise DatasetMissing(f"{folder} does not exist; --data-dir must name {wanted}")
    if holds(folder):
        return folder
    below = [path for path in _folders(folder) if holds(path)]
    if len(below) == 1:
        return below[0]
    if below:
        names = ", ".join(str(path) for path in below)
        raise DatasetMissing(f"{folder} holds more than one dataset; give one of {names}")
    zips = sorted(folder.glob("*.zip")) if folder.is_dir() else []
    hint = f"; {zips[0]} may be it: try --data-dir '{zips[0]}'" if zips else ""
    raise DatasetMissing(f"{folder} is not {wanted}{hint}")


def _folders(folder: Path) -> Iterable[Path]:
    """Sub-folders that are not hidden."""
    if not folder.is_dir():
        return []
    return [
        path
        for path in sorted(folder.iterdir(), key=lambda path: natural(path.name))
        if path.is_dir() and not hidden(Path(path.name))
    ]
