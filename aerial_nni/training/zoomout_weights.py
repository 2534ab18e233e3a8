"""Weights of the frozen network: of ImageNet by name, of a file, or of one of our checkpoints."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aerial_nni.config.families.zoomout import ENCODER, IMAGENET, RANDOM, ZoomOutNetOptions
from aerial_nni.config.run_folder import sha256
from aerial_nni.data.dataset import Facts
from aerial_nni.data.pipeline.batches import Normalisation
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.splits import Split
from aerial_nni.models.backbone import VGGS, EncoderSpec, build_backbone
from aerial_nni.models.unet import UNet
from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.training.checkpoint import load_checkpoint
from aerial_nni.training.header import demand
from aerial_nni.training.pretrained import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    RGB,
    BackboneMissing,
    BackboneUnfit,
    cached,
    check_no_leakage,
    matching,
    read_tensors,
    say_order,
)
from aerial_nni.training.pretrained import downloaded as fetched

URLS = {
    "vgg11": "https://download.pytorch.org/models/vgg11-8a719046.pth",
    "vgg16": "https://download.pytorch.org/models/vgg16-397923af.pth",
}
"""torchvision's weights of ImageNet. Each name ends in the beginning of the file's SHA-256."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What a frozen network is made of, on the processor."""

    tensors: Sequence[Tensor] = ()
    """In the order of the network's own; none: it keeps what was drawn."""
    mean: Sequence[float] = ()
    std: Sequence[float] = ()
    """Of each band in the pictures that it was trained on, in raw digital numbers."""
    encoder: EncoderSpec | None = None
    path: Path = Path()
    header: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Of a checkpoint, what it says of itself."""
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What result folders say of them."""


def open_weights(options: ZoomOutNetOptions) -> Weights:
    """The weights that `options` name.

    Raises:
        BackboneMissing: they are not there.
        BackboneUnfit: they are of another network.
        BadCheckpoint: a checkpoint cannot be read.
    """
    if options.backbone == ENCODER:
        return _of_checkpoint(Path(options.backbone_weights).expanduser())
    if options.backbone_weights == RANDOM:
        return Weights(facts={"kind": RANDOM})
    given = options.backbone_weights
    path = downloaded(options.backbone) if given == IMAGENET else Path(given).expanduser()
    if not path.is_file():
        raise BackboneMissing(f"there is no file {path}; {_places(options.backbone)}")
    kind = IMAGENET if given == IMAGENET else "file"
    return Weights(
        tensors=_of_file(path, options.backbone),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        facts={"kind": kind, "file": path.name, "sha256": sha256(path)},
    )


def downloaded(backbone: str) -> Path:
    """The file of torchvision's weights of ImageNet, fetched where it is not there yet.

    Raises:
        BackboneMissing: it cannot be fetched; the message says where to put it.
    """
    what = f"the ImageNet weights of {backbone}"
    return fetched(URLS[backbone], what=what, else_=_places(backbone))


def _places(backbone: str) -> str:
    return (
        f"fetch {URLS[backbone]} on another machine and save it as {cached(URLS[backbone])}, or "
        "give its place: --backbone-weights FILE. Without it there are --backbone encoder "
        "--backbone-weights CHECKPOINT, the encoder of a U-Net of this package, and "
        f"--backbone-weights {RANDOM}, features of a network that was never trained"
    )


def _of_file(path: Path, backbone: str) -> list[Tensor]:
    """The weights and biases of VGG's convolutions in a file of torch or safetensors, in order."""
    values = read_tensors(path)
    named = [(re.fullmatch(r"(?:features\.)?(\d+)\.(weight|bias)", key), key) for key in values]
    found = sorted((int(m[1]), m[2] == "bias", key) for m, key in named if m)
    if not found:
        raise BackboneUnfit(
            f"{path} has no weights of {backbone}: no names such as features.0.bias; for the "
            "encoder of a U-Net of this package give --backbone encoder as well"
        )
    return [values[key] for _, _, key in found]


def _of_checkpoint(path: Path) -> Weights:
    """The encoder of a U-Net's checkpoint."""
    model, header = load_checkpoint(path)
    if not isinstance(model, UNet):
        raise BackboneUnfit(
            f"{path} holds a {header['model']['model']}; give the checkpoint of a U-Net"
        )
    demand(header, ("mean", "std"), path)
    names = [spec.name for spec in dataclasses.fields(EncoderSpec)]
    return Weights(
        tensors=list(model.encoder.state_dict().values()),
        mean=header["mean"],
        std=header["std"],
        encoder=EncoderSpec(**{name: header["model"][name] for name in names}),
        path=path,
        header=header,
        facts={
            "kind": "checkpoint",
            "file": path.name,
            "sha256": sha256(path),
            **{name: header.get(name) for name in ("score", "epoch", "data", "split")},
        },
    )


def fitting_weights(options: ZoomOutNetOptions, prepared: Prepared, split: Split) -> Weights:
    """The weights that `options` name, checked against the backbone, the bands and the split.

    Raises:
        BackboneMissing, BackboneUnfit, BadCheckpoint: with what to do.
    """
    weights = fitting_kinds(options, prepared.facts)
    if weights.mean and options.backbone in VGGS:
        say_order(prepared.facts)
    check_answers(weights, prepared, split)
    return weights


def checks(
    options: ZoomOutNetOptions,
) -> tuple[Callable[[Facts], None], Callable[[Prepared, Split], None]]:
    """What raises `BackboneMissing` or `BackboneUnfit`: by classes and bands, then by the data."""

    def check_facts(facts: Facts) -> None:
        fitting_kinds(options, facts)

    def check(prepared: Prepared, split: Split) -> None:
        fitting_weights(options, prepared, split)

    return check_facts, check


def fitting_kinds(options: ZoomOutNetOptions, facts: Facts) -> Weights:
    """The same, checked against the backbone and the bands alone."""
    bands = facts.bands
    if options.backbone in VGGS and len(bands) != len(RGB):
        raise BackboneUnfit(
            f"{options.backbone} takes three bands, red, green and blue; {facts.name} has "
            f"{len(bands)} ({', '.join(bands)}): give --backbone encoder --backbone-weights "
            "CHECKPOINT, the encoder of a U-Net that was trained on this data"
        )
    weights = open_weights(options)
    check_shapes(weights, options, bands=len(bands))
    return weights


def check_shapes(weights: Weights, options: ZoomOutNetOptions, *, bands: int) -> None:
    """Raises `BackboneUnfit` where the weights are those of another network."""
    theirs = [tuple(tensor.shape) for tensor in weights.tensors]
    if not theirs or theirs == _shapes(options.backbone, bands, weights.encoder):
        return
    fitting = [name for name in VGGS if bands == len(RGB) and theirs == _shapes(name, bands, None)]
    hint = f"give --backbone {fitting[0]}" if fitting else (
        "give another file, or --backbone-weights imagenet"
    )  # fmt: skip
    raise BackboneUnfit(f"{weights.facts['file']} has no weights of {options.backbone}; {hint}")


def _shapes(backbone: str, bands: int, encoder: EncoderSpec | None) -> list[tuple[int, ...]]:
    """Of all tensors of a backbone, in order."""
    with torch.device("meta"):  # nothing is drawn
        built = build_backbone(backbone, bands=bands, convolutions="all", encoder=encoder)
    return [tuple(tensor.shape) for tensor in built.state_dict().values()]


def check_answers(weights: Weights, prepared: Prepared, split: Split) -> None:
    """Raises `BackboneUnfit` where the network was trained on what validates, or on other bands."""
    check_no_leakage(weights.header, weights.path, prepared, split, what="encoder")


def copy_weights(
    model: ZoomOut, weights: Weights, normalisation: Normalisation, *, pixels: str
) -> None:
    """Gives the model's frozen network its weights, and pictures as it was trained on them.

    Pictures come with `normalisation`. Where `pixels` are of another type than the network has
    seen, 16 bits instead of 8, their numbers cannot be compared and they are left as they come.
    """
    if weights.tensors:
        names = model.encoder.state_dict()
        model.encoder.load_state_dict(dict(zip(names, weights.tensors, strict=True)))
    if weights.mean and pixels == weights.header.get("pixels", "uint8"):
        gain, shift = matching(normalisation, weights.mean, weights.std)
        model.gain.copy_(gain)
        model.shift.copy_(shift)
