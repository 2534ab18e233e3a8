"""Documents with plots, written from result folders and nothing else.

from aerial_nni.reports import write_report
write_report([Path("runs/abc12345")], Path("docs"))
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from aerial_nni.reports.distill.document import write_distillation
from aerial_nni.reports.document import write_baseline
from aerial_nni.reports.folder import Experiment, ResultUnusable, read_experiment
from aerial_nni.reports.hpo.document import write_hpo

DOCUMENTS: dict[str, Callable[[Sequence[Experiment], Path], Path]] = {
    "baseline": write_baseline,
    "hpo": write_hpo,
    "distill": write_distillation,
}
"""Kind of an experiment -> the function that writes its document."""


def write_report(experiments: list[Path], docs: Path) -> Path:
    """Writes the document of the experiments in these folders under `docs`; returns its path.

    The first experiment is the main one; the others, of the same kind, stand beside it in the
    table of scores. A trial's own folder counts as an experiment of one trial.

    Raises:
        ResultUnusable: a file of a result folder is missing or damaged; the message names it.
        ValueError: there is no experiment, or they are of different kinds.
    """
    if not experiments:
        raise ValueError("no experiment is given; give the folder of at least one")
    found = [read_experiment(folder) for folder in experiments]
    kinds = {experiment.kind for experiment in found}
    if len(kinds) > 1 or not kinds <= DOCUMENTS.keys():
        raise ValueError(
            f"the experiments are of the kinds {', '.join(sorted(kinds))}; "
            f"give experiments of one kind out of {', '.join(DOCUMENTS)}"
        )
    return DOCUMENTS[kinds.pop()](found, docs)


__all__ = ["DOCUMENTS", "ResultUnusable", "write_report"]
