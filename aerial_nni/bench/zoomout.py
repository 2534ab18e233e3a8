"""Time and memory of zoom-out beside the stack of all features that the reference work makes.

Same weights, same picture, each way a process of its own, in turns, in fp32. That both compute the
same is measured too.
"""

import argparse
import contextlib
import dataclasses
import json

import torch

from aerial_nni.bench.table import Table
from aerial_nni.bench.train import in_turns
from aerial_nni.bench.worker import Worker
from aerial_nni.bench.zoomout_worker import STEPS, built, naive, picture
from aerial_nni.models import ModelSpec
from aerial_nni.models.backbone import VGGS

REST = "rest"
STRIDE = 16
"""Pixels between two places of the deepest map of a VGG."""

WAYS = {
    "network": "the frozen network alone",
    "stack": "the stack",
    "ours": "zoom-out as here",
    "stack, step": "the stack, a step of the second stage",
    "ours, step": "zoom-out as here, a step of the second stage",
}
"""What a worker is told to do -> what it is called."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    parser.add_argument("--backbone", choices=VGGS, default="vgg16", help="(default: vgg16)")
    parser.add_argument("--size", type=multiple, default=256,
                        help=f"of the picture, a multiple of {STRIDE} (default: 256)")  # fmt: skip
    parser.add_argument("--hidden", type=int, default=1024, help="(default: 1024)")
    parser.add_argument("--spacing", type=int, choices=STEPS, default=4,
                        help="pixels between two that are classified (default: 4)")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")
    parser.add_argument("--threads", type=int, default=2, help="of each (default: 2)")


def multiple(text: str) -> int:
    """A size that the stack, which is not padded, classifies as zoom-out does."""
    size = int(text)
    if size < STRIDE or size % STRIDE:
        near = STRIDE * max(1, round(size / STRIDE))
        raise argparse.ArgumentTypeError(f"{size} is no multiple of {STRIDE}; give {near}")
    return size


def measure(given: argparse.Namespace) -> Table:
    """The table of all ways; the last two columns compare with the stack."""
    spec = spec_of(given)
    with contextlib.ExitStack() as stack:
        workers = {}
        for way in (REST, *WAYS):
            words = [way, json.dumps(dataclasses.asdict(spec)), str(given.size)]
            module = "aerial_nni.bench.zoomout_worker"
            worker = Worker(way, module, words, threads=given.threads)
            workers[way] = stack.enter_context(worker)
        seconds = in_turns(workers, given.rounds)
        peaks = {way: worker.peak() for way, worker in workers.items()}
    above = {way: peaks[way] - peaks[REST] for way in WAYS}
    dimension = built(spec).dimension
    rows = []
    for way, name in WAYS.items():
        stacked = "stack, step" if way.endswith("step") else "stack"
        rows.append(
            (name, 1000 * seconds[way], above[way] / 1e6, seconds[stacked] / seconds[way],
             above[way] / max(1, above[stacked]))
        )  # fmt: skip
    return Table(
        title="Zoom-out without the stack of features",
        columns=("Way", "Milliseconds", "Peak memory (MB)", "Times as fast as the stack",
                 "Share of its memory"),
        rows=tuple(rows),
        notes=(
            f"One picture of {given.size}×{given.size} pixels, {given.backbone} with "
            f"{dimension:,} features of a pixel, a classifier {given.hidden} wide, every "
            f"{given.spacing}th pixel classified (the stack: strides of the reference work); fp32, "
            f"{given.threads} threads, median of {given.rounds} turns.",
            "The stack: each map enlarged to the picture's size and joined, "
            f"{4 * dimension * given.size**2 / 1e9:.1f} GB, and a standardised copy of it, which "
            "the classifier's first layer takes as a whole.",
            f"The largest difference of a logit between both ways is {difference(given):.2g}.",
            "Memory is the peak above that of a process in which the model has classified 16×16 "
            f"pixels, {peaks[REST] / 1e6:.0f} MB.",
        ),
        device=torch.device("cpu"),
    )  # fmt: skip


def spec_of(given: argparse.Namespace) -> ModelSpec:
    """The model that is measured."""
    more = {
        "backbone": given.backbone,
        "hidden": given.hidden,
        "spacing": given.spacing,
        "dropout": 0.0,
    }
    return ModelSpec(model="zoomout", bands=3, classes=2, options=more)


def difference(given: argparse.Namespace) -> float:
    """The largest difference of a logit between zoom-out and the stack."""
    model, x = built(spec_of(given)).eval(), picture(given.size)
    with torch.inference_mode():
        return float((model(x) - naive(model, x)).abs().max())
