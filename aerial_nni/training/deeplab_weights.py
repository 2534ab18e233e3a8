"""Initial weights of DeepLabV3: torchvision's by name, a file's, or random ones."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aerial_nni.config.families.deeplab import (
    COCO,
    IMAGENET,
    RANDOM,
    STAGES,
    DeepLabOptions,
)
from aerial_nni.config.run_folder import sha256
from aerial_nni.data.dataset import Facts
from aerial_nni.data.pipeline.batches import Normalisation
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.splits import Split
from aerial_nni.models.deeplab import CUTS, DeepLab
from aerial_nni.training.checkpoint import ForeignFile, read_header
from aerial_nni.training.header import demand
from aerial_nni.training.pretrained import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    RGB,
    BackboneMissing,
    BackboneUnfit,
    cached,
    check_no_leakage,
    downloaded,
    matching,
    read_tensors,
    say_order,
)

ROOT = "https://download.pytorch.org/models"

URLS = {
    (COCO, "resnet101"): f"{ROOT}/deeplabv3_resnet101_coco-586e9e4e.pth",
    (COCO, "resnet50"): f"{ROOT}/deeplabv3_resnet50_coco-cd0a2569.pth",
    (COCO, "mobilenet_v3_large"): f"{ROOT}/deeplabv3_mobilenet_v3_large-fc3c493d.pth",
    (IMAGENET, "resnet101"): f"{ROOT}/resnet101-cd907fc2.pth",
    (IMAGENET, "resnet50"): f"{ROOT}/resnet50-11ad3fa6.pth",
    (IMAGENET, "mobilenet_v3_large"): f"{ROOT}/mobilenet_v3_large-5c1a4163.pth",
}
"""torchvision's weights by their name and the backbone."""

LAST = re.compile(r"(aux_)?classifier\.4\.")
"""Beginnings of the names of the heads' last layers: they are of other classes."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """Weights that a network begins with, and what is said of them."""

    tensors: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)
    """By the names that torchvision or this package gives them; none: all are drawn."""
    path: Path = Path()
    header: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Of a checkpoint of this package, what it says of itself."""
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def load_initial_weights(options: DeepLabOptions) -> Start:
    """The weights that `options` name.

    Raises:
        BackboneMissing: they are not there; the message says which file to put where.
        BackboneUnfit: the file holds something else.
    """
    name = options.backbone_weights
    if name == RANDOM:
        return Start(facts={"kind": RANDOM})
    if url := URLS.get((name, options.backbone)):
        what = f"the weights {name} of {options.backbone}"
        path = downloaded(url, what=what, else_=_places(url))
    elif not (path := Path(name).expanduser()).is_file():
        raise BackboneMissing(f"there is no file {path}; {_places(URLS[COCO, options.backbone])}")
    tensors = read_tensors(path)
    if not tensors:
        raise BackboneUnfit(
            f"{path} holds no tensors by their names; if the weights lie deeper in it, such as "
            'under "model" or "state_dict", save them alone: torch.save(torch.load(FILE)["model"], '
            f"OTHER), and give --backbone-weights OTHER; or --backbone-weights {RANDOM}"
        )
    facts = {"kind": name if url else "file", "file": path.name, "sha256": sha256(path)}
    return Start(tensors=tensors, path=path, header=_header(path), facts=facts)


def checks(
    options: DeepLabOptions,
) -> tuple[Callable[[Facts], None], Callable[[Prepared, Split], None]]:
    """What raises `BackboneMissing` or `BackboneUnfit`: by classes and bands, then by the data."""
    return (
        lambda facts: check_fit(load_initial_weights(options), options, facts),
        lambda prepared, split: check_start(load_initial_weights(options), prepared, split),
    )


def check_start(start: Start, prepared: Prepared, split: Split) -> None:
    """Raises `BackboneUnfit` where the network was trained on what validates, or on other bands.

    Three bands in another order than those of photographs are taken as they come, with a warning.
    """
    if start.tensors and not start.header and len(prepared.facts.bands) == len(RGB):
        say_order(prepared.facts)
    check_no_leakage(start.header, start.path, prepared, split, what="network")


def check_fit(start: Start, options: DeepLabOptions, facts: Facts) -> None:
    """Raises `BackboneUnfit` where the weights are those of another network than `options` say."""
    if not start.tensors:
        return
    with torch.device("meta"):  # names and shapes alone: nothing is drawn, and no memory is taken
        model = DeepLab(
            len(facts.bands),
            len(facts.classes),
            backbone=options.backbone,
            head=options.head,
            auxiliary=options.auxiliary > 0,
        )
    _fitting(model, start, backbone=options.backbone)


def _places(url: str) -> str:
    return (
        f"fetch {url} on another machine and save it as {cached(url)}, or give its place: "
        f"--backbone-weights FILE. Without it there is --backbone-weights {RANDOM}: a network that "
        "was never trained"
    )


def _header(path: Path) -> dict[str, Any]:
    """What a file says of itself if it is a checkpoint of this package.

    Raises:
        BadCheckpoint: it is one, and damaged.
    """
    if path.suffix != ".safetensors":
        return {}
    try:
        header = read_header(path)
    except ForeignFile:
        return {}
    demand(header, ("mean", "std"), path)
    return header


def copy_weights(
    model: DeepLab, start: Start, normalisation: Normalisation, *, backbone: str, pixels: str
) -> dict[str, Any]:
    """Gives `model` the weights it begins with; what is said of them, with what was left out.

    The backbone is taken whole, its first convolution only where it has as many bands; the heads
    as far as they are of the same size, without their last layers.

    Raises:
        BackboneUnfit: the weights are those of another network.
    """
    if not start.tensors:
        return dict(start.facts)
    fits = _fitting(model, start, backbone=backbone)
    for name in ("gain", "shift"):
        fits.pop(name, None)
    model.load_state_dict(fits, strict=False)
    photographs = model.gain.shape[1] == len(IMAGENET_MEAN) and pixels == "uint8"
    if start.header or photographs:
        gain, shift = matching(normalisation, *_seen(start))
        model.gain.copy_(gain)
        model.shift.copy_(shift)
    learnt = {name for name, _ in model.named_parameters()} & fits.keys()
    heads = sorted({name.split(".")[0] for name in learnt if not name.startswith("backbone.")})
    return {**start.facts, "heads": heads}


def _fitting(model: DeepLab, start: Start, *, backbone: str) -> dict[str, Tensor]:
    """Those of the weights that `model` takes, by its names.

    Raises:
        BackboneUnfit: they are those of another network.
    """
    own = model.state_dict()
    named = {renamed(name, backbone): value for name, value in start.tensors.items()}
    fits = {
        name: value
        for name, value in named.items()
        if name in own and own[name].shape == value.shape and not LAST.match(name)
    }
    kept = {name for name in own if name.startswith("backbone.") and "num_batches" not in name}
    missing = sorted(kept - fits.keys())
    first = next(name for name in own if name.startswith("backbone."))
    if [name for name in missing if name != first or own[first].shape[1] == 3]:
        raise BackboneUnfit(
            f"{start.facts['file']} has no weights of {backbone} that fit: {len(missing)} of "
            f"{len(kept)} tensors are missing, the first {missing[0]}; give --backbone as well"
        )
    return fits


def _seen(start: Start) -> tuple[list[float], list[float]]:
    """Mean and deviation by which the pictures of these weights were normalised."""
    if not start.header:
        return list(IMAGENET_MEAN), list(IMAGENET_STD)
    gain, shift = (start.tensors[name].flatten() for name in ("gain", "shift"))
    mean, std = torch.tensor(start.header["mean"]), torch.tensor(start.header["std"])
    return (mean - shift * std / gain).tolist(), (std / gain).tolist()


def renamed(name: str, backbone: str) -> str:
    """A tensor's name here, from the one that torchvision gives it, whole or as a backbone."""
    if name.startswith(("classifier.", "aux_classifier.")):
        return name
    plain = re.sub(r"^(backbone|features)\.", "", name)
    if backbone.startswith("resnet"):
        stem = plain.startswith(("conv1.", "bn1."))
        return f"backbone.{'stem.' if stem else ''}{plain}"
    block, _, rest = plain.partition(".")
    if not block.isdecimal():
        return f"backbone.{plain}"
    place = max(k for k, cut in enumerate(CUTS[:-1]) if cut <= int(block))
    return f"backbone.{('stem', *STAGES)[place]}.{int(block) - CUTS[place]}.{rest}"
