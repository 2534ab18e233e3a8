"""Checkpoints: safetensors files whose header says what they are. Loading one runs no code.

Two kinds. `checkpoint.safetensors` holds the weights to use and a header that lets anybody use them
(architecture, classes, palette, normalisation, score). `last.safetensors` holds what the loop needs
to go on: weights, averaged weights, the optimiser's tensors, and the history so far.
"""

import dataclasses
import errno
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from aerial_nni.config.errors import Damaged, UserError, shown
from aerial_nni.config.run_folder import atomic
from aerial_nni.config.schema import ANY_FLOAT, fitted
from aerial_nni.models import ModelSpec
from aerial_nni.training.header import FORMAT, Epoch, parse_header

KEY = "aerial_nni"


class BadCheckpoint(UserError):
    """A file is not a checkpoint of this package, or is damaged."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"{problem}; give the path of a checkpoint.safetensors, or the ID of "
            "an experiment (see: python -m aerial_nni.run list)"
        )


class ForeignFile(BadCheckpoint):
    """A safetensors file that another program wrote."""


def save_tensors(path: Path, tensors: dict[str, Tensor], header: dict[str, Any]) -> None:
    """Writes tensors and a JSON header, atomically.

    Raises:
        NotSaved: there is no room for it, or it may not be written.
    """
    # Row-major on the processor: what other readers of safetensors expect.
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic(path) as temporary:
        try:
            save_file(plain, temporary, metadata={KEY: json.dumps({"format": FORMAT, **header})})
        except SafetensorError as error:
            number = int((re.search(r"os error (\d+)", str(error)) or [0, errno.EIO])[1])
            raise OSError(number, os.strerror(number)) from error


def read_header(path: Path) -> dict[str, Any]:
    """The header of a checkpoint, checked: see `aerial_nni.training.header`.

    Raises:
        BadCheckpoint: when the file is no safetensors file, or not one of this package.
    """
    return _open(path)[0]


def _open(
    path: Path, *, demand: Callable[[dict[str, Any]], Mapping[str, Tensor] | None] | None = None
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The header, and with `demand` the tensors, which are those that it wants of the header.

    Nothing of the size of a tensor is allocated before that is known.
    """
    if not path.is_file():
        raise BadCheckpoint(f"{path} is not a file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if KEY not in metadata:
                raise ForeignFile(f"{path} has no {KEY} header; it was not written by this package")
            header = parse_header(metadata[KEY], path)
            if demand is None:
                return header, {}
            wanted = demand(header)
            if wanted is not None:
                slices = {name: file.get_slice(name) for name in file.keys()}
                forms = {k: ([*s.get_shape()], _kind(s.get_dtype())) for k, s in slices.items()}
                _compare(path, forms, wanted)
            return header, {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise BadCheckpoint(f"{path} is not a whole safetensors file: {error}") from error
    except Damaged as error:
        raise BadCheckpoint(str(error)) from error


def save_checkpoint(
    path: Path, model: nn.Module, spec: ModelSpec, *, header: dict[str, Any]
) -> None:
    """Writes the weights of `model`, built from `spec`, with what else `header` says."""
    save_tensors(path, model.state_dict(), {"model": spec.header(), **header})


def load_checkpoint(path: Path | str) -> tuple[nn.Module, dict[str, Any]]:
    """The model, in evaluation mode on the processor, and the header.

    Raises:
        BadCheckpoint: when the file is not a checkpoint, its tensors do not fit its header, or a
            weight is no finite number.
    """
    path = Path(path)
    built: list[nn.Module] = []

    def demand(header: dict[str, Any]) -> Mapping[str, Tensor]:
        built.append(_laid_out(header, path))
        return built[0].state_dict()

    header, found = _open(path, demand=demand)
    wanted = built[0].state_dict()
    tensors = {name: tensor.to(wanted[name].dtype) for name, tensor in found.items()}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise BadCheckpoint(f"{path}: {shown(name)} has values that are no finite numbers")
    built[0].load_state_dict(tensors, assign=True)
    return built[0].eval(), header


def _laid_out(header: dict[str, Any], path: Path) -> nn.Module:
    """The model that a header describes, without memory for its weights."""
    spec = ModelSpec.read(header.get("model"), f"the header of {path}")
    try:
        with torch.device("meta"):
            return spec.build()
    except (LookupError, TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise Damaged(f"{path}: no model is as its header says: {error}") from error


Form = tuple[list[int], str]
"""Shape of a tensor, and what its numbers are: F of any precision, I whole numbers, …."""


def _kind(dtype: str) -> str:
    """What numbers of this type are, whether torch or safetensors names it."""
    return "F" if dtype.upper().startswith(("F", "BF")) else dtype[0].upper()


def _form(tensor: Tensor) -> Form:
    return [*tensor.shape], _kind(str(tensor.dtype).removeprefix("torch."))


def _compare(path: Path, found: Mapping[str, Form], wanted: Mapping[str, Tensor]) -> None:
    """Raises `Damaged` unless the tensors of a file have the names, shapes and types of a model."""
    for name in sorted(found.keys() | wanted.keys()):
        theirs = found.get(name, (None, ""))
        ours = _form(wanted[name]) if name in wanted else (None, "")
        if theirs != ours:
            raise Damaged(
                f"{path}: the weights do not fit the header: {shown(name)} has the shape "
                f"{theirs[0]} {theirs[1]} in the file and {ours[0]} {ours[1]} in the model"
            )


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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Progress:
    """What the loop needs to go on, beside tensors."""

    options: dict[str, Any]
    history: list[dict[str, Annotated[float, ANY_FLOAT]]]
    best_epoch: Epoch
    best_score: Annotated[float, ANY_FLOAT]
    scaler: dict[str, Any]
    restarted: Epoch = 0
    """After which epoch the optimiser began anew, since the file of the last was damaged."""


def load_state(path: Path, owners: Owners) -> Progress:
    """Puts a packed state back into its owners and returns what else was kept.

    Raises:
        BadCheckpoint: the file is damaged, or is the state of something else; no owner is changed.
    """
    header, tensors = _open(path, demand=lambda header: None)
    parts = {
        owner: {k.partition("/")[2]: v for k, v in tensors.items() if k.startswith(f"{owner}/")}
        for owner in owners
    }
    states = {}
    try:
        kept = fitted(Progress, header, f"the header of {path}")
        for owner, one in owners.items():
            if isinstance(one, nn.Module):
                forms = {name: _form(tensor) for name, tensor in parts[owner].items()}
                _compare(path, forms, one.state_dict())
            else:
                states[owner] = _state_of(one, parts[owner])
    except (LookupError, ValueError) as error:
        raise BadCheckpoint(f"{path} does not hold the state of this run: {error}") from error
    for owner, one in owners.items():
        if isinstance(one, nn.Module):
            one.load_state_dict(parts[owner])
        else:
            _load_optimizer(one, states[owner])
    return kept


def _state_of(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """An optimiser's tensors by the number of their parameter. Raises `ValueError`, `LookupError`.

    All parameters have the same: the step, a number, and others of the parameter's own shape.
    """
    owned = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, key = name.partition("/")
        if value.shape != (() if key == "step" else owned[int(index)].shape):
            raise ValueError(f"optimizer/{shown(name)} has the shape {[*value.shape]}")
        if value.ndim == 4:  # the layout that training runs in; files are row-major
            value = value.contiguous(memory_format=torch.channels_last)
        state.setdefault(int(index), {})[key] = value
    if len({frozenset(one) for one in state.values()}) > 1:
        raise ValueError("the optimizer has not the same of each parameter")
    return state


def _load_optimizer(optimizer: Optimizer, state: dict[int, dict[str, Tensor]]) -> None:
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
