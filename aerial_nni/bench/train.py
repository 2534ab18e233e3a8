"""Patches per second of the training loop, a plain fp32 loop and a Lightning Trainer.

Same model, same patches, same batch, same loss and update rule, one process, in turns: each
contestant trains for some steps, then the next, round after round, so that a machine that slows
down slows all of them down. The figure is the median over rounds.
"""

import argparse
import dataclasses
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

from aerial_nni.bench.lightning_loop import lightning_turn
from aerial_nni.bench.table import Table
from aerial_nni.config.errors import with_extra
from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.data.pipeline.batches import Batch, Batches
from aerial_nni.models import build_model, model_spec
from aerial_nni.training.device import autocast
from aerial_nni.training.evaluation import Evaluation
from aerial_nni.training.loop import Trainer, TrainingTask
from aerial_nni.training.losses import build_loss
from aerial_nni.training.optim import build_optimizer
from aerial_nni.training.seeds import generator
from aerial_nni.trials.run_trial import (
    DataContext,
    TrainingSetup,
    masks_alone,
    open_data_context,
)

Turn = Callable[[], float]
"""Trains for the steps of a turn and returns the seconds they took."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    parser.add_argument("--width", type=int, default=16, help="width of the U-Net (default: 16)")
    parser.add_argument("--batch", type=int, default=16, help="patches per step (default: 16)")
    parser.add_argument("--patch", type=int, default=0, help="pixels; 0: the dataset's own")
    parser.add_argument("--steps", type=int, default=10, help="steps per turn (default: 10)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")


def measure(given: argparse.Namespace) -> Table:
    """The table of all contestants; the last column is the ratio to the plain loop."""
    with_extra("lightning", "bench")  # before anything is prepared
    names = ("data", "data_dir", "width", "batch", "patch")
    options = changed(TrialOptions(), {name: getattr(given, name) for name in names})
    with tempfile.TemporaryDirectory(prefix="aerial-bench-") as folder:
        context = open_data_context(options, Path(folder))
        turns = _contestants(options, context, given.steps, Path(folder))
        seconds = in_turns(turns, given.rounds)
    patches = given.steps * given.batch
    speed = {name: patches / median for name, median in seconds.items()}
    plain = next(iter(speed.values()))
    return Table(
        title="Training speed",
        columns=("Loop", "Patches per second", "Times the plain loop"),
        rows=tuple((name, value, value / plain) for name, value in speed.items()),
        notes=(
            f"U-Net of width {given.width}, {context.prepared.patch}-pixel patches of "
            f"{context.prepared.facts.name}, batch {given.batch}, loss {options.loss}, "
            f"{options.optimizer}; median of {given.rounds} turns of {given.steps} steps each.",
            f"The last three compute in {context.precision} with channels_last. aerial_nni also "
            "augments (flips, turns, zoom, colour), clips gradients and watches for NaN; the plain "
            "loop only normalises.",
        ),
        device=context.device,
    )


def in_turns(turns: Mapping[str, Turn], rounds: int) -> dict[str, float]:
    """Median seconds of a turn of each contestant."""
    for turn in turns.values():
        turn()  # warm up: allocators, thread pools, kernels chosen
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            seconds[name].append(turn())
    return {name: statistics.median(times) for name, times in seconds.items()}


def _contestants(
    options: TrialOptions, context: DataContext, steps: int, folder: Path
) -> dict[str, Turn]:
    bands, classes = len(context.prepared.facts.bands), len(context.prepared.facts.classes)

    def model() -> nn.Module:
        return build_model(options, bands=bands, classes=classes).to(context.device)

    loader = _loader(options, context, steps)
    batch = next(context.batches(options, training=False).in_order())
    fast = model().to(memory_format=torch.channels_last)
    return {
        "plain loop, fp32": _by_hand(
            model(), options, lambda: _moved(loader, context.device), precision="fp32"
        ),
        "model alone, one batch again and again": _by_hand(
            fast, options, lambda: iter([batch] * steps), precision=context.precision
        ),
        "Lightning Trainer": lightning_turn(model(), options, context, loader),
        "aerial_nni with its data pipeline": our_turn(
            options, context, masks_alone(options, context), steps=steps, folder=folder
        ),
    }


class _Patches(Dataset[Any]):
    """Training patches one by one, as anybody would write it."""

    def __init__(self, context: DataContext) -> None:
        self.ground = context

    def __len__(self) -> int:
        return len(self.ground.split.train)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        prepared, index = self.ground.prepared, self.ground.split.train[i]
        image = torch.from_numpy(prepared.images[index].copy()).permute(2, 0, 1)
        image = self.ground.normalisation(image.unsqueeze(0)).squeeze(0)
        return image, torch.from_numpy(prepared.masks[index].copy())


def _loader(options: TrialOptions, context: DataContext, steps: int) -> DataLoader[Any]:
    """A plain loader in this process: on two cores, workers only take time from the model."""
    patches = _Patches(context)
    sampler = RandomSampler(patches, replacement=True, num_samples=steps * options.batch)
    return DataLoader(patches, batch_size=options.batch, sampler=sampler)


def _moved(loader: DataLoader[Any], device: torch.device) -> Iterator[Batch]:
    for images, masks in loader:
        yield images.contiguous().to(device), masks.to(device)


def _by_hand(
    model: nn.Module,
    options: TrialOptions,
    batches: Callable[[], Iterator[Batch]],
    *,
    precision: str,
) -> Turn:
    """A turn of a loop as anybody would write it."""
    optimizer = build_optimizer(model, options)
    loss = build_loss(options.loss)

    def turn() -> float:
        started = time.perf_counter()
        for images, masks in batches():
            with autocast(images.device, precision):
                logits = model(images)
            value = loss(logits, masks)
            value.backward()
            optimizer.step()
            optimizer.zero_grad()
        value.item()  # wait for the device
        return time.perf_counter() - started

    return turn


def our_turn(
    options: TrialOptions, context: DataContext, setup: TrainingSetup, *, steps: int, folder: Path
) -> Turn:
    """A turn of `Trainer.train`, with everything it does for a user between two validations."""
    facts = context.prepared.facts
    spec = model_spec(options, bands=len(facts.bands), classes=len(facts.classes))
    trainer = Trainer(
        setup.model or spec.build(),
        spec,
        options,
        device=context.device,
        precision=context.precision,
        folder=folder,
    )
    source = setup.training or context.batches(options, training=True)
    source = dataclasses.replace(source, attached=setup.attached)
    task = TrainingTask(
        training=lambda epoch: islice(_endless(source), steps),
        steps=steps,
        objective=setup.objective,
        evaluate=lambda model: Evaluation(torch.zeros(2, 2)),  # never called
        callback=setup.callback,
        classes=facts.classes,
        header={},
    )

    def turn() -> float:
        started = time.perf_counter()
        trainer.train(0, task)
        return time.perf_counter() - started

    return turn


def _endless(source: Batches) -> Iterator[Batch]:
    """Training batches without end, for sets smaller than a turn."""
    order, augmentation = generator(0, "order"), generator(0, "augmentation")
    while True:
        yield from source.shuffled(order, augmentation)
