"""Weights that others trained: torchvision's by address, or a file. Reading them runs no code."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aerial_nni.config.errors import UserError
from aerial_nni.data.dataset import Facts
from aerial_nni.data.pipeline.batches import Normalisation
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.splits import Split
from aerial_nni.training.leakage import find_leakage

log = logging.getLogger(__name__)

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
"""Of red, green and blue, 0 to 255, in the pictures that torchvision's networks were trained on."""


RGB = ("red", "green", "blue")


class BackboneMissing(UserError, ValueError):
    """There are no such weights. The message says which file to put where."""


class BackboneUnfit(UserError, ValueError):
    """The weights are those of another network, or know the answers. The message says which."""


def cached(url: str) -> Path:
    """Where torch keeps the file of this address."""
    return Path(torch.hub.get_dir()) / "checkpoints" / os.path.basename(url)


def downloaded(url: str, *, what: str, else_: str) -> Path:
    """The file of `url`, fetched where it is not there yet; its name has its SHA-256's beginning.

    Raises:
        BackboneMissing: `what` cannot be fetched; the message ends in `else_`, what to do instead.
    """
    path = cached(url)
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(
                url, str(path), hash_prefix=path.stem.rsplit("-", 1)[1], progress=False
            )
        except (OSError, RuntimeError) as error:  # no network; or a file that is not that one
            raise BackboneMissing(
                f"{what} are not on this machine and cannot be had from {url} ({error}); {else_}"
            ) from error
    return path


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file of torch or safetensors by their names.

    Raises:
        BackboneUnfit: the file holds something else.
    """
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        values = torch.load(path, map_location="cpu", weights_only=True)
        return {str(name): value for name, value in values.items() if isinstance(value, Tensor)}
    except Exception as error:  # torch raises whatever it stumbles over in a damaged file
        raise BackboneUnfit(f"{path} cannot be read as weights: {error}") from error


def matching(
    ours: Normalisation, mean: Sequence[float], std: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Factor and summand, (1, bands, 1, 1) each, from our normalisation to one by these figures."""
    scale = 1 / torch.tensor(std)
    gain = torch.tensor(ours.std) * scale
    shift = (torch.tensor(ours.mean) - torch.tensor(mean)) * scale
    return gain.view(1, -1, 1, 1), shift.view(1, -1, 1, 1)


def say_order(facts: Facts) -> None:
    """Warns where bands are not those, in order, that torchvision's networks were trained on."""
    if tuple(facts.bands) != RGB:
        log.warning(
            "the weights were trained on %s in this order, the bands of %s are %s",
            ", ".join(RGB), facts.name, ", ".join(facts.bands),
        )  # fmt: skip


def check_no_leakage(
    header: Mapping[str, Any], checkpoint: Path, prepared: Prepared, split: Split, *, what: str
) -> None:
    """Raises `BackboneUnfit` where a checkpoint was trained on what validates, or on other bands.

    `header` is the checkpoint's, empty for weights that are none of ours; `what` is the network.
    """
    if not header:
        return
    facts = prepared.facts
    if list(header.get("bands", [])) != list(facts.bands):
        raise BackboneUnfit(
            f"the {what}'s bands are {', '.join(header.get('bands', []))}, those of {facts.name} "
            f"{', '.join(facts.bands)}; train one on this data"
        )
    if known := find_leakage(header, checkpoint, prepared, split):
        raise BackboneUnfit(f"the {what} {checkpoint} may know what validates here: {known}")
