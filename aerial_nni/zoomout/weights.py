"""Weights of the frozen network: of ImageNet by name, of a file, or of one of our checkpoints."""

import dataclasses
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aerial_nni.data.batches import Normalisation
from aerial_nni.data.prepared import Prepared
from aerial_nni.data.splits import Split, split_digest
from aerial_nni.errors import Explained
from aerial_nni.models.backbone import EncoderSpec
from aerial_nni.models.unet import UNet
from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.results import sha256
from aerial_nni.training.checkpoint import load_checkpoint
from aerial_nni.zoomout.options import ENCODER, IMAGENET, RANDOM, ZoomOutOptions

URLS = {
    "vgg11": "https://download.pytorch.org/models/vgg11-8a719046.pth",
    "vgg16": "https://download.pytorch.org/models/vgg16-397923af.pth",
}
"""torchvision's weights of ImageNet. Each name ends in the beginning of the file's SHA-256."""

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
"""Of red, green and blue, 0 to 255, in the pictures that torchvision's networks were trained on."""


class BackboneMissing(Explained, ValueError):
    """There are no such weights. The message says which file to put where."""


class BackboneUnfit(Explained, ValueError):
    """The weights are those of another network, or know the answers. The message says which."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What a frozen network is made of, on the processor."""

    tensors: Sequence[Tensor] = ()
    """In the order of the network's own; none: it keeps what was drawn."""
    mean: Sequence[float] = ()
    std: Sequence[float] = ()
    """Of each band in the pictures that it was trained on, in raw digital numbers."""
    encoder: EncoderSpec | None = None
    header: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Of a checkpoint, what it says of itself."""
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What result folders say of them."""


def open_weights(options: ZoomOutOptions) -> Weights:
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
    url, path = URLS[backbone], _cached(backbone)
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(
                url, str(path), hash_prefix=path.stem.split("-")[1], progress=False
            )
        except (OSError, RuntimeError) as error:  # no network; or a file that is not that one
            raise BackboneMissing(
                f"the ImageNet weights of {backbone} are not on this machine and cannot be had "
                f"from {url} ({error}); {_places(backbone)}"
            ) from error
    return path


def _cached(backbone: str) -> Path:
    """Where torch keeps the file."""
    return Path(torch.hub.get_dir()) / "checkpoints" / os.path.basename(URLS[backbone])


def _places(backbone: str) -> str:
    return (
        f"fetch {URLS[backbone]} on another machine and save it as {_cached(backbone)}, or give "
        "its place: --backbone-weights FILE. Without it there are --backbone encoder "
        "--backbone-weights CHECKPOINT, the encoder of a U-Net of this package, and "
        f"--backbone-weights {RANDOM}, features of a network that was never trained"
    )


def _of_file(path: Path, backbone: str) -> list[Tensor]:
    """The weights and biases of VGG's convolutions in a file of torch or safetensors, in order."""
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            values = load_file(path)
        else:
            values = torch.load(path, map_location="cpu", weights_only=True)
        named = [(re.fullmatch(r"(?:features\.)?(\d+)\.(weight|bias)", key), key) for key in values]
        found = sorted((int(m[1]), m[2] == "bias", key) for m, key in named if m)
    except Exception as error:  # torch raises whatever it stumbles over in a damaged file
        raise BackboneUnfit(f"{path} cannot be read as weights: {error}") from error
    if not found:
        raise BackboneUnfit(
            f"{path} has no weights of {backbone}: no names such as features.0.bias"
        )
    return [values[key] for _, _, key in found]


def _of_checkpoint(path: Path) -> Weights:
    """The encoder of a U-Net's checkpoint."""
    model, header = load_checkpoint(path)
    if not isinstance(model, UNet):
        raise BackboneUnfit(
            f"{path} holds a {header['model']['model']}; give the checkpoint of a U-Net"
        )
    names = [spec.name for spec in dataclasses.fields(EncoderSpec)]
    return Weights(
        tensors=list(model.encoder.state_dict().values()),
        mean=header["mean"],
        std=header["std"],
        encoder=EncoderSpec(**{name: header["model"][name] for name in names}),
        header=header,
        facts={
            "kind": "checkpoint",
            "file": path.name,
            "sha256": sha256(path),
            **{name: header.get(name) for name in ("score", "epoch", "data", "split")},
        },
    )


def check_weights(weights: Weights, prepared: Prepared, split: Split) -> None:
    """Raises `BackboneUnfit` where the network was trained on what validates, or on other bands."""
    header, facts = weights.header, prepared.facts
    if not header:
        return
    if list(header.get("bands", [])) != list(facts.bands):
        raise BackboneUnfit(
            f"the encoder's bands are {', '.join(header.get('bands', []))}, those of {facts.name} "
            f"{', '.join(facts.bands)}; train a U-Net on this data"
        )
    if header.get("data") == facts.name and header.get("split_digest") != (
        split_digest(prepared, split)
    ):
        raise BackboneUnfit(
            f"the encoder was trained on another split of {facts.name} (rule "
            f"{header.get('split')}), so it may know what validates here; give the --split, "
            "--split-seed, --val-fraction, --patch and --stride of that run, or train a U-Net "
            "with these"
        )


def put_into(
    model: ZoomOut, weights: Weights, normalisation: Normalisation, *, pixels: str
) -> None:
    """Gives the model's frozen network its weights, and pictures as it was trained on them.

    Pictures come with `normalisation`. Where `pixels` are `uint16` and the network has seen 8 bits,
    they are left as they come.

    Raises:
        BackboneUnfit: the weights are those of another network.
    """
    own = model.encoder.state_dict()
    if weights.tensors:
        shapes = [[tuple(t.shape) for t in some] for some in (own.values(), weights.tensors)]
        if shapes[0] != shapes[1]:
            raise BackboneUnfit(
                f"{weights.facts['file']} holds {len(shapes[1])} tensors of a network of another "
                f"shape than {len(shapes[0])} of this backbone; give --backbone as well"
            )
        model.encoder.load_state_dict(dict(zip(own, weights.tensors, strict=True)))
    if weights.mean and (pixels == "uint8" or weights.header):
        theirs, ours = torch.tensor(weights.mean), torch.tensor(normalisation.mean)
        scale = 1 / torch.tensor(weights.std)
        model.gain.copy_((torch.tensor(normalisation.std) * scale).view(1, -1, 1, 1))
        model.shift.copy_(((ours - theirs) * scale).view(1, -1, 1, 1))
