"""What a report reads: an experiment's folder and its trials' folders, nothing else.

The layout is described in `aerial_nni.results`. Every reader names the file it could not use.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from aerial_nni import results
from aerial_nni.data.dataset import VOID
from aerial_nni.errors import Explained
from aerial_nni.models.genotype import Genotype, read_genotype

LABEL_LOSS = "train_loss/labels"
"""Column of a history: of a run with a teacher, the part of the loss that the masks make."""


class ResultUnusable(Explained):
    """A result folder lacks a file that a report needs, or the file is damaged."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One segmented validation patch: pictures, shape (h, w, 3) and twice (h, w), and its facts."""

    number: int
    image: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    facts: dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """A trial that reached its end, as it lies on the disk. Files are read when asked for."""

    folder: Path

    @cached_property
    def options(self) -> dict[str, Any]:
        """The trial's options, field name to value."""
        return _json(self.folder / results.OPTIONS)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Final scores, split, data, model, cost; see `aerial_nni.results`."""
        return _json(self.folder / results.METRICS)

    @cached_property
    def history(self) -> dict[str, np.ndarray]:
        """Column name to its values, shape (epochs,); NaN where a class was absent."""
        path = self.folder / results.HISTORY
        rows = _read(path, results.read_history)
        if not rows:
            raise ResultUnusable(f"{path} has no epoch in it; run the trial again")
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}

    @cached_property
    def genotype(self) -> Genotype:
        """What an architecture search found."""
        path = self.folder / results.GENOTYPE
        return _read(path, lambda file: read_genotype(file.read_text(encoding="utf-8")))

    @property
    def label_loss(self) -> str:
        """Column of the training loss as it is validated: without what a teacher adds."""
        return LABEL_LOSS if LABEL_LOSS in self.history else "train_loss"

    @cached_property
    def curves(self) -> dict[str, np.ndarray]:
        """Precision and recall over thresholds: the arrays of curves.npz."""
        with _read(self.folder / results.CURVES, np.load) as file:
            return {name: file[name] for name in file.files}

    @cached_property
    def examples(self) -> list[Example]:
        """The validation patches kept with the trial, in the order of their numbers."""
        folder = self.folder / results.EXAMPLES
        examples = []
        for facts in _json(self.folder / results.EXAMPLE_LIST):
            stem = folder / f"{facts['number']:02d}"
            image, truth, predicted = (
                _read(Path(f"{stem}-{name}.png"), read)
                for name, read in (("image", _rgb), ("truth", _index), ("prediction", _index))
            )
            examples.append(
                Example(
                    number=facts["number"],
                    image=image,
                    truth=truth,
                    predicted=predicted,
                    facts=facts,
                )
            )
        return examples

    @property
    def checkpoint(self) -> Path:
        """The checkpoint's file, which exists and has the digest that metrics.json records."""
        recorded = self.metrics["checkpoint"]
        path = self.folder / recorded["file"]
        if not path.is_file():
            raise ResultUnusable(f"{path} is missing; the report draws the network from it")
        found = results.sha256(path)
        if found != recorded["sha256"]:
            raise ResultUnusable(
                f"{path} has the SHA-256 {found}, {results.METRICS} records {recorded['sha256']}: "
                "these scores are not this checkpoint's; run the trial again"
            )
        return path

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of the confusion matrix."""
        return self.metrics["data"]["classes"]

    @property
    def palette(self) -> list[tuple[int, int, int]]:
        """RGB 0..255 of each class."""
        return [(int(r), int(g), int(b)) for r, g, b in self.metrics["data"]["palette"]]

    @property
    def confusion(self) -> np.ndarray:
        """Pixel counts, shape (classes, classes): [true][predicted]."""
        return np.array(self.metrics["confusion"], dtype=np.int64)

    def per_class(self, score: str) -> list[float]:
        """One score of each class, NaN where the class is absent."""
        rows = (self.metrics["per_class"][name] for name in self.classes)
        return [float("nan") if row[score] is None else float(row[score]) for row in rows]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """An experiment with at least one trial that reached its end."""

    folder: Path
    record: dict[str, Any]
    trials: tuple[Trial, ...]
    """The finished trials, in the order in which they were started."""
    best: Trial

    @property
    def id(self) -> str:
        """The experiment's id, or the folder's name for a trial that was run by hand."""
        return str(self.record.get("id", self.folder.name))

    @property
    def kind(self) -> str:
        """What was run: `baseline`, ...; of a trial that was run by hand, by its model."""
        by_model = {"zoomout": "zoomout", "deeplab": "drone"}.get(
            str(self.best.options.get("model")), "baseline"
        )
        return str(self.record.get("kind", by_model))

    @property
    def best_first(self) -> list[Trial]:
        """The finished trials, the best one in front."""
        return [self.best, *(trial for trial in self.trials if trial is not self.best)]


def one_of(experiments: Sequence[Experiment], what: str) -> Experiment:
    """The only one. Raises `ValueError` where a document about `what` got several."""
    if len(experiments) > 1:
        raise ValueError(f"the document of {what} is about one experiment; give one ID")
    return experiments[0]


def read_experiment(folder: Path) -> Experiment:
    """The experiment in `folder`; a trial's own folder counts as an experiment of one trial.

    Raises:
        ResultUnusable: when a file is missing or damaged, or no trial reached its end.
    """
    path = folder / results.EXPERIMENT
    if not path.is_file() and (folder / results.METRICS).is_file():
        trial = _read_trial(folder)
        return Experiment(folder=folder, record={}, trials=(trial,), best=trial)
    record = _json(path)
    names = [row["folder"] for row in sorted(record["trials"], key=_started) if row["folder"]]
    done = [name for name in names if (folder / name / results.METRICS).is_file()]
    if not done:
        raise ResultUnusable(
            f"no trial of {folder} has a {results.METRICS}: none reached its end, "
            f"state {record['state']}, reason {record['reason']!r}"
        )
    trials = {name: _read_trial(folder / name) for name in done}
    best = (record.get("best") or {}).get("folder")
    if best not in trials:
        best = max(trials, key=lambda name: trials[name].metrics["score"])
    return Experiment(
        folder=folder, record=record, trials=tuple(trials.values()), best=trials[best]
    )


def _started(row: dict[str, Any]) -> int:
    """Which trial it was, from 0."""
    return -1 if row["sequence"] is None else row["sequence"]


def _read_trial(folder: Path) -> Trial:
    """The trial in `folder`, whose small files are there and readable."""
    trial = Trial(folder)
    _ = trial.metrics, trial.options, trial.history
    return trial


def _json(path: Path) -> Any:
    return _read(path, results.read_json)


def _read(path: Path, read: Callable[[Path], Any]) -> Any:
    """`read(path)`, with the file's name in whatever goes wrong."""
    if not path.is_file():
        raise ResultUnusable(f"{path} is missing; a result folder has it once its run has ended")
    try:
        return read(path)
    except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
        raise ResultUnusable(f"{path} cannot be read: {error}") from error


def _rgb(path: Path) -> np.ndarray:
    """The picture of a file, shape (h, w, 3), uint8."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def _index(path: Path) -> np.ndarray:
    """The class indices of a palette picture, shape (h, w), `VOID` for void."""
    with Image.open(path) as picture:
        if picture.mode not in ("P", "L"):
            raise ValueError(f"its mode is {picture.mode}; it should hold indices 0..{VOID}")
        return np.asarray(picture)
