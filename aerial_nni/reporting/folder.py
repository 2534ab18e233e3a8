"""What a report reads: an experiment's folder and its trials' folders, nothing else.

The layout is described in `config.run_folder`. Every reader names the file it could not use.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from aerial_nni.config import run_folder
from aerial_nni.config.errors import UserError
from aerial_nni.config.run_folder_schema import Record, TrialRow
from aerial_nni.config.run_folder_versions import read_metrics, read_record
from aerial_nni.config.safe_reading import read_arrays
from aerial_nni.config.schema import fitted
from aerial_nni.config.trial_schema import ExampleFacts, Metrics
from aerial_nni.data.dataset import VOID
from aerial_nni.models.genotype import Genotype, read_genotype

Read = TypeVar("Read")

LABEL_LOSS = "train_loss/labels"
"""Column of a history: of a run with a teacher, the part of the loss that the masks make."""


class ResultUnusable(UserError):
    """A result folder lacks a file that a report needs, or the file is damaged."""


class NotTogether(UserError, ValueError):
    """These experiments have no one document. The message says which have."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One segmented validation patch: pictures, shape (h, w, 3) and twice (h, w), and its facts."""

    number: int
    image: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    facts: ExampleFacts


@dataclass(frozen=True)
class Trial:
    """A trial that reached its end, as it lies on the disk. Files are read when asked for."""

    folder: Path

    @cached_property
    def options(self) -> dict[str, Any]:
        """The trial's options, field name to value."""
        options: dict[str, Any] = _json(self._whole(run_folder.OPTIONS))
        return options

    @cached_property
    def metrics(self) -> Metrics:
        """Final scores, split, data, model, cost."""
        return _read(self.folder / run_folder.METRICS, read_metrics)

    @property
    def score(self) -> float:
        """Mean IoU of the epoch that was kept, NaN where there is none."""
        return math.nan if self.metrics.score is None else self.metrics.score

    def _whole(self, name: str) -> Path:
        """A file of the folder, which is what it was when metrics.json was written."""
        path = self.folder / name
        noted = self.metrics.files if (self.folder / run_folder.METRICS).is_file() else {}
        if name in noted:
            _read(path, lambda _: run_folder.check_digests(self.folder, {name: noted[name]}))
        return path

    @cached_property
    def history(self) -> dict[str, np.ndarray]:
        """Column name to its values, shape (epochs,); NaN where a class was absent."""
        path = self._whole(run_folder.HISTORY)
        rows = _read(path, run_folder.read_history)
        if not rows:
            raise ResultUnusable(f"{path} has no epoch in it; run the trial again")
        if (self.folder / run_folder.METRICS).is_file() and len(rows) < self.metrics.epochs_run:
            ran = self.metrics.epochs_run
            raise ResultUnusable(
                f"{path} is damaged: it has {len(rows)} of {ran} epochs; run the trial again"
            )
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}

    @cached_property
    def genotype(self) -> Genotype:
        """What an architecture search found."""
        path = self._whole(run_folder.GENOTYPE)
        return _read(path, lambda file: read_genotype(file.read_text(encoding="utf-8")))

    @property
    def label_loss(self) -> str:
        """Column of the training loss as it is validated: without what a teacher adds."""
        return LABEL_LOSS if LABEL_LOSS in self.history else "train_loss"

    @cached_property
    def curves(self) -> dict[str, np.ndarray]:
        """Precision and recall over thresholds: the arrays of curves.npz."""
        return _read(self._whole(run_folder.CURVES), read_arrays)

    @cached_property
    def examples(self) -> list[Example]:
        """The validation patches kept with the trial, in the order of their numbers."""
        examples = []
        for facts in _read(self._whole(run_folder.EXAMPLE_LIST), _listed):
            stem = f"{run_folder.EXAMPLES}/{facts.number:02d}"
            image, truth, predicted = (
                _read(self._whole(f"{stem}-{name}.png"), read)
                for name, read in (("image", _rgb), ("truth", _index), ("prediction", _index))
            )
            examples.append(
                Example(
                    number=facts.number,
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
        recorded = self.metrics.checkpoint
        path = self.folder / recorded.file
        if not path.is_file():
            raise ResultUnusable(f"{path} is missing; the report draws the network from it")
        found = run_folder.sha256(path)
        if found != recorded.sha256:
            raise ResultUnusable(
                f"{path} has the SHA-256 {found}, {run_folder.METRICS} records "
                f"{recorded.sha256}: these scores are not this checkpoint's; run the trial again"
            )
        return path

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of the confusion matrix."""
        return list(self.metrics.data.classes)

    @property
    def palette(self) -> list[tuple[int, int, int]]:
        """RGB 0..255 of each class."""
        return list(self.metrics.data.palette)

    @property
    def confusion(self) -> np.ndarray:
        """Pixel counts, shape (classes, classes): `[true, predicted]`."""
        return np.array(self.metrics.confusion, dtype=np.int64)

    def per_class(self, score: str) -> list[float]:
        """One score of each class, NaN where the class is absent."""
        rows = (self.metrics.per_class[name] for name in self.classes)
        return [float("nan") if row[score] is None else float(row[score]) for row in rows]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """An experiment with at least one trial that reached its end."""

    folder: Path
    record: Record
    """Of a trial that was run by hand one with its kind alone."""
    trials: tuple[Trial, ...]
    """The finished trials, in the order in which they were started."""
    best: Trial

    @property
    def id(self) -> str:
        """The experiment's id, or the folder's name for a trial that was run by hand."""
        return self.record.id

    @property
    def kind(self) -> str:
        """What was run: `baseline`, ...; of a trial that was run by hand, by its model."""
        return self.record.kind

    @property
    def by_hand(self) -> bool:
        """Whether it is a trial that was run by hand: no experiment recorded it."""
        return not self.record.trials

    @property
    def best_first(self) -> list[Trial]:
        """The finished trials, the best one in front."""
        return [self.best, *(trial for trial in self.trials if trial is not self.best)]


def one_of(experiments: Sequence[Experiment], what: str) -> Experiment:
    """The only one. Raises `NotTogether` where a document about `what` got several."""
    if len(experiments) > 1:
        raise NotTogether(f"the document of {what} is about one experiment; give one ID")
    return experiments[0]


def load_run(folder: Path | str) -> Experiment:
    """The experiment in `folder`, such as `runs/ID`, with its trials; see `read_experiment`."""
    return read_experiment(Path(folder))


def read_experiment(folder: Path) -> Experiment:
    """The experiment in `folder`; a trial's own folder counts as an experiment of one trial.

    Raises:
        ResultUnusable: when a file is missing or damaged, or no trial reached its end.
    """
    path = folder / run_folder.EXPERIMENT
    if not path.is_file() and (folder / run_folder.METRICS).is_file():
        return _by_hand(folder)
    record = _read(path, read_record)
    _read(path, lambda _: run_folder.check_digests(folder, record.digests))
    names = [row.folder for row in sorted(record.trials, key=_started) if row.folder]
    done = [name for name in names if (folder / name / run_folder.METRICS).is_file()]
    if not done:
        raise ResultUnusable(
            f"no trial of {folder} has a {run_folder.METRICS}: none reached its end, "
            f"state {record.state}, reason {record.reason!r}"
        )
    trials = {name: _read_trial(folder / name) for name in done}
    best = record.best.folder if record.best else None
    if best not in trials:
        best = max(trials, key=lambda name: trials[name].score)
    return Experiment(
        folder=folder, record=record, trials=tuple(trials.values()), best=trials[best]
    )


def _by_hand(folder: Path) -> Experiment:
    """The experiment that a trial's own folder counts as."""
    trial = _read_trial(folder)
    by_model = {"zoomout": "zoomout", "deeplab": "drone"}
    kind = by_model.get(str(trial.options.get("model")), "baseline")
    record = Record(id=folder.name, kind=kind, trials=[], state="")
    return Experiment(folder=folder, record=record, trials=(trial,), best=trial)


def _started(row: TrialRow) -> int:
    """Which trial it was, from 0."""
    return -1 if row.sequence is None else row.sequence


def _read_trial(folder: Path) -> Trial:
    """The trial in `folder`, whose small files are there and readable."""
    trial = Trial(folder)
    _ = trial.metrics, trial.options, trial.history
    return trial


def _listed(path: Path) -> list[ExampleFacts]:
    """The entries of an examples.json."""
    return fitted(list[ExampleFacts], run_folder.read_json(path), path)


def _json(path: Path) -> Any:
    return _read(path, run_folder.read_json)


def _read(path: Path, read: Callable[[Path], Read]) -> Read:
    """`read(path)`, with the file's name in whatever goes wrong."""
    if not path.is_file():
        raise ResultUnusable(f"{path} is missing; a result folder has it once its run has ended")
    try:
        return read(path)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever they stumble over in a damaged file
        said = str(error).removeprefix(f"{path}").lstrip(": ")
        raise ResultUnusable(f"{path} cannot be read: {said}") from error


@contextmanager
def usable(folders: Sequence[Path]) -> Iterator[None]:
    """Turns whatever a file causes in the block that is whole but lacks something, into an error.

    Raises:
        ResultUnusable: with the folders, and what was stumbled over.
    """
    try:
        yield
    except UserError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        names = ", ".join(map(str, folders))
        raise ResultUnusable(
            f"no document can be made of {names}: a file there lacks what it needs, or has it in "
            f"another form ({type(error).__name__}: {error}); it was changed, or an older version "
            "wrote it: run the experiment again"
        ) from error


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
