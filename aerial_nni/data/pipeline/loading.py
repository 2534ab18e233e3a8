"""Load the data that the options choose: its patches and their split."""

from collections.abc import Callable
from pathlib import Path

from aerial_nni.config.options import TrialOptions, is_rule
from aerial_nni.data import open_dataset
from aerial_nni.data.pipeline.prepared import Prepared, prepare
from aerial_nni.data.pipeline.split_files import load_split
from aerial_nni.data.pipeline.split_making import make_split
from aerial_nni.data.pipeline.splits import Split


def chosen_patches(
    options: TrialOptions, *, progress: Callable[[int, int], None] | None = None
) -> Prepared:
    """The prepared patches of the dataset that `options` name.

    Raises:
        DatasetMissing, BadSamples, BadOption: with what to type next.
    """
    return prepare(
        open_dataset(options.data, options.data_dir),
        patch=options.patch,
        patch_width=options.patch_width,
        stride=options.stride,
        edge=options.edge,
        skip_bad=options.skip_bad,
        void_classes=options.void_classes,
        progress=progress,
    )


def chosen_split(options: TrialOptions, prepared: Prepared) -> Split:
    """The split made by the rule that `options` name, or read from the file they name.

    Raises:
        SplitOverlap, SplitImpossible, SplitMismatch, SideVoid, BadOption: with what to type next.
    """
    if is_rule(options.split):
        fraction, seed = options.val_fraction, options.split_seed
        return make_split(prepared, options.split, val_fraction=fraction, seed=seed)
    return load_split(Path(options.split).expanduser(), prepared)
