"""Every option of a trial: general ones in one frozen dataclass, those of its network in another.

Outside they are one flat mapping whose keys are the search-space keys: a trial is
`changed(options, nni.get_next_parameter())`, which gives each to whom it belongs, and a misspelt
key fails at once. The command line's flags are made from these fields (`aerial_nni.run`), so a new
option is a new line here, or in its family's file.
"""

import dataclasses
import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aerial_nni.config.errors import Damaged
from aerial_nni.config.families import FAMILIES
from aerial_nni.config.families.family import NetworkOptions
from aerial_nni.config.fields import BadOption as BadOption
from aerial_nni.config.fields import check_fields
from aerial_nni.config.fields import option as option
from aerial_nni.config.fields import parse_sum as parse_sum
from aerial_nni.config.safe_reading import read_plain

BUILT_IN = ("scenes", "building-scenes", "drone-scenes")
"""Datasets that need no files, on which everything is tried."""

SPLITS = ("image", "tile", "stratified", "blocks", "given", "patch")
EDGES = ("cut", "pad", "shift")

LOSS_TERMS = ("ce", "dice", "log-dice", "focal", "tversky", "lovasz", "reference")
CLASS_WEIGHTS = ("none", "inverse", "median-frequency", "root-frequency")
OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("one-cycle", "cosine", "poly", "constant", "step")
PRECISIONS = ("auto", "bf16", "fp16", "fp32")


def models() -> tuple[str, ...]:
    """The names that `--model` takes."""
    return tuple(name for name, family in FAMILIES.items() if family.trained_alone)


def is_rule(split: str) -> bool:
    """Whether the option `split` is a rule, with its settings or without, and no file."""
    return split.partition(":")[0] in SPLITS


LARGEST = 2**63
"""No whole number among the options reaches it."""


Options = TypeVar("Options", bound="TrialOptions")


@dataclass(frozen=True, kw_only=True)
class TrialOptions:
    """Options of one training run. Frozen: `changed` makes another one."""

    # What is learnt from.
    data: str = option("scenes", "dataset: scenes, building-scenes or drone-scenes (built in), "
                       "dubai, buildings, xbd, aeroscapes, folder (your own), geo (your own "
                       "scenes with vector labels) or torchgeo:NAME")  # fmt: skip
    data_dir: str = option("", "folder or zip file of the dataset; not needed for scenes")
    skip_bad: bool = option(False, "go on without the files that cannot be used")
    void_classes: tuple[str, ...] = option((), "names of classes to treat as void, not as a class")
    patch: int = option(0, "patch height and width in pixels; 0: the dataset's own", low=0)
    patch_width: int = option(0, "patch width in pixels where it is not the height; 0: it is, or "
                              "the dataset's own", low=0)  # fmt: skip
    stride: int = option(0, "pixels from one patch to the next; 0: no overlap", low=0)
    edge: str = option("cut", "the ragged edge: cut off, pad with void, or shift inward",
                       choices=EDGES)  # fmt: skip
    split: str = option("image", "image, tile, stratified (by classes), blocks (of ground, such as "
                               "blocks:side=500,buffer=60 in metres), given (the dataset's own) "
                               "or patch (leaky), or the path of a split file")  # fmt: skip
    split_seed: int = option(0, "seed of the split; keep it fixed to compare trials", low=0)
    val_fraction: float = option(0.2, "share held out for validation", low=0.01, high=0.9)

    # Augmentation: image and mask move together; 0 or false switches each off.
    flip: bool = option(True, "mirror patches at random")
    turn: bool = option(True, "turn patches by quarter turns at random")
    scale: float = option(0.25, "largest relative zoom in or out", low=0.0, high=0.9)
    colour: float = option(0.2, "strength of brightness, contrast and band changes",
                           low=0.0, high=1.0)  # fmt: skip

    # The model.
    model: str = option("unet", "the family of networks")
    network: NetworkOptions = field(default=None)  # type: ignore[assignment]
    """Those of the model's family, by default its defaults."""

    # The loss.
    loss: str = option("ce+dice", f"{', '.join(LOSS_TERMS)}, or a sum: ce+0.5*dice")
    class_weights: str = option("none", "weights of the classes in ce and focal",
                                choices=CLASS_WEIGHTS)  # fmt: skip

    # Optimisation.
    epochs: int = option(30, "passes over the training patches", low=1)
    batch: int = option(16, "patches per step", low=1)
    accumulate: int = option(1, "steps whose gradients are added before an update", low=1)
    optimizer: str = option("adamw", "update rule", choices=OPTIMIZERS)
    lr: float = option(3e-3, "highest learning rate", low=0.0)
    weight_decay: float = option(1e-2, "weight decay, not applied to biases and norms", low=0.0)
    momentum: float = option(0.9, "momentum of sgd", low=0.0, high=0.999)
    schedule: str = option("one-cycle", "learning rate over the run", choices=SCHEDULES)
    clip: float = option(1.0, "largest norm of the gradient; 0: no limit", low=0.0)
    ema: float = option(0.0, "decay of the averaged weights that are scored; 0: none",
                        low=0.0, high=0.99999)  # fmt: skip
    patience: int = option(0, "epochs without a better score before stopping; 0: never", low=0)

    # The run.
    seed: int = option(0, "seed of weights, order, dropout and augmentation", low=0)
    device: str = option("auto", "auto, cpu, cuda or cuda:1")
    precision: str = option("auto", "auto: bf16 where the processor has it", choices=PRECISIONS)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.model not in models():
            known = ", ".join(models())
            raise BadOption(f"model={self.model!r:.60} is not known; choose one of {known}")
        family = FAMILIES[self.model]
        if self.network is None:
            object.__setattr__(self, "network", family.options())
        if type(self.network) is not family.options:
            raise BadOption(f"model={self.model} takes {family.options.__name__}")
        parse_loss(self.loss)

    @classmethod
    def of(cls: "type[Options]", **values: Any) -> "Options":
        """The options with these values, general ones and those of the network alike."""
        return changed(cls(), values)

    @classmethod
    def help_of(cls, name: str) -> str:
        """What an option is, for `--help`."""
        text: str = next(s.metadata["help"] for s in general_fields(cls) if s.name == name)
        return text

    def precisions(self) -> tuple[str, ...]:
        """Those in which this can be trained: `auto` chooses among them."""
        return PRECISIONS


def with_default(name: str, default: Any) -> Any:
    """The field of an option that every trial has, with another default."""
    spec = {spec.name: spec for spec in dataclasses.fields(TrialOptions)}[name]
    return field(default=default, metadata=spec.metadata)


def general_fields(options: TrialOptions | type[TrialOptions]) -> list[dataclasses.Field[Any]]:
    """The options that do not depend on the model."""
    return [spec for spec in dataclasses.fields(options) if "help" in spec.metadata]


def option_fields(options: TrialOptions) -> list[dataclasses.Field[Any]]:
    """The options of a trial with this model: general ones, then those of its network."""
    return fields_of_record(type(options), {"model": options.model})


def fields_of_record(
    kind: type[TrialOptions], record: Mapping[str, Any]
) -> list[dataclasses.Field[Any]]:
    """The options of a trial of this kind with the model that a record of options names."""
    general = general_fields(kind)
    names = {spec.name for spec in general}
    family = FAMILIES.get(record.get("model", kind.model), FAMILIES[TrialOptions.model])
    own = [spec for spec in dataclasses.fields(family.options) if spec.name not in names]
    return [*general, *own]


def families_with(name: str) -> list[str]:
    """The models that have an option of this name."""
    return [
        model
        for model in models()
        if any(spec.name == name for spec in dataclasses.fields(FAMILIES[model].options))
    ]


def of_model(kind: type[TrialOptions], model: str, name: str) -> bool:
    """Whether an option is a general one or one of this model, or of no model at all."""
    general = any(spec.name == name for spec in general_fields(kind))
    return general or model in families_with(name) or not families_with(name)


def option_names(kind: type[TrialOptions]) -> list[str]:
    """Every option that some trial of this kind has, whatever its model."""
    names = [spec.name for spec in general_fields(kind)]
    for model in models():
        names += [spec.name for spec in dataclasses.fields(FAMILIES[model].options)]
    return list(dict.fromkeys(names))


def parse_loss(text: str) -> list[tuple[float, str]]:
    """The terms of a sum like `ce+0.5*dice`: [(1.0, "ce"), (0.5, "dice")]. Raises `BadOption`."""
    return parse_sum(text, LOSS_TERMS, name="loss", example="ce+0.5*dice")


def changed(options: Options, values: Mapping[str, Any], *, drop_others: bool = False) -> Options:
    """`options` with `values` in place; keys are names of general options or of the network's.

    Numbers are fitted to the field where nothing is lost (a tuner's 16.0 becomes a width of 16).
    Another `model` keeps what both families have and is not as usual. What only other families have
    is refused, but for their defaults, which older records name; with `drop_others` it is dropped.

    Raises:
        BadOption: for an unknown key, with the nearest known one, or a value out of range.
    """
    general = {spec.name: spec for spec in general_fields(options)}
    model = values.get("model", options.model)
    if model not in models():
        return dataclasses.replace(options, model=model)  # says which there are
    kind = FAMILIES[model].options
    own = {spec.name: spec for spec in dataclasses.fields(kind)}
    found: dict[str, Any] = {}
    network = _shared(options.network, kind)
    for key, value in values.items():
        if key in general:
            found[key] = _fit(value, general[key].default)
        elif key in own:
            network[key] = _fit(value, own[key].default)
        elif others := families_with(key):
            if not drop_others and value not in [default_of(other, key) for other in others]:
                raise BadOption(_of_others(key, value, others, model, own))
        else:
            raise BadOption(_unknown(key, [*general, *own]))
    return dataclasses.replace(options, **found, network=kind(**network))


def _shared(network: NetworkOptions, kind: type[NetworkOptions]) -> dict[str, Any]:
    """The values of a network's options that are the same ones in the family of `kind`."""
    theirs = {spec.name: spec for spec in dataclasses.fields(kind)}

    def same(spec: dataclasses.Field[Any]) -> bool:
        other = theirs.get(spec.name)
        if other is None:
            return False
        return type(network) is kind or (
            spec.default == other.default and spec.metadata["choices"] == other.metadata["choices"]
        )

    return {
        spec.name: getattr(network, spec.name) for spec in dataclasses.fields(network) if same(spec)
    }


def default_of(model: str, name: str) -> Any:
    """The default of an option of a family."""
    return getattr(FAMILIES[model].options, name)


def _of_others(
    name: str, value: Any, others: Sequence[str], model: str, own: Collection[str]
) -> str:
    """What is said of an option that the model does not have."""
    return (
        f"{name}={value!r:.60} is of {' and '.join(others)}; model={model} has "
        f"{', '.join(own)}. Leave {name} out, or give --model {others[0]}"
    )


def _unknown(key: object, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(key), known, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(sorted(known))}"
    return f"there is no option {key!r:.60}{hint}"


def as_recorded(values: Mapping[str, Any], kind: type[TrialOptions]) -> dict[str, Any]:
    """A record of options as `as_dict` makes it: once it had those of other families as well."""
    model = values.get("model", kind.model)
    own = {spec.name for spec in general_fields(kind)}
    if model in models():
        own |= {spec.name for spec in dataclasses.fields(FAMILIES[model].options)}
    return {key: value for key, value in values.items() if key in own or not families_with(key)}


def _fit(value: Any, default: Any) -> Any:
    """`value` as the type of `default` where that loses nothing, else unchanged."""
    if isinstance(default, bool):
        return bool(value) if value in (0, 1) and not isinstance(value, str) else value
    if isinstance(default, int) and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(default, float) and type(value) is int and abs(value) < LARGEST:
        return float(value)
    if isinstance(default, float) and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    return value


def load_options(path: Path) -> TrialOptions:
    """The options of a YAML file on top of the defaults."""
    return changed(TrialOptions(), read_values(path))


def read_values(path: Path) -> dict[str, Any]:
    """The options in a YAML file: flat, keys are field names. Raises `BadOption`."""
    try:
        values = read_plain(path) or {}
    except OSError as error:
        raise BadOption(
            f"--options {path} cannot be read ({error.strerror}); give a YAML file of one "
            "`option: value` a line, such as `epochs: 12`"
        ) from error
    except Damaged as error:
        raise BadOption(str(error)) from error
    if not isinstance(values, dict):
        raise BadOption(f"{path} holds a {type(values).__name__}; write one `option: value` a line")
    return values


def as_dict(options: TrialOptions) -> dict[str, Any]:
    """The options as plain JSON and YAML types, tuples as lists; the network's among the others."""
    found = {}
    for spec in option_fields(options):
        value = option_value(options, spec.name)
        found[spec.name] = list(value) if isinstance(value, tuple) else value
    return found


def option_value(options: TrialOptions, name: str) -> Any:
    """The value of an option, be it a general one or of the network."""
    general = any(spec.name == name for spec in general_fields(options))
    return getattr(options if general else options.network, name)


Network = TypeVar("Network", bound=NetworkOptions)


def network_of(options: TrialOptions, kind: type[Network]) -> Network:
    """The options of the network, which are of this kind. Raises `BadOption`."""
    if not isinstance(options.network, kind):
        raise BadOption(f"model={options.model} has no {kind.__name__}")
    return options.network


def flag(name: str, value: Any) -> list[str]:
    """An option as the words that a command line takes: `["--no-flip"]`, `["--lr", "0.01"]`."""
    dashed = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{dashed}" if value else f"--no-{dashed}"]
    if isinstance(value, (list, tuple)):
        return [f"--{dashed}", *map(str, value)]
    return [f"--{dashed}", str(value)]
