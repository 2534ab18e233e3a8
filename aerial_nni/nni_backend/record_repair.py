"""A record made anew from what is left of an experiment."""

import dataclasses
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from aerial_nni.config import run_folder
from aerial_nni.config.errors import Damaged, UserError
from aerial_nni.config.options import BadOption, TrialOptions, read_values
from aerial_nni.config.run_folder_schema import Limits, TrialRow
from aerial_nni.config.safe_reading import SMALL
from aerial_nni.nni_backend import ranking, records
from aerial_nni.nni_backend.kind import PLAIN, Kinds
from aerial_nni.nni_backend.lifecycle import locked
from aerial_nni.nni_backend.records import NNI_DIRECTORY, Record

UNKNOWN = "unknown"
"""Kind of an experiment of which too little is left for a document."""

LIMITS: dict[str, Any] = {"concurrency": 1, "max_minutes": 1440.0, "max_failures": 3}
"""Of an experiment whose own are lost."""


class NothingLeft(UserError):
    """There is nothing that a record could be made from."""


def repair(runs: Path, experiment: str, kinds: Kinds) -> tuple[Record, str]:
    """The record of an experiment, made anew if it was damaged, and what was done.

    It is that of the copy, where there is one; else what options.yaml and the folders of the
    trials say, whose options tell which of the `kinds` it is. The damaged file stays there under
    another name.

    Raises:
        UnknownExperiment: there is no such experiment.
        ExperimentRunning: another process has it.
        NothingLeft: nothing of it can be read.
    """
    folder = records.find(runs.expanduser().resolve(), experiment)
    with locked(folder):
        return _repaired(folder, kinds)


def _repaired(folder: Path, kinds: Kinds) -> tuple[Record, str]:
    path, copy = folder / run_folder.EXPERIMENT, folder / run_folder.EXPERIMENT_COPY
    aside = path.with_name(path.name + run_folder.SET_ASIDE)
    try:
        return records.read_record(path), f"{path} is whole; nothing was done"
    except FileNotFoundError:
        kept = "it was missing"
    except OSError as error:
        raise NothingLeft(f"{path} cannot be read: {error.strerror}") from error
    except Damaged:
        kept = f"the damaged one is {aside}"
    try:
        record, source = records.read_record(copy), copy.name
        _look_again(record, folder, kinds)
    except (OSError, Damaged):
        record = _from_folders(folder, kinds)
        source = f"options.yaml and the folders of {folder}"
    if path.exists() and not path.is_file():
        path.replace(aside)
    elif path.exists():  # it stays where it is until there is room for the new one
        with run_folder.atomic(aside, private=True) as temporary:
            shutil.copyfile(path, temporary)
    record.save(folder)
    return record, f"{path} was made from {source}; {kept}"


def _look_again(record: Record, folder: Path, kinds: Kinds) -> None:
    """Brings scores up to date with the result folders."""
    for trial in record.trials:
        trial.score = ranking.score_of(folder / trial.id)
        trial.folder = trial.id if (folder / trial.id).is_dir() else None
    record.best = ranking.best_of(record.trials, folder, kinds.get(record.kind, PLAIN))


def _from_folders(folder: Path, kinds: Kinds) -> Record:
    """The record as far as the trials tell it."""
    trials = [one for path in sorted(folder.iterdir()) if (one := _trial(path)) is not None]
    options = _options(folder)
    own: list[dict[str, Any]] = [trial.parameters for trial in trials]
    if not options and own:
        options = dict(own[0])
    if not options:
        raise NothingLeft(
            f"neither {folder / run_folder.OPTIONS_FILE} nor an {run_folder.OPTIONS} of a trial in "
            "it can be read; start the experiment anew"
        )
    alike = all(_but_seed(one) == _but_seed(own[0]) for one in own)
    name = kind_of(options, kinds)
    plain = kinds[name].options is TrialOptions
    for trial in trials:
        trial.parameters = {k: v for k, v in trial.parameters.items() if options.get(k) != v}
    return Record(
        id=folder.name,
        # Which trials were controls or final ones, no folder tells.
        kind=name if plain and alike else UNKNOWN,
        name=f"{folder.name}, made from its folders",
        options=options,
        space={},
        limits=Limits(**LIMITS, trials=max(1, len(trials))),
        port=8080,
        url="http://127.0.0.1:8080",
        nni_directory=str(folder.parent / NNI_DIRECTORY),
        module=kinds[name].trial,
        state="STOPPED",
        reason="its record was made from its folders",
        created=records.now(),
        trials=trials,
        best=ranking.best_of(trials, folder),
    )


def kind_of(options: Collection[str], kinds: Kinds) -> str:
    """The first kind of whose own options some are among these, else the first of them all."""
    fields = {name: {one.name for one in dataclasses.fields(kinds[name].options)} for name in kinds}
    for name, own in fields.items():
        others = (fields[k] for k in kinds if kinds[k].options is not kinds[name].options)
        if {*options} & own.difference(*others):
            return name
    return next(iter(kinds))


def _options(folder: Path) -> dict[str, Any]:
    try:
        return read_values(folder / run_folder.OPTIONS_FILE)
    except BadOption:
        return {}


def _but_seed(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "seed"}


def _trial(folder: Path) -> TrialRow | None:
    """The trial in a folder, its parameters all of its options; None where there is none."""
    try:
        options = dict(run_folder.read_json(folder / run_folder.OPTIONS, largest=SMALL))
    except (OSError, TypeError, ValueError):
        return None
    score = ranking.score_of(folder)
    state = "SUCCEEDED" if ranking.is_good(folder) else records.CUT_OFF
    return TrialRow(id=folder.name, sequence=None, state=state, parameters=options, score=score,
                 folder=folder.name)  # fmt: skip
