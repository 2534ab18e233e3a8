"""Datasets: what there is to learn from, and how it is found by name."""

import os
from collections.abc import Callable
from pathlib import Path

from aerial_nni.data.dataset import Dataset, DatasetMissing
from aerial_nni.options import BadOption


def open_dataset(name: str, data_dir: str = "") -> Dataset:
    """The dataset of this name, found in `data_dir`: a folder or a zip file; not needed for scenes.

    Where `data_dir` is empty, a folder of the dataset's name in `$AERIAL_DATA` is taken.

    Raises:
        BadOption: there is no dataset of this name.
        DatasetMissing: it is not there; the message says what was looked for.
        ClassListInvalid: the `classes.yaml` of a folder cannot be used.
        ArchiveRefused: a zip file cannot be unpacked safely.
    """
    if name not in DATASETS:
        raise BadOption(f"data={name!r} is not known; choose one of {', '.join(DATASETS)}")
    return DATASETS[name](data_dir)


def _open_scenes(data_dir: str) -> Dataset:
    """The built-in scenes; `data_dir` does not matter."""
    from aerial_nni.data.scenes import open_scenes

    return open_scenes()


def _open_dubai(data_dir: str) -> Dataset:
    """The Dubai imagery."""
    from aerial_nni.data.dubai import SOURCE, open_dubai

    return open_dubai(_found(data_dir, "dubai", hint=f"get it from {SOURCE}, and "))


def _open_folder(data_dir: str) -> Dataset:
    """A folder of one's own."""
    from aerial_nni.data.dubai import looks_like_dubai
    from aerial_nni.data.folder import open_folder

    place = _found(data_dir, "folder", hint="")
    try:
        return open_folder(place)
    except DatasetMissing as error:
        if looks_like_dubai(place):
            raise DatasetMissing(
                f"{place} looks like the Dubai imagery; give --data dubai"
            ) from error
        raise


def _found(data_dir: str, name: str, *, hint: str) -> Path:
    """The folder that `data_dir` names, unpacked if it is a zip file."""
    from aerial_nni.data.archive import unpacked

    everything = os.environ.get("AERIAL_DATA")
    if data_dir:
        return unpacked(Path(data_dir).expanduser())
    if everything and (Path(everything) / name).exists():
        return Path(everything) / name
    raise DatasetMissing(f"where is the dataset {name}? {hint}give its place with --data-dir")


DATASETS: dict[str, Callable[[str], Dataset]] = {
    "scenes": _open_scenes,
    "dubai": _open_dubai,
    "folder": _open_folder,
}
"""How each dataset is opened from what `--data-dir` says. Its module is imported when used."""
