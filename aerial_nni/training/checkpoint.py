"""Checkpoints: safetensors files whose header says what they are. Loading one runs no code.

Two kinds. `checkpoint.safetensors` holds the weights to use and a header that lets anybody use them
(architecture, classes, palette, normalisation, score). `last.safetensors` holds what the loop needs
to go on: weights, averaged weights, the optimiser's tensors, and the history so far.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from aerial_nni.errors import Explained
from aerial_nni.models import ModelSpec
from aerial_nni.results import atomic

KEY = "aerial_nni"
FORMAT = 1


class BadCheckpoint(Explained):
    """A file is not a checkpoint of this package, or is damaged."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem}; give the path of a checkpoint.safetensors, or the ID of "
            "an experiment (see: python -m aerial_nni.run list)"
        )


def save_tensors(path: Path, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
    """Writes tensors and a JSON header, atomically."""
    # Row-major on the processor: what other readers of safetensors expect.
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic(path) as temporary:
        save_file(plain, temporary, metadata={KEY: json.dumps({"format": FORMAT, **header})})


def read_header(path: Path) -> dict[str, Any]:
    """The header of a checkpoint.

    Raises:
        BadCheckpoint: when the file is no safetensors file, or not one of this package.
    """
    return _open(path, tensors=False)[1]


def _open(path: Path, *, tensors: bool = True) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not path.is_file():
        raise BadCheckpoint(f"{path} is not a file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            names = file.keys() if tensors else []
            found = {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise BadCheckpoint(f"{path} is not a whole safetensors file: {error}") from error
    if KEY not in metadata:
        raise BadCheckpoint(f"{path} has no {KEY} header; it was not written by this package")
    header = json.loads(metadata[KEY])
    if header.get("format") != FORMAT:
        raise BadCheckpoint(
            f"{path} has format {header.get('format')}; this version reads {FORMAT}"
        )
    return found, header


def save_checkpoint(
    path: Path, model: nn.Module, spec: ModelSpec, *, header: dict[str, Any]
) -> None:
    """Writes the weights of `model`, built from `spec`, with what else `header` says."""
    save_tensors(path, model.state_dict(), {"model": dataclasses.asdict(spec), **header})


def load_checkpoint(path: Path) -> tuple[nn.Module, dict[str, Any]]:
    """The model, in evaluation mode on the processor, and the header.

    Raises:
        BadCheckpoint: when the file is not a checkpoint, or its tensors do not fit its header.
    """
    tensors, header = _open(path)
    try:
        model = ModelSpec(**header["model"]).build()
        model.load_state_dict(tensors)
    except (KeyError, TypeError, RuntimeError) as error:
        raise BadCheckpoint(f"{path}: the weights do not fit the header: {error}") from error
    return model.eval(), header


Owners = Mapping[str, nn.Module | Optimizer]
"""Whose tensors the loop needs to go on, by names: model, averaged, optimizer."""


def pack_state(owners: Owners) -> dict[str, Tensor]:
    """Every tensor of the owners, by name: model/<name>, optimizer/<i>/<name>, …."""
    tensors: dict[str, Tensor] = {}
    for owner, one in owners.items():
        if isinstance(one, nn.Module):
            tensors |= {f"{owner}/{name}": value for name, value in one.state_dict().items()}
            continue
        for i, state in one.state_dict()["state"].items():
            for name, value in state.items():
                if value is not None:
                    tensors[f"{owner}/{i}/{name}"] = torch.as_tensor(value)
    return tensors


def load_state(path: Path, owners: Owners) -> dict[str, Any]:
    """Puts a packed state back into its owners and returns the header."""
    tensors, header = _open(path)
    for owner, one in owners.items():
        prefix = f"{owner}/"
        part = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
        if isinstance(one, nn.Module):
            one.load_state_dict(part)
        else:
            _load_optimizer(one, part)
    return header


def _load_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, key = name.split("/", 1)
        if value.ndim == 4:  # the layout that training runs in; files are row-major
            value = value.contiguous(memory_format=torch.channels_last)
        state.setdefault(int(index), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
