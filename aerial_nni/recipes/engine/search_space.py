"""Search spaces from files, checked against the options they vary before NNI starts."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import aerial_nni
from aerial_nni.config.errors import Damaged
from aerial_nni.config.options import (
    BadOption,
    Options,
    changed,
    families_with,
    option_fields,
    option_value,
)
from aerial_nni.config.safe_reading import read_plain
from aerial_nni.tuners.parameter import BadSpace, Parameter
from aerial_nni.tuners.space import Space

FOLDER = Path(aerial_nni.__file__).resolve().parents[1] / "search_spaces"
"""The search spaces that come with the project."""


def is_own(given: Path | None, usual: Path) -> bool:
    """Whether the file of a search space that was given, if any, is not the `usual` one."""
    return given is not None and given.resolve() != usual


NOT_SEARCHED = {
    "data": "it is the same for all trials: give --data",
    "data_dir": "it is the same for all trials: give --data-dir",
    "split": "trials on different splits cannot be compared",
    "split_seed": "trials on different splits cannot be compared",
    "val_fraction": "trials on different splits cannot be compared",
    "patch": "trials on different patches cannot be compared",
    "patch_width": "trials on different patches cannot be compared",
    "stride": "trials on different patches cannot be compared",
    "edge": "trials on different patches cannot be compared",
    "skip_bad": "it is the same for all trials: give --skip-bad",
    "void_classes": "trials of different classes cannot be compared",
    "epochs": "a longer trial scores higher: give --epochs",
    "seed": "a lucky seed is not a better configuration; the best is retrained over seeds",
    "device": "it is the same for all trials: give --device",
    "search": "the search decides it",
    "model": "give --model, or darts to search an architecture",
    "genotype": "darts searches it",
    "backbone_weights": "it is the same for all trials: give --backbone-weights",
    "find_lr": "it changes no score: give --find-lr",
    "recompute": "it changes no score: give --recompute",
    "superpixel": "the final trials compare pixels with superpixels: give --superpixel",
    "teacher": "it is the same for all trials: give --teacher",
    "teacher_cache": "it changes no score: give --teacher-cache or --no-teacher-cache",
}
"""Options that a search must leave alone -> why, and what to do instead."""


FEW = 200
"""The first values of a parameter that are looked at one by one."""


def load_space(
    path: Path, options: Options, *, refused: Mapping[str, str] = NOT_SEARCHED
) -> dict[str, Any]:
    """NNI's search space of a YAML or JSON file; every value in it is one that a trial takes.

    What is `refused` may not be in it: option -> why, and what to do instead. Where it varies the
    model, an option of one of the families is in force in the trials of that family alone. What a
    file of the project varies of other families than the options' is left out.

    Raises:
        BadSpace: with the parameter, what is wrong with it, and what to write.
    """
    try:
        values = read_plain(path)
    except FileNotFoundError:
        known = ", ".join(str(file) for file in sorted(FOLDER.glob("*.yaml")))
        hint = f"those that come with the project: {known}"
        if not known:
            hint = "the project's own come with its source: python -m pip install -e FOLDER"
        raise BadSpace(f"there is no {path}; {hint}") from None
    except (OSError, Damaged) as error:
        raise BadSpace(f"{path} cannot be read: {error}") from error
    if not isinstance(values, Mapping):
        raise BadSpace(f"{path} holds no search space; write `name: {{_type: …, _value: […]}}`")
    try:
        values = _of_its_models(path, values, options)
        variants = _variants(values, options, refused)
        for parameter in Space.parse(values).parameters:
            _check(parameter, variants, refused)
    except BadSpace as error:
        raise BadSpace(f"{path}: {error}") from error
    return values


def _of_its_models(path: Path, values: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The space, of a file of the project without what the model does not have."""
    own = {spec.name for spec in option_fields(options)}
    if path.resolve().parent != FOLDER or "model" in values:
        return dict(values)
    return {name: one for name, one in values.items() if name in own or not families_with(name)}


def _variants(
    values: Mapping[str, Any], options: Options, refused: Mapping[str, str]
) -> list[Options]:
    """The options with each model that trials may have. Raises `BadSpace`."""
    if "model" not in values or "model" in refused:
        return [options]
    try:
        return [
            changed(options, {"model": model})
            for model in Space.parse({"model": values["model"]}).parameters[0].values
        ]
    except BadOption as error:
        raise BadSpace(str(error)) from error


def without_given(
    space: Mapping[str, Any], options: Options, given: Collection[str], *, empty: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The space without what is given as an option, and those options with their values.

    Raises:
        BadOption: nothing is left, and the space may not be `empty`.
    """
    fixed = {name: option_value(options, name) for name in space if name in given}
    left = {name: one for name, one in space.items() if name not in fixed}
    if not left and not empty:
        flags = ", ".join("--" + name.replace("_", "-") for name in fixed)
        raise BadOption(
            f"all that would be searched is given: {flags}; leave one out, or search other options "
            "with --search-space FILE"
        )
    return left, fixed


def _check(parameter: Parameter, variants: Sequence[Options], refused: Mapping[str, str]) -> None:
    name = parameter.name
    all_names = [spec.name for options in variants for spec in option_fields(options)]
    known = [name for name in all_names if name not in refused]
    if name in all_names and name in refused:
        raise BadSpace(f"{name} cannot be searched: {refused[name]}")
    if name not in known and (others := families_with(name)):
        raise BadSpace(
            f"{name} is an option of {' and '.join(others)}, not of {variants[0].model}; leave it "
            f"out, or give --model {others[0]}"
        )
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
        raise BadSpace(f"{name} is not an option of a trial; {hint}")
    places = {parameter.at(unit) for unit in (0.0, 0.5, 1.0)}
    for place in sorted(places.union(range(min(parameter.levels or 0, FEW)))):
        value = parameter.value(place)
        for options in variants:
            if name not in [spec.name for spec in option_fields(options)]:
                continue
            try:
                changed(options, {name: value})
            except BadOption as error:
                raise BadSpace(str(error)) from error


def missing_from(space: Mapping[str, Any], full: Mapping[str, Any]) -> list[str]:
    """What `full` holds that `space` does not: parameters, values and ranges, in words."""
    missing = []
    for wide in Space.parse(full).parameters:
        if wide.name not in space:
            missing.append(f"{wide.name} is not searched")
            continue
        own = Space.parse({wide.name: space[wide.name]}).parameters[0]
        if wide.values:
            lost = [value for value in wide.values if not own.has(value)]
            if lost:
                missing.append(f"{wide.name} is never {' or '.join(map(str, lost))}")
        elif not own.values and (own.low > wide.low or own.high < wide.high):
            missing.append(f"{wide.name} is within [{own.low:g}, {own.high:g}] only")
        elif own.values:
            missing.append(f"{wide.name} is one of {list(own.values)} only")
    return missing
