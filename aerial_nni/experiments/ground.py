"""Data and split of an experiment, made before NNI starts, so that an error costs nothing."""

import dataclasses
import sys
from pathlib import Path

from tqdm import tqdm

from aerial_nni.data import open_dataset
from aerial_nni.data.prepared import Prepared, prepare
from aerial_nni.data.splits import Split, load_split, make_split, save_split
from aerial_nni.options import SPLITS, TrialOptions
from aerial_nni.results import SPLIT


def lay_ground(options: TrialOptions, folder: Path) -> TrialOptions:
    """Fills the cache, writes the split into the experiment's folder; the options of its trials.

    They name the data by an absolute path, since trials start elsewhere, and the split by its
    file, so that all trials train on the same patches. Nothing is written if there is an error.

    Raises:
        DatasetMissing, BadSamples, SplitOverlap, BadOption: with what to type next.
    """
    if options.data_dir:
        data_dir = str(Path(options.data_dir).expanduser().resolve())
        options = dataclasses.replace(options, data_dir=data_dir)
    prepared = _prepared(options)
    split = _split(options, prepared)
    save_split(folder / SPLIT, prepared, split)
    return dataclasses.replace(options, split=str(folder / SPLIT))


def _prepared(options: TrialOptions) -> Prepared:
    dataset = open_dataset(options.data, options.data_dir)
    bar: tqdm | None = None

    def progress(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(total=total, desc=f"preparing {options.data}", unit="image", leave=False)
            if not sys.stderr.isatty():
                bar.disable = True
                print(f"preparing {options.data}: {total} images", file=sys.stderr, flush=True)
        bar.update(done - bar.n)

    try:
        return prepare(
            dataset,
            patch=options.patch,
            stride=options.stride or options.patch,
            edge=options.edge,
            skip_bad=options.skip_bad,
            void_classes=options.void_classes,
            progress=progress,
        )
    finally:
        if bar is not None:
            bar.close()


def _split(options: TrialOptions, prepared: Prepared) -> Split:
    if options.split in SPLITS:
        fraction, seed = options.val_fraction, options.split_seed
        return make_split(prepared, options.split, val_fraction=fraction, seed=seed)
    return load_split(Path(options.split).expanduser(), prepared)
