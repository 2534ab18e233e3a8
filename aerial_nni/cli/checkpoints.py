"""A checkpoint as it is typed: a file, or the experiment whose best one is meant."""

from pathlib import Path


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
