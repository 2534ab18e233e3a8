"""Step time and peak memory of an architecture search, beside training the hand-made U-Net.

Same patches, same batch, each contestant a process of its own, in turns. A step is one update of
the weights; that of a search has the architecture's own step before it. All compute in fp32, in
which second order must.
"""

import argparse
import contextlib
import json
from typing import Any

import torch

from aerial_nni.bench.table import Table
from aerial_nni.bench.train import in_turns
from aerial_nni.bench.worker import Worker
from aerial_nni.config.options import as_dict, changed
from aerial_nni.models.genotype import space_size
from aerial_nni.recipes.darts.options import SearchOptions

PLAIN, FIRST = "hand-made U-Net", "supernet, first order"
CONTESTANTS: dict[str, dict[str, Any]] = {
    PLAIN: {"search": False},
    FIRST: {},
    "supernet, second order": {"order": "second"},
    "first order, recomputed": {"recompute": True},
    "second order, recomputed": {"order": "second", "recompute": True},
    "first order, a quarter of the channels": {"parts": 4},
    "second order, a quarter of the channels": {"order": "second", "parts": 4},
    "first order, one operation drawn (gumbel)": {"variant": "gumbel"},
}


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    parser.add_argument("--width", type=int, default=8, help="(default: 8)")
    parser.add_argument("--depth", type=int, default=3, help="(default: 3)")
    parser.add_argument("--nodes", type=int, default=2, help="of a block (default: 2)")
    parser.add_argument("--space-to-depth", type=int, default=2, help="(default: 2)")
    parser.add_argument("--batch", type=int, default=8, help="patches per step (default: 8)")
    parser.add_argument("--patch", type=int, default=0, help="pixels; 0: the dataset's own")
    parser.add_argument("--steps", type=int, default=2, help="steps per turn (default: 2)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")
    parser.add_argument("--threads", type=int, default=2, help="of each (default: 2)")


def measure(given: argparse.Namespace) -> Table:
    """The table of all contestants; the last columns are ratios to plain training."""
    names = ("data", "data_dir", "width", "depth", "nodes", "space_to_depth", "batch", "patch")
    shared = {name: getattr(given, name) for name in names}
    shared |= {"search": True, "warmup": 0, "precision": "fp32", "loss": "ce", "optimizer": "sgd"}
    with contextlib.ExitStack() as stack:
        workers = {}
        for name, own in CONTESTANTS.items():
            options = changed(SearchOptions(), {**shared, **own})
            words = [json.dumps(as_dict(options)), str(given.steps)]
            worker = Worker(name, "aerial_nni.bench.darts_worker", words, threads=given.threads)
            workers[name] = stack.enter_context(worker)
        seconds = in_turns(workers, given.rounds)
        peaks = {name: worker.peak() for name, worker in workers.items()}
    plain, first = seconds[PLAIN], seconds[FIRST]
    return Table(
        title="Cost of an architecture search",
        columns=(
            "Training", "Milliseconds per step", "Peak memory (MB)", "Times plain training",
            "Times first order",
        ),
        rows=tuple(
            (name, 1000 * value / given.steps, peaks[name] / 1e6, value / plain, value / first)
            for name, value in seconds.items()
        ),
        notes=(
            f"Width {given.width}, depth {given.depth}, {given.nodes} nodes a block, "
            f"space_to_depth {given.space_to_depth}: {space_size(given.depth, given.nodes):.1e} "
            f"architectures. Batch {given.batch} of {given.data}, {given.threads} threads, SGD, "
            f"fp32; median of {given.rounds} turns of {given.steps} steps each.",
            "The peak holds the interpreter and its libraries too, and a search imports NNI.",
        ),
        device=torch.device("cpu"),
    )  # fmt: skip
