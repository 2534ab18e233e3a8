"""Where the numbers of a document come from: folders, digests, versions, options, commands."""

import dataclasses
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aerial_nni.config.options import TrialOptions, flag
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.drone.options import COCO, IMAGENET, RANDOM
from aerial_nni.reporting.folder import Experiment, Trial
from aerial_nni.reporting.format import literal, rule_name, table

PLACES = {
    "data_dir": "DIR", "split": "", "teacher": "CHECKPOINT", "backbone_weights": "WEIGHTS"
}  # fmt: skip
"""Options that hold a path of the machine of the run, and what is printed in its place."""

NAMED = (COCO, IMAGENET, RANDOM)
"""Values of `backbone_weights` that are no path."""


def explain_sources(experiments: Sequence[Experiment]) -> str:
    """The chapter that traces every number to a file, in Markdown."""
    main = experiments[0].best
    parts = [
        "## 4. Where the numbers come from",
        "Text, tables and figures are written by `aerial_nni` from result folders alone: "
        "scores from `metrics.json`, curves from `history.csv` and `curves.npz`, pictures from "
        "`examples/`, the network from `checkpoint.safetensors`.",
        run_table(experiments),
        version_table(main),
        f"The commands{describe_places(commands(experiments))}:",
        "```\n" + "\n".join(commands(experiments)) + "\n```",
        "<details><summary>All options of the reported run</summary>\n\n"
        f"{option_table(main.options, main)}\n\n</details>",
    ]
    return "\n\n".join(parts)


def sources_chapter(
    sources: str,
    *,
    commands: Sequence[str],
    places: Mapping[str, str],
    runs: str,
    shown: Trial,
    name: str = "shown run",
    number: int = 4,
) -> str:
    """The chapter of an experiment with several kinds of runs that traces numbers to files.

    `sources` says which number is from which file; for `places` see `describe_places`; `runs` is
    the table of all runs. `shown` is called `name`.
    """
    listed = option_table(shown.options, shown)
    return "\n\n".join(
        [
            f"## {number}. Where the numbers come from",
            "Text, tables and figures are written by `aerial_nni` from result folders "
            f"alone: {sources}",
            version_table(shown),
            f"The commands{describe_places(commands, places)}:",
            "```\n" + "\n".join(commands) + "\n```",
            "<details><summary>All finished runs, with the digests of their checkpoints</summary>"
            f"\n\n{runs}\n\n</details>",
            f"<details><summary>All options of the {name}</summary>\n\n{listed}\n\n</details>",
        ]
    )


def describe_places(commands: Sequence[str], places: Mapping[str, str] | None = None) -> str:
    """In brackets what the capitals that occur in the commands stand for; nothing without any.

    `places` says it of those besides DIR.
    """
    words = {word for command in commands for word in command.split()}
    known = {"DIR": "the folder of the data", **(places or {})}
    said = ", ".join(f"{name} is {what}" for name, what in known.items() if name in words)
    return f" ({said})" if said else ""


def run_table(experiments: Sequence[Experiment]) -> str:
    """Every run with the digest of its checkpoint; the reported one is marked."""
    rows = []
    for experiment in experiments:
        record = experiment.record
        for trial in experiment.trials:
            split = trial.metrics["split"]
            reported = trial is experiments[0].best
            rows.append(
                [
                    f"`{experiment.id}`",
                    f"`{trial.folder.name}`{' (reported)' if reported else ''}",
                    rule_name(split["rule"], leaky=split["leaky"]),
                    str(trial.options["seed"]),
                    str(record.get("ended") or "–"),
                    f"`{trial.metrics['checkpoint']['sha256']}`",
                ]
            )
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


def version_table(trial: Trial) -> str:
    """Versions, machine and data of the reported run."""
    metrics = trial.metrics
    versions, cost, data = metrics["versions"], metrics["cost"], metrics["data"]
    rows = [[name, str(version)] for name, version in versions.items()]
    rows += [
        ["machine", cost["machine"]],
        ["device, precision", f"{cost['device']}, {cost['precision']}"],
        ["dataset", literal(data["name"])],
        ["fingerprint of the prepared data", f"`{data['fingerprint']}`"],
    ]
    return table(["what", "value"], rows, text_columns=2)


def commands(experiments: Sequence[Experiment]) -> list[str]:
    """The command of each experiment, and the one that writes this document."""
    lines = [command(experiment) for experiment in experiments]
    ids = " ".join(experiment.id for experiment in experiments)
    return [*lines, f"python -m aerial_nni.run report {ids}"]


def command(experiment: Experiment) -> str:
    """The command that runs an experiment again: its options that are not the defaults."""
    trial = experiment.best
    kind = SearchOptions if "search" in trial.options else TrialOptions
    split, seeds = trial.metrics["split"], [other.options["seed"] for other in experiment.trials]
    if experiment.record:
        words = ["python", "-m", "aerial_nni.run", experiment.kind]
        words += ["--seeds", *map(str, seeds)]
    else:
        module = "darts" if kind is SearchOptions else "baseline"
        words = ["python", "-m", f"aerial_nni.trials.{module}", "--seed", str(seeds[0])]
    # `baseline` has a default of its own for scenes.
    always = ("epochs",) if experiment.record and trial.options["data"] == "scenes" else ()
    options = option_words(trial.options, kind=kind, always=always)
    return shlex.join([*words, *split_words(split), *options])


def split_words(split: Mapping[str, Any]) -> list[str]:
    """The flags that make the split of a run."""
    seed = ["--split-seed", str(split["seed"])] if split["seed"] else []
    return ["--split", split["rule"], *seed]


def option_words(
    options: Mapping[str, Any],
    *,
    kind: type[TrialOptions] = TrialOptions,
    always: Sequence[str] = (),
    without: Collection[str] = (),
) -> list[str]:
    """The flags of all options of this kind that are not the defaults or in `always`.

    But for seed, split and what is in `without`.
    """
    words: list[str] = []
    for spec in dataclasses.fields(kind):
        value = options.get(spec.name, spec.default)  # an older run lacks newer options
        value = tuple(value) if isinstance(value, list) else value
        wanted = value != spec.default or spec.name in always
        if wanted and spec.name not in ("seed", "split", "split_seed", *without):
            words += flag(spec.name, _placed(spec.name, value))
    return words


def _placed(name: str, value: Any) -> Any:
    """The value of an option without a path of the machine of the run."""
    named = not value or (name == "backbone_weights" and value in NAMED)
    return value if named else PLACES.get(name, value)


def weights_digest(facts: Mapping[str, Any]) -> str:
    """What is said of the file of weights that a run began with; nothing where it had none."""
    digest = facts.get("weights", {}).get("sha256")
    return f" The weights it began with have the SHA-256 `{digest}`." if digest else ""


def option_table(options: Mapping[str, Any], trial: Trial) -> str:
    """Every option in a table, without paths of the machine."""
    shown = {key: _placed(key, value) for key, value in options.items()}
    shown |= {"split": trial.metrics["split"]["rule"], "split_seed": trial.metrics["split"]["seed"]}
    rows = [[f"`{key}`", f"`{_plain(value)}`"] for key, value in shown.items()]
    return table(["option", "value"], rows, text_columns=2)


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return "none" if value == "" else str(value)
