"""A checkpoint as it is typed: a file, or the experiment whose best one is meant."""

from pathlib import Path

from aerial_nni.config.options import Options, changed, families_with, option_value

NAMES = ("coco", "imagenet", "random")
"""Weights to begin with that are no file."""


def checkpoint_of(place: str, runs: Path) -> tuple[Path, str]:
    """The file that `place` means, and a name for it.

    What looks like a path is one; else it is an experiment in `runs`, or the beginning of its name.

    Raises:
        UnknownExperiment, NothingToExport: there is no such experiment, or it has no good trial.
    """
    path = Path(place).expanduser()
    if path.exists() or path.suffix or len(path.parts) > 1:
        return path, path.stem
    from aerial_nni.nni_backend.stored_experiments import best_checkpoint

    checkpoint = best_checkpoint(runs, place)
    return checkpoint, checkpoint.parents[1].name


def with_weights(options: Options, runs: Path) -> Options:
    """The options with `backbone_weights` as trials take it, which start elsewhere.

    Raises:
        UnknownExperiment, NothingToExport: it names no file, nor an experiment with a good trial.
    """
    if options.model not in families_with("backbone_weights"):
        return options
    given = str(option_value(options, "backbone_weights"))
    if given in NAMES:
        return options
    path, _ = checkpoint_of(given, runs)
    return changed(options, {"backbone_weights": str(path.expanduser().resolve())})
