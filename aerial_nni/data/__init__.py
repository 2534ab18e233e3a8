"""Datasets: what there is to learn from, and how it is found by name."""

from collections.abc import Callable
from pathlib import Path

from aerial_nni.data.dataset import Dataset
from aerial_nni.options import BadOption


def _open_scenes(data_dir: str) -> Dataset:
    from aerial_nni.data.scenes import open_scenes

    return open_scenes()


def _open_dubai(data_dir: str) -> Dataset:
    from aerial_nni.data.dubai import open_dubai

    return open_dubai(Path(data_dir).expanduser())


DATASETS: dict[str, Callable[[str], Dataset]] = {
    "scenes": _open_scenes,
    "dubai": _open_dubai,
}
"""How each dataset is opened from what `--data-dir` says. A module is imported when it is used."""


def open_dataset(name: str, data_dir: str = "") -> Dataset:
    """The dataset of this name, found in `data_dir`: a folder or a zip file; "" for scenes.

    Raises:
        BadOption: there is no dataset of this name.
        DatasetMissing: it is not there; the message says what was looked for.
    """
    if name not in DATASETS:
        raise BadOption(f"data={name!r} is not known; choose one of {', '.join(DATASETS)}")
    return DATASETS[name](data_dir)
