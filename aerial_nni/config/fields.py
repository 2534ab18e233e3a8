"""Fields of options: a default, a help text and what is allowed, checked when an object is made."""

import dataclasses
import math
import re
import reprlib
from dataclasses import field
from typing import Any

from aerial_nni.config.errors import UserError


class BadOption(UserError, ValueError):
    """An option has a value that cannot be used; the message says what is allowed."""


def option(
    default: Any,
    text: str,
    *,
    choices: tuple[str, ...] | None = None,
    low: float | None = None,
    high: float | None = None,
    builds: bool = True,
) -> Any:
    """A dataclass field with its help text and the values it allows (bounds are inclusive).

    `builds`: of the options of a network, whether it is built from this one.
    """
    metadata = {"help": text, "choices": choices, "low": low, "high": high, "builds": builds}
    return field(default=default, metadata=metadata)


def check_fields(options: Any) -> None:
    """Raises `BadOption` unless every option has its field's type and is in its range."""
    for spec in dataclasses.fields(options):
        if "help" in spec.metadata:
            check(spec, getattr(options, spec.name))


def check(spec: dataclasses.Field[Any], value: Any) -> None:
    """Raises `BadOption` unless `value` has the field's type and is in its range."""
    choices, low, high = (spec.metadata[key] for key in ("choices", "low", "high"))
    if not isinstance(value, type(spec.default)) or (
        isinstance(value, bool) and not isinstance(spec.default, bool)
    ):
        wanted, given = type(spec.default).__name__, type(value).__name__
        raise BadOption(f"{spec.name}={reprlib.repr(value)} is a {given}; give a {wanted}")
    if isinstance(value, tuple):
        for part in value:
            if not isinstance(part, str):
                problem = f"{spec.name} holds {reprlib.repr(part)}, a {type(part).__name__}"
                raise BadOption(f"{problem}; give texts")
    if choices is not None and value not in choices:
        raise BadOption(f"{spec.name}={value!r} is not known; choose one of {', '.join(choices)}")
    if low is not None and not value >= low:  # `not >=` also catches NaN
        raise BadOption(f"{spec.name}={value!r} is below {low:g}; give {low:g} or more")
    if high is not None and not value <= high:
        raise BadOption(f"{spec.name}={value!r} is above {high:g}; give {high:g} or less")
    if isinstance(value, float) and not math.isfinite(value):
        raise BadOption(f"{spec.name}={value!r} cannot be calculated with; give a finite number")


def parse_sum(
    text: str, known: tuple[str, ...], *, name: str, example: str
) -> list[tuple[float, str]]:
    """The factor and the name of each term of a sum of `known` names, the value of option `name`.

    Raises:
        BadOption: for an unknown name or a factor that is not a positive number.
    """
    terms = []
    for term in text.replace(" ", "").split("+"):
        match = re.fullmatch(r"(?:([0-9.]+(?:e-?[0-9]+)?)\*)?([a-z-]+)", term)
        if match is None or match[2] not in known:
            raise BadOption(
                f"{name}={text!r} has a term {term!r}; write names of {', '.join(known)} "
                f"joined by + with factors before them, such as {example}"
            )
        factor = float(match[1] or 1)
        if factor <= 0:
            raise BadOption(f"{name}={text!r} has the factor {factor:g}; factors are above 0")
        terms.append((factor, match[2]))
    return terms
