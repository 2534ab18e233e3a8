"""What is measured once a distillation is over: its models side by side, on this machine."""

from pathlib import Path

from aerial_nni.config import run_folder
from aerial_nni.inference.comparison import compare
from aerial_nni.nni_backend.progress import say
from aerial_nni.recipes.distill.report.reading import read_distillation
from aerial_nni.reporting.folder import read_experiment


def measure(folder: Path, *, again: bool) -> None:
    """Compares teacher, student and control, once or `again`: see `compare`."""
    found = read_distillation(read_experiment(folder))
    if found.costs is not None and not again:
        return
    say("timing teacher and student on this machine")
    control = found.control.folder if found.control else None
    compare(
        folder, teacher=folder / run_folder.TEACHER, student=found.student.folder, control=control
    )
