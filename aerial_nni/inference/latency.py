"""Latency of a patch for several networks, which take turns in one process."""

import statistics
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from aerial_nni import __version__
from aerial_nni.config.run_folder import COSTS, sha256, write_json
from aerial_nni.inference import Segmenter, open_model
from aerial_nni.inference.training_data import own_data
from aerial_nni.training.device import machine_name

WARM, ROUNDS = 2, 15
"""Rounds that do not count, and rounds that do. In each, every network segments the patch once."""


def write_latencies(folder: Path, checkpoints: Mapping[str, Path]) -> None:
    """Writes `costs.json` into `folder`: the time of a patch in each network, by its name.

    In fp32 on the processor. The file holds the hashes of the checkpoints that it is about.

    Raises:
        DataUnknown, DatasetMissing, SplitMismatch: the patches of the trials are not there.
        BadCheckpoint: a network cannot be used.
    """
    prepared, split = own_data(next(iter(checkpoints.values())))
    networks = {
        name: open_model(path, device="cpu", precision="fp32") for name, path in checkpoints.items()
    }
    seconds = _take_turns(networks, prepared.images[split.val[0]].copy())
    write_json(
        folder / COSTS,
        {
            "checkpoints": {name: sha256(path) for name, path in checkpoints.items()},
            "costs": {name: {"patch_seconds": value} for name, value in seconds.items()},
            "patch": prepared.patch,
            "machine": machine_name(torch.device("cpu")),
            "versions": {"aerial_nni": __version__, "torch": torch.__version__},
        },
    )


def _take_turns(networks: Mapping[str, Segmenter], pixels: np.ndarray) -> dict[str, float]:
    """Median seconds of each network; `pixels` are those of a patch, (h, w, bands)."""
    seconds: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(WARM + ROUNDS):
        for name, network in networks.items():
            before = time.perf_counter()
            network(pixels)
            seconds[name].append(time.perf_counter() - before)
    return {name: statistics.median(values[WARM:]) for name, values in seconds.items()}
