"""Every option of a trial, in one frozen dataclass whose field names are the search-space keys.

A trial is `changed(options, nni.get_next_parameter())`: a misspelt key fails at once. The command
line's flags are made from these fields (`aerial_nni.run`), so a new option is a new line here.
"""

import dataclasses
import difflib
import math
import re
import reprlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aerial_nni.config.errors import Damaged, UserError
from aerial_nni.config.safe_reading import read_plain

BUILT_IN = ("scenes", "building-scenes", "drone-scenes")
"""Datasets that need no files, on which everything is tried."""

SPLITS = ("image", "tile", "stratified", "blocks", "given", "patch")
EDGES = ("cut", "pad", "shift")
MODELS = ("unet", "derived")
NORMS = ("batch", "group", "none")
UPSAMPLINGS = ("transposed", "bilinear")
OF_UNET = ("width", "depth", "norm", "dropout", "upsampling", "space_to_depth")
"""Options that say what a U-Net is."""

LOSS_TERMS = ("ce", "dice", "log-dice", "focal", "tversky", "lovasz", "reference")
CLASS_WEIGHTS = ("none", "inverse", "median-frequency", "root-frequency")
OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("one-cycle", "cosine", "poly", "constant", "step")
PRECISIONS = ("auto", "bf16", "fp16", "fp32")


def is_rule(split: str) -> bool:
    """Whether the option `split` is a rule, with its settings or without, and no file."""
    return split.partition(":")[0] in SPLITS


LARGEST = 2**63
"""No whole number among the options reaches it."""


class BadOption(UserError, ValueError):
    """An option has a value that cannot be used; the message says what is allowed."""


def option(
    default: Any,
    text: str,
    *,
    choices: tuple[str, ...] | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Any:
    """A dataclass field with its help text and the values it allows (bounds are inclusive)."""
    metadata = {"help": text, "choices": choices, "low": low, "high": high}
    return field(default=default, metadata=metadata)


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
    model: str = option("unet", "architecture", choices=MODELS)
    genotype: str = option("", "of the model derived: what an architecture search found, as JSON")
    width: int = option(16, "channels of the first U-Net level", low=1)
    depth: int = option(4, "times the U-Net halves the size", low=1, high=7)
    norm: str = option("batch", "normalisation after each convolution", choices=NORMS)
    dropout: float = option(0.0, "dropout in each block; one and a half times this at the bottom",
                            low=0.0, high=0.95)  # fmt: skip
    upsampling: str = option("transposed", "way up", choices=UPSAMPLINGS)
    space_to_depth: int = option(
        1,
        "side of the pixel squares folded into channels; 2 is a quarter of the work",
        low=1,
        high=8,
    )

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
        for spec in dataclasses.fields(self):
            _check(spec, getattr(self, spec.name))
        parse_loss(self.loss)
        if self.model == "derived":
            if not self.genotype:
                raise BadOption("model=derived needs --genotype, a genotype.json or its content")
            self.refuse_what_cells_lack()

    def refuse_what_cells_lack(self) -> None:
        """Raises `BadOption` for options of the plain U-Net that a searched one does not have."""
        for name, only in (("norm", "batch"), ("dropout", 0.0)):
            if (value := getattr(self, name)) != only:
                raise BadOption(f"{name}={value!r}: a searched network has {name}={only!r} alone")

    @classmethod
    def help_of(cls, name: str) -> str:
        """What an option is, for `--help`."""
        text: str = next(
            spec.metadata["help"] for spec in dataclasses.fields(cls) if spec.name == name
        )
        return text

    def refuse_what_unets_have(self, what: str, made_of: str, *, but: Collection[str] = ()) -> None:
        """Raises `BadOption` for options of the U-Net, `but` those that another network has too."""
        for name in (*OF_UNET, "genotype"):
            if name not in but and (value := getattr(self, name)) != getattr(TrialOptions, name):
                whose = "a network that was searched" if name == "genotype" else "the U-Net"
                raise BadOption(
                    f"{name}={value!r} is of {whose}; what {what} is made of is said by "
                    f"{made_of}. Leave {name} out"
                )

    def precisions(self) -> tuple[str, ...]:
        """Those in which this can be trained: `auto` chooses among them."""
        return PRECISIONS


def with_default(name: str, default: Any) -> Any:
    """The field of an option that every trial has, with another default."""
    spec = {spec.name: spec for spec in dataclasses.fields(TrialOptions)}[name]
    return field(default=default, metadata=spec.metadata)


Options = TypeVar("Options", bound=TrialOptions)


def _check(spec: dataclasses.Field[Any], value: Any) -> None:
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


def parse_loss(text: str) -> list[tuple[float, str]]:
    """The terms of a sum like `ce+0.5*dice`: [(1.0, "ce"), (0.5, "dice")]. Raises `BadOption`."""
    return parse_sum(text, LOSS_TERMS, name="loss", example="ce+0.5*dice")


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


def changed(options: Options, values: Mapping[str, Any]) -> Options:
    """`options` with `values` in place; keys are field names.

    Numbers are fitted to the field where nothing is lost (a tuner's 16.0 becomes a width of 16).

    Raises:
        BadOption: for an unknown key, with the nearest known one, or a value out of range.
    """
    known = {spec.name: spec for spec in dataclasses.fields(options)}
    fitted = {}
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(sorted(known))}"
            raise BadOption(f"there is no option {key!r:.60}{hint}")
        fitted[key] = _fit(value, known[key].default)
    return dataclasses.replace(options, **fitted)


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
    """The options as plain JSON and YAML types, tuples as lists."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in dataclasses.asdict(options).items()
    }


def flag(name: str, value: Any) -> list[str]:
    """An option as the words that a command line takes: `["--no-flip"]`, `["--lr", "0.01"]`."""
    dashed = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{dashed}" if value else f"--no-{dashed}"]
    if isinstance(value, (list, tuple)):
        return [f"--{dashed}", *map(str, value)]
    return [f"--{dashed}", str(value)]
