"""Time and memory of a step of DeepLabV3 on a whole picture, recomputed, and on a crop.

Each way is a process of its own, in turns, in fp32 on a processor, with a batch of one.
"""

import argparse
import contextlib

import torch

from aerial_nni.bench.table import Table
from aerial_nni.bench.train import in_turns
from aerial_nni.bench.worker import Worker
from aerial_nni.config.families.deeplab import BACKBONES

WHOLE, RECOMPUTED, CROP = "whole picture", "whole picture, recomputed", "crop of half the sides"
WAYS = (WHOLE, RECOMPUTED, CROP)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    parser.add_argument("--backbones", nargs="+", choices=BACKBONES, default=BACKBONES,
                        help="(default: all)")  # fmt: skip
    parser.add_argument("--height", type=int, default=720, help="of the picture (default: 720)")
    parser.add_argument("--width", type=int, default=1280, help="(default: 1280)")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each (default: 2)")
    parser.add_argument("--threads", type=int, default=2, help="of each (default: 2)")


def measure(given: argparse.Namespace) -> Table:
    """The table of all ways with each backbone; those of one backbone are measured in turns."""
    rows: list[tuple[str | float, ...]] = []
    for backbone in given.backbones:
        seconds, peaks = _measured(backbone, given)
        rows += [
            (backbone, way, seconds[way], peaks[way] / 1e9, seconds[way] / seconds[WHOLE],
             peaks[way] / peaks[WHOLE])
            for way in WAYS
        ]  # fmt: skip
    return Table(
        title="A step of DeepLabV3 in time and memory",
        columns=("Backbone", "What learns", "Seconds", "Peak memory (GB)", "Times the whole",
                 "Share of its memory"),
        rows=tuple(rows),
        notes=(
            f"Pictures of {given.height}×{given.width} pixels, crops of {given.height // 2}×"
            f"{given.width // 2}; a batch of one, both heads, cross-entropy, forward and backward "
            f"in fp32, {given.threads} threads, median of {given.rounds} turns.",
            "The peak is of the whole process: interpreter, libraries, weights and gradients are "
            "in it, an optimiser's state is not. `--recompute` is the second way, `--patch "
            f"{given.height // 2} --patch-width {given.width // 2}` the third.",
        ),
        device=torch.device("cpu"),
    )  # fmt: skip


def _measured(
    backbone: str, given: argparse.Namespace
) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of a step and peak bytes of each way."""
    with contextlib.ExitStack() as stack:
        workers = {}
        for way in WAYS:
            part = 2 if way == CROP else 1
            words = [backbone, str(int(way == RECOMPUTED)), str(given.height // part),
                     str(given.width // part)]  # fmt: skip
            worker = Worker(way, "aerial_nni.bench.drone_worker", words, threads=given.threads)
            workers[way] = stack.enter_context(worker)
        seconds = in_turns(workers, given.rounds)
        return seconds, {way: worker.peak() for way, worker in workers.items()}
