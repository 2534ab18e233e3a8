"""Definition of an experiment before it runs, and the NNI configuration made from it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from aerial_nni.config.errors import Damaged, UserError
from aerial_nni.config.options import TrialOptions
from aerial_nni.config.run_folder import OPTIONS_FILE as OPTIONS_FILE
from aerial_nni.config.run_folder_schema import Limits
from aerial_nni.config.safe_reading import read_plain
from aerial_nni.config.schema import Name, fitted
from aerial_nni.nni_backend.platforms import PLATFORMS, platform_of, python_on, share_gpus
from aerial_nni.nni_backend.records import NNI_DIRECTORY
from aerial_nni.nni_backend.workload import Part

if TYPE_CHECKING:
    from nni.experiment import ExperimentConfig

OURS = {
    "maxtrialnumber": "give --trials or, for a baseline, --seeds",
    "trialcommand": "the trial is chosen by the sub-command",
    "trialcodedirectory": "trials run the installed package",
    "experimentworkingdirectory": "give --runs DIR",
    "searchspace": "the search space is chosen by the sub-command",
    "searchspacefile": "the search space is chosen by the sub-command",
    "tuner": "the tuner is chosen by the sub-command",
    "assessor": "the assessor is chosen by the sub-command",
    "advisor": "the tuner is chosen by the sub-command",
    "useannotation": "leave it out",
    "experimenttype": "leave it out",
}
"""Keys of NNI's configuration format that a --config file must leave to us -> what to do."""


LONGEST = 24 * 60.0
"""Minutes that an experiment may take where nothing else is said."""

WEEK = 7 * 24 * 3600
"""Seconds that a trial may take where nothing else is said."""


class BadConfig(UserError, ValueError):
    """A --config file cannot be used; the message says which key, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """An experiment: its trial, what varies between trials, and who chooses.

    `tuner` is NNI's tuner configuration: {"name": ...} or {"class_name": ..., "class_args": ...}.
    """

    kind: str
    name: str
    options: TrialOptions
    space: Mapping[str, Any]
    tuner: Mapping[str, Any]
    trials: int
    module: str
    """The trial's module, run with `python -m`."""
    assessor: Mapping[str, Any] | None = None
    """NNI's assessor configuration: {"name" or "class_name": ..., "class_args": ...}."""
    space_file: Path | None = None
    """The file that the search space was read from: its comments are part of the document."""
    concurrency: int = 1
    """Trials at once where nothing else is said."""
    method: Mapping[str, Any] = field(default_factory=dict)
    """What the record keeps of the way in which configurations are chosen."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where the value of each option comes from, by its name, for the record."""
    work: Sequence[Part] = ()
    """What is trained, for an estimate of the time that it takes; without it there is none."""


def read_config(path: Path | None) -> dict[str, Any]:
    """The content of a configuration file in NNI's own format; {} without one.

    Raises:
        BadConfig: there is no such file, or it holds what is not ours to take from it.
    """
    if path is None:
        return {}
    try:
        values = read_plain(path) or {}
    except (OSError, Damaged) as error:
        raise BadConfig(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise BadConfig(f"{path} holds a {type(values).__name__}; write `key: value` lines")
    for key in values:
        if hint := OURS.get(plain(str(key))):
            raise BadConfig(f"{path}: {key} cannot be set here; {hint}")
        if plain(str(key)) == "experimentname" and values[key]:
            try:
                fitted(Annotated[str, Name()], values[key], path, str(key))  # type: ignore[arg-type]
            except Damaged as error:
                raise BadConfig(f"{error}; give another, or leave it out") from error
    service = values.get("trainingService") or {}
    platform = service.get("platform", "local") if isinstance(service, dict) else service
    if platform not in list(PLATFORMS):
        known = ", ".join(PLATFORMS)
        raise BadConfig(f"{path}: platform {platform!r} is not supported; use one of {known}")
    return values


def limits_of(
    definition: Definition,
    file: Mapping[str, Any],
    *,
    concurrency: int | None = None,
    max_minutes: float | None = None,
) -> Limits:
    """The limits of the experiment: what was typed, else what the file says, else our own."""
    from nni.experiment.config.utils import parse_time

    given = {plain(key): value for key, value in file.items()}
    if max_minutes is None:
        duration = given.get("maxexperimentduration")
        max_minutes = LONGEST if duration is None else parse_time(duration) / 60
    return Limits(
        trials=definition.trials,
        concurrency=concurrency or int(given.get("trialconcurrency") or definition.concurrency),
        max_minutes=max_minutes,
    )


def command_of(definition: Definition, folder: Path, *, platform: str = "local") -> list[str]:
    """The command of every trial of the experiment in `folder`."""
    where = ["--options", str(folder / OPTIONS_FILE), "--experiment", str(folder)]
    return [python_on(platform), "-m", definition.module, *where]


def nni_config(
    definition: Definition, limits: Limits, file: Mapping[str, Any], *, folder: Path
) -> "ExperimentConfig":
    """NNI's configuration of the experiment in `folder`; the file's keys are kept.

    Raises:
        BadConfig: NNI does not accept it.
    """
    from nni.experiment import ExperimentConfig

    nni_directory = folder.parent / NNI_DIRECTORY
    code = code_folder(nni_directory)
    try:
        config = ExperimentConfig(**{"trainingService": {"platform": "local"}, **file})
    except (AttributeError, TypeError, ValueError) as error:
        raise BadConfig(f"NNI does not accept the configuration: {error}") from error
    config.experiment_name = config.experiment_name or definition.name
    command = command_of(definition, folder, platform=platform_of(config))
    config.trial_command = shlex.join(command)
    config.trial_code_directory = code
    config.experiment_working_directory = nni_directory
    config.search_space = dict(definition.space)
    config.tuner = _algorithm(definition.tuner, code)
    if definition.assessor is not None:
        config.assessor = _algorithm(definition.assessor, code)
    config.trial_concurrency = limits.concurrency
    config.max_trial_number = limits.trials
    seconds = max(1, round(limits.max_minutes * 60))
    config.max_experiment_duration = f"{seconds}s"
    # The watch ends the experiment at its limit so that `resume` can go on with the trial that
    # runs; NNI would book that trial as ended.
    config.max_trial_duration = config.max_trial_duration or f"{max(WEEK, 2 * seconds)}s"
    share_gpus(config)
    try:
        config.validate()
    except (AssertionError, TypeError, ValueError) as error:
        raise BadConfig(f"NNI does not accept the configuration: {error}") from error
    return config


def _algorithm(given: Mapping[str, Any], code: Path) -> Any:
    """A tuner or an assessor as NNI's configuration has it."""
    from nni.experiment import AlgorithmConfig, CustomAlgorithmConfig

    if "class_name" in given:
        return CustomAlgorithmConfig(code_directory=code, **given)
    return AlgorithmConfig(**given)


def code_folder(nni_directory: Path) -> Path:
    """The folder in which trials start, and which NNI sends to other machines; it is there then."""
    code = nni_directory / "code"
    code.mkdir(parents=True, exist_ok=True)
    # NNI cannot send an empty folder.
    (code / "README").write_text("Trials start here. Their code is the installed package.\n")
    return code


def plain(key: str) -> str:
    """A configuration key as NNI compares it: without underscores, in lower case."""
    return key.replace("_", "").lower()
