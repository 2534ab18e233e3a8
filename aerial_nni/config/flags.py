"""Command-line flags made from the fields of a trial's options, shared by `run` and the trials."""

import argparse
import dataclasses
import difflib
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from aerial_nni.config.families import FAMILIES
from aerial_nni.config.options import (
    BadOption,
    Options,
    TrialOptions,
    default_of,
    families_with,
    general_fields,
    models,
    option_names,
)
from aerial_nni.config.resolution import Preset, Resolved, describe_default, resolve, shown


class Parser(argparse.ArgumentParser):
    """A parser that says of a word it does not know which known one is meant.

    It takes no beginnings of flags: what `--epoch` means today may be ambiguous tomorrow.
    """

    def __init__(self, *, example: str = "", **settings: Any) -> None:
        """`example` is a command that the help ends with."""
        if example:
            settings["epilog"] = f"example: {example}"
        super().__init__(allow_abbrev=False, **settings)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse has it, but nothing is left over in a parser without verbs."""
        words = list(sys.argv[1:] if args is None else args)
        verbs = next((a for a in self._actions if isinstance(a, argparse._SubParsersAction)), None)
        if verbs is not None:
            self._refuse([word for word in words[:1] if word[:1] != "-"], verbs.choices, "verb")
            return super().parse_known_args(words, namespace)
        before = words[: words.index("--")] if "--" in words else words
        flags = [word.partition("=")[0] for word in before if word.startswith("--")]
        # What has a space in it is the value of a flag.
        self._refuse([flag for flag in flags if " " not in flag], self._flags(), "flag")
        found, left = super().parse_known_args(words, namespace)
        if left:
            self.error(f"what is meant by {' '.join(left)}?")
        return found, left

    def _flags(self) -> list[str]:
        return [flag for action in self._actions for flag in action.option_strings]

    def _refuse(self, words: Iterable[str], known: Iterable[str], what: str) -> None:
        """Ends the program if one of `words` is not known."""
        known = list(known)
        for word in words:
            if word in known:
                continue
            longer = [other for other in known if other.startswith(word)]
            near = longer or difflib.get_close_matches(word, known, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            self.error(f"there is no {what} {word}{meant}")

    def error(self, message: str) -> NoReturn:
        """Ends the program with the message alone: a usage of eighty flags would hide it."""
        self.exit(2, f"error: {message}\nsee: {self.prog} --help\n")


def add_trial_flags(
    parser: argparse.ArgumentParser,
    options: type[TrialOptions] = TrialOptions,
    *,
    preset: Preset = lambda data: {},
    without: Collection[str] = (),
    texts: Mapping[str, str] = MappingProxyType({}),
    families: Collection[str] = (),
) -> None:
    """One flag per option of a trial, and `--options FILE` for many at once.

    Options `without` a flag are those that the verb itself decides; `texts` are help of those that
    mean something of their own in it. The options of each family of networks are a group; of all of
    them, unless some `families` are named.
    """
    data = options().data
    group = parser.add_argument_group("options of a trial")
    group.add_argument(
        "--options", type=Path, metavar="FILE", help="YAML file of options; flags go before it"
    )
    had = set(without)

    def add(group: argparse._ArgumentGroup, spec: dataclasses.Field[Any], more: str = "") -> None:
        had.add(spec.name)
        default = describe_default(spec.default, spec.name, preset, data)
        text = f"{texts.get(spec.name, spec.metadata['help'])} (default: {default}{more})"
        group.add_argument(
            "--" + spec.name.replace("_", "-"), help=text.replace("%", "%%"), **_settings(spec)
        )

    for spec in general_fields(options):
        if spec.name not in had:
            add(group, spec)
    offered = families or models()
    for model in offered:
        group = parser.add_argument_group(f"options of --model {model}")
        for spec in dataclasses.fields(FAMILIES[model].options):
            if spec.name not in had:
                add(group, spec, _of_others(spec, {*offered} - {model}))


def _of_others(spec: dataclasses.Field[Any], offered: Collection[str]) -> str:
    """What the help of an option says of the other models on offer that have one of that name."""
    others = [other for other in families_with(spec.name) if other in offered]
    return "".join(f"; {other}: {shown(default_of(other, spec.name))}" for other in others)


def _settings(spec: dataclasses.Field[Any]) -> dict[str, Any]:
    """How argparse reads the values of an option. A value that is not known is refused later."""
    settings: dict[str, Any] = {"default": argparse.SUPPRESS, "dest": spec.name}
    if isinstance(spec.default, bool):
        return {**settings, "action": argparse.BooleanOptionalAction}
    if isinstance(spec.default, tuple):
        return {**settings, "nargs": "*", "metavar": "NAME"}
    choices = models() if spec.name == "model" else spec.metadata["choices"]
    if len(families_with(spec.name)) > 1:
        choices = None  # each family has its own
    metavar = None if choices else type(spec.default).__name__.upper()
    return {**settings, "type": type(spec.default), "choices": choices, "metavar": metavar}


def flags_of(arguments: argparse.Namespace, kind: type[TrialOptions]) -> dict[str, Any]:
    """The options that were typed as flags. Raises `BadOption` for a genotype that is no file."""
    names = set(option_names(kind))
    given = {name: value for name, value in vars(arguments).items() if name in names}
    if (genotype := given.get("genotype", "")) and not genotype.lstrip().startswith("{"):
        given["genotype"] = _content(Path(genotype))
    return given


def resolve_flags(
    arguments: argparse.Namespace, kind: type[Options], preset: Preset | None = None
) -> Resolved[Options]:
    """The options that a command says, by its flags and its file, above the preset of its data."""
    return resolve(kind, preset=preset, file=arguments.options, flags=flags_of(arguments, kind))


def _content(path: Path) -> str:
    """A file's content on one line. Raises `BadOption`."""
    try:
        return " ".join(path.read_text(encoding="utf-8").split())
    except (OSError, ValueError) as error:
        raise BadOption(
            f"--genotype {path} cannot be read: {error}; give a genotype.json"
        ) from error
