"""Zoom-out: a search, then its best beside superpixels and a U-Net, over the same seeds.

The final runs stand on one split. Zoom-out and superpixels have the configuration that was found.
The U-Net has the usual options of any trial: of what is given it has `SHARED` alone, its own
epochs, and what `--unet` says.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aerial_nni.config.families.zoomout import IMAGENET, RANDOM, ZoomOutNetOptions
from aerial_nni.config.options import (
    BadOption,
    TrialOptions,
    as_dict,
    changed,
    general_fields,
    network_of,
    option_names,
)
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.recipes.engine import search
from aerial_nni.recipes.engine.key_value_args import named_values
from aerial_nni.recipes.engine.prepare_data import prepare_data
from aerial_nni.recipes.engine.search import Plan as SearchPlan
from aerial_nni.recipes.engine.search_space import FOLDER, is_own, load_space
from aerial_nni.recipes.engine.study import Arm, define
from aerial_nni.recipes.zoomout.options import ZoomOutOptions
from aerial_nni.recipes.zoomout.phases import SUPERPIXEL, SUPERPIXELS, UNET
from aerial_nni.recipes.zoomout.phases import ZOOMOUT as ZOOM_OUT
from aerial_nni.recipes.zoomout.recipe import ZOOMOUT
from aerial_nni.tuners.methods import Method

SPACE = FOLDER / "zoomout.yaml"

FEWER = 5
"""Times as few passes over all superpixels as over some pixels of each patch: there are more."""

SHARED = ("data", "data_dir", "skip_bad", "void_classes", "patch", "patch_width", "stride", "edge",
          "split", "split_seed", "val_fraction", "flip", "turn", "scale", "colour", "seed",
          "device", "precision")  # fmt: skip
"""What all runs have alike: data, split, patches, augmentation, seed, device and precision."""

CONTROLS = tuple(name for name in option_names(TrialOptions)
                 if name not in (*SHARED, "epochs", "model"))  # fmt: skip
"""Options of the control alone."""


@dataclass(frozen=True, kw_only=True)
class Plan(SearchPlan):
    """How much is searched, and what follows."""

    unet_epochs: int
    """Epochs of a run of the U-Net."""


def plan_of(data: str, *, seed: int) -> Plan:
    """What is planned where nothing else is said: see `ZOOMOUT`."""
    return Plan(**search.plan_of(ZOOMOUT, data, seed=seed))


def zoomout(
    options: ZoomOutOptions,
    method: Method,
    plan: Plan,
    *,
    space_file: Path | None = None,
    given: Collection[str] = (),
    unet: Sequence[str] = (),
) -> Definition:
    """The experiment that searches around `options` and compares what it finds.

    Options that are `given` stay as they are, whatever the search space says of them. Without
    trials of a search (`plan.trials` 0) zoom-out has the options as they are.
    `options.superpixel` is the side of the final superpixels; the search has none. `unet` are words
    such as "width=8": what is not usual of the U-Net.

    Raises:
        BadSpace: the search space cannot be used, or not by this method.
        BadOption: the final trials cannot have these seeds, nothing is left to search,
            `options` are of the U-Net, or `unet` cannot be used.
    """
    if options.model != "zoomout":
        raise BadOption(
            f"model={options.model} is the control here, and zoom-out is searched; for the U-Net: "
            "python -m aerial_nni.run hpo"
        )
    side = network_of(options, ZoomOutNetOptions).superpixel or SUPERPIXEL
    options = changed(options, {"superpixel": 0})
    control = control_of(unet)
    return define(
        ZOOMOUT,
        options,
        method,
        plan,
        name=f"zoom-out on {options.data}",
        usual_space=SPACE,
        open_space=lambda path: searched_space(options, path),
        after=final_arms(options, plan, side=side, unet=control),
        space_file=space_file,
        given=given,
        facts={"unet_epochs": plan.unet_epochs, "unet": control, "superpixel": side},
    )


def control_of(words: Sequence[str]) -> dict[str, Any]:
    """Options of the control that are not the usual ones, from words such as "width=8".

    Raises:
        BadOption: a word is no NAME=VALUE of `CONTROLS`, or the value cannot be used.
    """
    named = named_values(words, flag="--unet", names=CONTROLS)
    given = {name: values[0] for name, values in named.items()}
    options = changed(TrialOptions(), given)
    control = as_dict(options)
    return {name: control[name] for name in given}


def final_arms(
    options: ZoomOutOptions, plan: Plan, *, side: int, unet: Mapping[str, Any]
) -> list[Arm]:
    """The final trials: zoom-out, superpixels of this side, and the control."""
    passes = -(-network_of(options, ZoomOutNetOptions).sample_epochs // FEWER)
    usual, own = as_dict(TrialOptions()), as_dict(options)
    general = [spec.name for spec in general_fields(options) if spec.name not in SHARED]
    plain = {name: usual[name] for name in general if own[name] != usual[name]}
    return [
        Arm(name=ZOOM_OUT, options={"superpixel": 0}, found=True),
        Arm(name=SUPERPIXELS, options={"superpixel": side, "sample_epochs": passes}, found=True),
        Arm(name=UNET, options={**plain, **unet, "epochs": plan.unet_epochs}),
    ]


def searched_space(options: ZoomOutOptions, path: Path) -> dict[str, Any]:
    """The file's search space; with weights for one backbone alone, without the backbone.

    Where nothing was trained the larger network, twice the work, is searched only
    where the user's own file says so.
    """
    space = load_space(path, options)
    weights = network_of(options, ZoomOutNetOptions).backbone_weights
    if weights not in (IMAGENET, RANDOM) or (weights == RANDOM and not is_own(path, SPACE)):
        space.pop("backbone", None)
    return space


def prepare_with(definition: Definition) -> Callable[[TrialOptions, Path], TrialOptions]:
    """What makes data, split and the weights of every backbone ready: see `launch`."""
    space, base = definition.space, definition.options
    values = space["backbone"]["_value"] if "backbone" in space else []
    networks = [changed(base, {"backbone": value}).network for value in values]

    def prepare(options: TrialOptions, folder: Path) -> TrialOptions:
        return prepare_data(options, folder, networks=networks)

    return prepare
