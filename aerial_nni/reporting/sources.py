"""Where the numbers of a document come from: folders, digests, versions, options, commands."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from aerial_nni.reporting.folder import Experiment, Trial
from aerial_nni.reporting.format import join_and, literal, rule_name, table

PLACES = {
    "--data-dir": ("DIR", "the folder of the data"),
    "--teacher": ("CHECKPOINT", "a teacher's"),
    "--backbone-weights": ("WEIGHTS", "a file with those it began with"),
    "--search-space": ("FILE", "a file with the search space"),
    "--split": ("SPLIT", "a file with the split"),
}
"""Flags that may be followed by a path of the machine of the run -> what is printed for it."""

OTHER = ("PATH", "another path")
"""The same for a path after any other word."""

PATHS = {flag.removeprefix("--").replace("-", "_"): flag for flag in PLACES}
"""Options that may hold such a path."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What `sources.md.j2` says: every run with its digest, and how all of it was made."""

    chapter: int
    experiments: tuple[Experiment, ...]
    shown: Trial
    runs: str
    """A table of the runs with the digests of their checkpoints."""
    name: str = "shown run"
    more: tuple[str, ...] = ()
    """Commands that belong to what the document shows, beside the recorded ones."""
    folded: bool = True
    """Whether the table of the runs is hidden until it is asked for."""

    @property
    def commands(self) -> list[str]:
        """The recorded commands, and the one that writes the document again."""
        known = [line for one in self.experiments if (line := typed_command(one.record))]
        ids = " ".join(one.id for one in self.experiments)
        return [*known, f"python -m aerial_nni.run report {ids}", *self.more]

    @property
    def places(self) -> str:
        """In brackets what the capitals in the commands stand for."""
        return describe_places(self.commands)

    @property
    def unrecorded(self) -> str:
        """The experiments of which no command was recorded."""
        missing = [f"`{one.id}`" for one in self.experiments if not typed_command(one.record)]
        return join_and(missing)

    @property
    def versions(self) -> list[list[str]]:
        """Versions, machine and data of the shown run."""
        metrics = self.shown.metrics
        versions, cost, data = metrics["versions"], metrics["cost"], metrics["data"]
        return [
            *([name, str(version)] for name, version in versions.items()),
            ["machine", cost["machine"]],
            ["device, precision", f"{cost['device']}, {cost['precision']}"],
            ["dataset", literal(data["name"])],
            ["fingerprint of the prepared data", f"`{data['fingerprint']}`"],
        ]

    @property
    def options(self) -> list[list[str]]:
        """Every option of the shown run, without paths of the machine."""
        split = self.shown.metrics["split"]
        shown = {name: _placed(name, value) for name, value in self.shown.options.items()}
        shown |= {"split": split["rule"], "split_seed": split["seed"]}
        return [[f"`{name}`", f"`{_plain(value)}`"] for name, value in shown.items()]


def typed_command(record: Mapping[str, Any]) -> str:
    """The command that launched an experiment, without paths of its machine; "" if unknown."""
    printed, before = [], ""
    for word in shlex.split(record.get("command_line") or ""):
        flag, sign, value = word.partition("=") if word.startswith("--") else (before, "", word)
        place = _place(flag) if _is_path(value) else value
        printed.append(f"{flag}={place}" if sign else place if word == value else word)
        before = word
    return shlex.join(printed)


def describe_places(commands: Sequence[str]) -> str:
    """In brackets what the capitals that occur in the commands stand for; nothing without any."""
    words = {word for command in commands for word in command.split()}
    said = ", ".join(
        f"{name} is {what}" for name, what in (*PLACES.values(), OTHER) if name in words
    )
    return f" ({said})" if said else ""


def run_table(experiments: Sequence[Experiment]) -> str:
    """Every run of several experiments with the digest of its checkpoint; the best is marked."""
    rows = [
        [
            f"`{experiment.id}`",
            f"`{trial.folder.name}`{' (reported)' if trial is experiments[0].best else ''}",
            rule_name(trial.metrics["split"]["rule"], leaky=trial.metrics["split"]["leaky"]),
            str(trial.options["seed"]),
            str(experiment.record.get("ended") or "–"),
            f"`{trial.metrics['checkpoint']['sha256']}`",
        ]
        for experiment in experiments
        for trial in experiment.trials
    ]
    header = ["experiment", "trial", "split", "seed", "ended", "SHA-256 of the checkpoint"]
    return table(header, rows, text_columns=6)


def digest_table(experiment: Experiment, runs: Sequence[tuple[str, Trial]], shown: Trial) -> str:
    """(purpose, run) of one experiment with the digests of their checkpoints."""
    rows = [
        [
            f"`{experiment.id}/{run.folder.name}`"
            + (" (shown)" if run.folder == shown.folder else ""),
            purpose,
            str(run.options["seed"]),
            f"`{run.metrics['checkpoint']['sha256']}`",
        ]
        for purpose, run in runs
    ]
    header = ["result folder", "what it was for", "seed", "SHA-256 of the checkpoint"]
    return table(header, rows, text_columns=4)


def _is_path(word: str) -> bool:
    """Whether a word of a command is a path: it has a folder in front, or may be one by itself."""
    return len(PurePath(word).parts) > 1 or word.startswith(("/", "~", "."))


def _place(flag: str) -> str:
    """What is printed for a path after a flag."""
    return PLACES.get(flag, OTHER)[0]


def _placed(name: str, value: Any) -> Any:
    """The value of an option, without a path of the machine of the run."""
    return PLACES[PATHS[name]][0] if name in PATHS and _is_path(str(value)) else value


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return "none" if value == "" else str(value)
