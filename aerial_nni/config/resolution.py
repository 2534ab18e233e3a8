"""The value of each option and where it comes from: defaults, preset, file, flags, search.

    resolved = resolve(TrialOptions, preset=HPO.preset, flags={"width": 8})
    resolved.options.width, resolved.origins["width"]        # 8, "flag"

What comes later wins. Only the values that are left in the end must be allowed together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic

from aerial_nni.config.options import Options, as_dict, changed, of_model, read_values

DEFAULT, FLAG, SEARCH, RECIPE = "default", "flag", "search", "recipe"
"""Origins; the others are "preset of DATA" and "file PATH". What a recipe decides is of none."""

NOTHING: Mapping[str, Any] = MappingProxyType({})

Preset = Callable[[str], Mapping[str, Any]]
"""Name of the data -> the options that differ from the defaults where nothing else is said."""


@dataclass(frozen=True)
class Resolved(Generic[Options]):
    """Options, and where the value of each comes from."""

    options: Options
    origins: Mapping[str, str]


def resolve(
    kind: type[Options],
    *,
    preset: Preset | None = None,
    file: Path | None = None,
    flags: Mapping[str, Any] = NOTHING,
    search: Mapping[str, Any] = NOTHING,
) -> Resolved[Options]:
    """Options of this `kind`, with their origins: each layer goes above those before it.

    Raises:
        BadOption: a name is not known, or the values cannot be used.
    """
    written = read_values(file) if file else {}
    plain = kind()
    data = str({"data": plain.data, **written, **flags}["data"])
    layers = (
        (f"preset of {data}", preset(data) if preset else NOTHING),
        (f"file {file}", written),
        (FLAG, flags),
        (SEARCH, search),
    )
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        values |= layer
        origins |= dict.fromkeys(layer, origin)
    # A preset, and a search over models, speak of the options of all families.
    typed = {**written, **flags, **({} if "model" in search else search)}
    model = values.get("model", plain.model)
    meant = {k: v for k, v in values.items() if k in typed or of_model(kind, model, k)}
    options = changed(plain, meant)
    return Resolved(options, {name: origins.get(name, DEFAULT) for name in as_dict(options)})


def describe_default(default: Any, name: str, preset: Preset, tried: str) -> str:
    """What the help says of a default, and of that on the dataset where things are `tried`."""
    usual = shown(preset("").get(name, default))
    special = shown(preset(tried).get(name, default))
    return usual if special == usual else f"{usual}; {tried}: {special}"


def shown(value: Any) -> str:
    """A value as the help prints it."""
    if value in ("", ()):
        return "none"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
