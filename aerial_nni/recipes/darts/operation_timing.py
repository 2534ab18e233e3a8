"""How long a supernet's operations take where they stand: measured once, then kept in a file.

On a machine whose cores others use too, times say as much of these as of the operations.
"""

import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aerial_nni.config.run_folder import LATENCY, read_json, write_json
from aerial_nni.recipes.darts.cost import Cost
from aerial_nni.recipes.darts.supernet import Supernet
from aerial_nni.training.device import autocast, machine_name

REPEATS = 8
"""Times that an operation runs. The shortest counts: what else a machine does only adds to it."""

Inputs = tuple[Tensor, ...]


def latency(supernet: Supernet, images: Tensor, *, precision: str, folder: Path) -> Cost:
    """Milliseconds of a patch in each operation, forward alone, on the device of `images`.

    A trial that goes on reads what it measured before: else its search would change course.

    Args:
        supernet: not yet run, so that each place passes on its first candidate.
        images: a batch of the search, (b, bands, h, w).
        precision: that of the search.
        folder: the trial's, which holds or gets the file.
    """
    path = folder / LATENCY
    if not path.is_file():
        operations, fixed = time_operations(supernet, images, precision=precision)
        shape = {"batch": len(images), "shape": list(images.shape[1:]), "precision": precision}
        machine = {"machine": machine_name(images.device)}
        write_json(path, {**machine, **shape, "fixed": fixed, "operations": operations})
    kept = read_json(path)
    return Cost(kept["operations"], kept["fixed"])


def time_operations(
    supernet: Supernet, images: Tensor, *, precision: str
) -> tuple[dict[str, dict[str, float]], float]:
    """Milliseconds of a patch by place and operation, and those of the first and last convolution.

    Operations that are built alike and see the same shape are timed once. The weights and the
    statistics of batch norm stay as they are.
    """
    network = supernet.network
    ends = {"first": network.stem, "last": network.head}
    seen: dict[str, Inputs] = {}
    known: dict[tuple[Any, ...], float] = {}

    def measured(module: nn.Module, label: str) -> float:
        inputs = seen[label]
        kind = (repr(module), *(tensor.shape for tensor in inputs))
        if kind not in known:
            known[kind] = _milliseconds(module, inputs) / len(images)
        return known[kind]

    hooks = [
        module.register_forward_pre_hook(
            lambda _, inputs, label=label: seen.__setitem__(label, inputs)
        )
        for label, module in (*supernet.mixed.items(), *ends.items())
    ]
    was_training = supernet.training
    supernet.eval()
    try:
        with torch.no_grad(), autocast(images.device, precision):
            network(images)
            operations = {
                label: {name: measured(one, label) for name, one in mixed.candidates.items()}
                for label, mixed in supernet.mixed.items()
            }
            fixed = sum(measured(module, label) for label, module in ends.items())
    finally:
        for hook in hooks:
            hook.remove()
        supernet.train(was_training)
    return operations, fixed


def _milliseconds(module: nn.Module, inputs: Inputs) -> float:
    """Shortest time of a forward pass."""
    device = inputs[0].device
    seconds = []
    for _ in range(REPEATS):
        _wait(device)
        before = time.perf_counter()
        module(*inputs)
        _wait(device)
        seconds.append(time.perf_counter() - before)
    return 1e3 * min(seconds)


def _wait(device: torch.device) -> None:
    """Until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
