"""Command-line flags made from the fields of a trial's options, shared by `run` and the trials."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from aerial_nni.options import Options, TrialOptions, changed, read_values


def add_trial_flags(
    parser: argparse.ArgumentParser, options: type[TrialOptions] = TrialOptions
) -> None:
    """One flag per option of a trial, and `--options FILE` for many at once."""
    group = parser.add_argument_group("options of a trial")
    group.add_argument(
        "--options", type=Path, metavar="FILE", help="YAML file of options; flags go before it"
    )
    for spec in dataclasses.fields(options):
        flag = "--" + spec.name.replace("_", "-")
        text = f"{spec.metadata['help']} (default: {_shown(spec.default)})".replace("%", "%%")
        settings: dict[str, Any] = {"default": argparse.SUPPRESS, "help": text, "dest": spec.name}
        if isinstance(spec.default, bool):
            settings["action"] = argparse.BooleanOptionalAction
        elif isinstance(spec.default, tuple):
            settings |= {"nargs": "*", "metavar": "NAME"}
        else:
            settings |= {"type": type(spec.default), "choices": spec.metadata["choices"]}
            if settings["choices"] is None:
                settings["metavar"] = type(spec.default).__name__.upper()
        group.add_argument(flag, **settings)


def _shown(default: Any) -> str:
    if default in ("", ()):
        return "none"
    return f"{default:g}" if isinstance(default, float) else str(default)


def is_given(arguments: argparse.Namespace, name: str) -> bool:
    """Whether an option was typed as a flag or stands in the file of `--options`."""
    if hasattr(arguments, name):
        return True
    return bool(arguments.options) and name in read_values(arguments.options)


def trial_options(arguments: argparse.Namespace, options: type[Options]) -> Options:
    """The options that the parsed flags give: defaults, then the file, then single flags."""
    base = changed(options(), read_values(arguments.options) if arguments.options else {})
    names = {spec.name for spec in dataclasses.fields(options)}
    given = {name: value for name, value in vars(arguments).items() if name in names}
    return changed(base, given)
