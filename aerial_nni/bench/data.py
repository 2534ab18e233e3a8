"""Seconds to build and to open the prepared cache, and patches per second of the data pipeline.

Beside it what a plain loader does: decode the picture each time and cut the patch out of it.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aerial_nni.bench.table import Table
from aerial_nni.config.options import TrialOptions, changed
from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import Dataset
from aerial_nni.data.pipeline.prepared import Prepared, prepare
from aerial_nni.training.seeds import generator
from aerial_nni.trials.run_trial import DataContext, open_data_context


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    parser.add_argument("--batch", type=int, default=16, help="patches per batch (default: 16)")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions (default: 5)")


def measure(given: argparse.Namespace) -> Table:
    """Build and open times in a fresh cache, and rates of both pipelines."""
    dataset = open_dataset(given.data, given.data_dir)
    with tempfile.TemporaryDirectory(prefix="aerial-bench-") as folder:
        cache = Path(folder)
        build, prepared = _seconds(lambda: prepare(dataset, cache=cache))
        again = [_seconds(lambda: prepare(open_dataset(given.data, given.data_dir), cache=cache))
                 for _ in range(given.rounds)]  # fmt: skip
        opening = statistics.median(seconds for seconds, _ in again)
        names = ("data", "data_dir", "batch")
        options = changed(TrialOptions(), {name: getattr(given, name) for name in names})
        context = open_data_context(options, cache)
        plain = [_plain_rate(dataset, prepared, seed) for seed in range(given.rounds)]
        ours = [_rate(options, context, seed) for seed in range(given.rounds)]
    decode, sampled = statistics.median(plain), statistics.median(ours)
    return Table(
        title="Data pipeline",
        columns=("What", "Figure", "Unit"),
        rows=(
            ("build the cache", build, "s"),
            ("open the cache", opening, "s"),
            ("decode each time, no augmentation", decode, "patches/s"),
            ("aerial_nni: cache, shuffled, augmented, normalised", sampled, "patches/s"),
            ("ratio of the two rates", sampled / decode, "times"),
        ),
        notes=(
            f"{len(dataset.samples)} pictures of {dataset.facts.name}, {len(prepared.patches)} "
            f"patches of {prepared.patch} pixels; medians of {given.rounds}. The files themselves "
            "were in the system's page cache.",
        ),
        device=context.device,
    )


def _seconds(work: Callable[[], Prepared]) -> tuple[float, Prepared]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _plain_rate(dataset: Dataset, prepared: Prepared, seed: int, *, count: int = 12) -> float:
    """Patches per second when each patch decodes its picture."""
    samples = {sample.name: sample for sample in dataset.samples}
    chosen = np.random.default_rng(seed).choice(len(prepared.patches), count)
    started = time.perf_counter()
    for index in chosen:
        patch = prepared.patches[index]
        image, mask = dataset.read(samples[patch.image])
        window = np.s_[patch.y : patch.y + patch.height, patch.x : patch.x + patch.width]
        _ = image[window].astype(np.float32) / 255, mask[window].astype(np.int64)
    return count / (time.perf_counter() - started)


def _rate(options: TrialOptions, context: DataContext, seed: int) -> float:
    """Patches per second of the training pipeline with nobody waiting for the model."""
    source = context.batches(options, training=True)
    started = time.perf_counter()
    batches = source.shuffled(generator(seed, "order"), generator(seed, "augmentation"))
    patches = sum(len(images) for images, _ in batches)
    return patches / (time.perf_counter() - started)
