"""Data and split of an experiment, made before NNI starts, so that an error costs nothing."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from aerial_nni.config.families import FAMILIES
from aerial_nni.config.families.family import NetworkOptions, resolve
from aerial_nni.config.options import Options, TrialOptions
from aerial_nni.config.run_folder import SPLIT
from aerial_nni.data import open_dataset
from aerial_nni.data.dataset import Facts
from aerial_nni.data.pipeline.loading import chosen_patches, chosen_split
from aerial_nni.data.pipeline.prepared import Prepared, without_classes
from aerial_nni.data.pipeline.split_files import save_split
from aerial_nni.data.pipeline.splits import Split

Check = Callable[[Prepared, Split], None]
"""Raises an error about what was chosen."""

CheckFacts = Callable[[Facts], None]
"""The same about classes and bands alone, which are known before a picture is read."""


def prepare_data(
    options: Options,
    folder: Path,
    *,
    check: Check | None = None,
    check_facts: CheckFacts | None = None,
    networks: Sequence[NetworkOptions] = (),
) -> Options:
    """Fills the cache, writes the split into the experiment's folder; the options of its trials.

    They name the data by an absolute path, since trials start elsewhere, and the split by its
    file, so that all trials train on the same patches. Nothing is written if there is an error,
    be it one of `check`; where it is one of `check_facts` no picture was read. The weights that
    the networks of the trials begin with are looked at too: of `networks`, by default the options'.

    Raises:
        BackboneMissing, BackboneUnfit, DatasetMissing, BadSamples, SplitOverlap, BadOption: with
            what to type next.
    """
    if options.data_dir:
        data_dir = str(Path(options.data_dir).expanduser().resolve())
        options = dataclasses.replace(options, data_dir=data_dir)
    begun = [_weights(one) for one in networks or [options.network]]
    by_facts = [one[0] for one in begun if one] + ([check_facts] if check_facts else [])
    by_data = [one[1] for one in begun if one] + ([check] if check else [])
    if by_facts:
        dataset = open_dataset(options.data, options.data_dir)
        for one in by_facts:
            one(without_classes(dataset.facts, options.void_classes)[0])
    prepared = _prepared(options)
    split = chosen_split(options, prepared)
    for each in by_data:
        each(prepared, split)
    save_split(folder / SPLIT, prepared, split)
    return dataclasses.replace(options, split=str(folder / SPLIT))


def _weights(network: NetworkOptions) -> tuple[CheckFacts, Check] | None:
    """What checks the weights that such a network begins with, if it has any but drawn ones."""
    family = next(family for family in FAMILIES.values() if family.options is type(network))
    if not family.weights:
        return None
    checks: tuple[CheckFacts, Check] = resolve(family.weights)(network)
    return checks


def _prepared(options: TrialOptions) -> Prepared:
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
        return chosen_patches(options, progress=progress)
    finally:
        if bar is not None:
            bar.close()
