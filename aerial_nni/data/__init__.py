"""Datasets: what there is to learn from, and how it is found by name."""

import difflib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from aerial_nni.config.options import BadOption
from aerial_nni.data.dataset import Dataset, DatasetMissing


def open_dataset(name: str, data_dir: str = "") -> Dataset:
    """The dataset of this name, found in `data_dir`: a folder or a zip file; not needed for scenes.

    Where `data_dir` is empty, a folder of the dataset's name in `$AERIAL_DATA` is taken. A name may
    end in settings of this dataset alone: `xbd:border=2`.

    Raises:
        BadOption: there is no dataset of this name, or it has no such setting.
        DatasetMissing: it is not there; the message says what was looked for.
        ClassListInvalid: the `classes.yaml` of a folder cannot be used.
        ArchiveRefused: a zip file cannot be unpacked safely.
    """
    plain, _, text = name.partition(":")
    if plain not in DATASETS:
        near = difflib.get_close_matches(plain, DATASETS, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise BadOption(f"data={name!r} is not known; {meant}choose one of {', '.join(DATASETS)}")
    if plain == "torchgeo":
        return _open_torchgeo(data_dir, text)
    pairs = [part.partition("=") for part in text.split(",") if part]
    for key, _, value in pairs:
        if key not in SETTINGS.get(plain, ()) or not value:
            known = ", ".join(f"{plain}:{name}=VALUE" for name in SETTINGS.get(plain, ()))
            raise BadOption(f"data={name!r} is not understood; known: {known or plain}")
    try:
        return DATASETS[plain](data_dir, **{key: value for key, _, value in pairs})
    except DatasetMissing as error:
        raise type(error)(_as_given(str(error), data_dir)) from error


def _as_given(text: str, data_dir: str) -> str:
    """What is said of a dataset, with the zip file that was given instead of where it lies now."""
    place = Path(data_dir).expanduser()
    packed = place.is_file() and zipfile.is_zipfile(place)
    return text.replace(str(_place(data_dir)), str(place)) if packed else text


def _open_scenes(data_dir: str) -> Dataset:
    """The built-in scenes; `data_dir` does not matter."""
    from aerial_nni.data.datasets.scenes import open_scenes

    return open_scenes()


def _open_building_scenes(data_dir: str) -> Dataset:
    """The built-in building scenes; `data_dir` does not matter."""
    from aerial_nni.data.datasets.building_scenes import open_building_scenes

    return open_building_scenes()


def _open_buildings(data_dir: str) -> Dataset:
    """Map tiles with building footprints."""
    from aerial_nni.data.datasets.buildings import open_buildings

    return open_buildings(_found(data_dir, "buildings", hint=""))


def _open_xbd(data_dir: str, **settings: str) -> Dataset:
    """The building footprints of xView2."""
    from aerial_nni.data.datasets.xbd import SOURCE, open_xbd

    return open_xbd(_found(data_dir, "xbd", hint=f"get it from {SOURCE}, and "), **settings)


def _open_drone_scenes(data_dir: str) -> Dataset:
    """The built-in drone scenes; `data_dir` does not matter."""
    from aerial_nni.data.datasets.drone_scenes import open_drone_scenes

    return open_drone_scenes()


def _open_aeroscapes(data_dir: str) -> Dataset:
    """Frames of a drone's videos."""
    from aerial_nni.data.datasets.aeroscapes import SOURCE, open_aeroscapes

    return open_aeroscapes(_found(data_dir, "aeroscapes", hint=f"get it from {SOURCE}, and "))


def _open_dubai(data_dir: str) -> Dataset:
    """The Dubai imagery."""
    from aerial_nni.data.datasets.dubai import SOURCE, open_dubai

    return open_dubai(_found(data_dir, "dubai", hint=f"get it from {SOURCE}, and "))


def _open_folder(data_dir: str) -> Dataset:
    """A folder of one's own."""
    from aerial_nni.data.datasets.dubai import looks_like_dubai
    from aerial_nni.data.datasets.folder import open_folder

    place = _found(data_dir, "folder", hint="")
    given = Path(data_dir).expanduser()
    try:
        return open_folder(place, packed=given if given.is_file() else None)
    except DatasetMissing as error:
        if looks_like_dubai(place):
            raise DatasetMissing(
                f"{place} looks like the Dubai imagery; give --data dubai"
            ) from error
        raise


def _open_geo(data_dir: str) -> Dataset:
    """Scenes and vector labels of one's own."""
    from aerial_nni.data.datasets.geo.opening import open_geo

    return open_geo(_found(data_dir, "geo", hint="", file=(".yaml", ".yml")))


def _open_torchgeo(data_dir: str, name: str = "") -> Dataset:
    """A dataset of torchgeo, by the name of its class, and maybe settings of it."""
    from aerial_nni.data.datasets.from_torchgeo import open_torchgeo

    if not name:
        raise BadOption("data='torchgeo' needs a name, such as torchgeo:LoveDA")
    return open_torchgeo(_found(data_dir, name.partition(",")[0], hint=""), name)


def _found(data_dir: str, name: str, *, hint: str, file: tuple[str, ...] = ()) -> Path:
    """The folder that `data_dir` names, unpacked if it is a zip file.

    A file with one of the endings in `file` is taken as it is.
    """
    everything = os.environ.get("AERIAL_DATA")
    if file and data_dir.lower().endswith(file):
        return Path(data_dir).expanduser()
    if data_dir:
        return _place(data_dir)
    if everything and (Path(everything) / name).exists():
        return Path(everything) / name
    raise DatasetMissing(f"where is the dataset {name}? {hint}give its place with --data-dir")


def _place(data_dir: str) -> Path:
    """The folder that was given, or where the zip file that was given is unpacked."""
    from aerial_nni.data.pipeline.archive import unpacked

    return unpacked(Path(data_dir).expanduser())


DATASETS: dict[str, Callable[..., Dataset]] = {
    "scenes": _open_scenes,
    "dubai": _open_dubai,
    "folder": _open_folder,
    "geo": _open_geo,
    "torchgeo": _open_torchgeo,
    "building-scenes": _open_building_scenes,
    "buildings": _open_buildings,
    "xbd": _open_xbd,
    "drone-scenes": _open_drone_scenes,
    "aeroscapes": _open_aeroscapes,
}
"""How each dataset is opened from what `--data-dir` says. Its module is imported when used."""

SETTINGS = {"xbd": ("border",)}
"""Dataset -> names of what may stand behind its own: `xbd:border=2`."""
