"""What is measured once an experiment is over, before its document is written.

No trial can: it is about several of them side by side, on the machine of the launcher.
"""

from collections.abc import Callable
from pathlib import Path

from aerial_nni.config import run_folder
from aerial_nni.nni_backend.progress import say


def measure(kind: str, folder: Path, *, again: bool = False) -> None:
    """Measures what the document of this kind needs, once or `again`.

    What goes wrong is told; the document says then that it was not measured.
    """
    if kind not in MEASUREMENTS:
        return
    try:
        MEASUREMENTS[kind](folder, again)
    except Exception as error:  # whatever torch or ONNX Runtime raises
        hint = f"try again with: python -m aerial_nni.run report {folder.name} --measure"
        say(f"not measured ({type(error).__name__}: {error}); {hint}")


def _distillation(folder: Path, again: bool) -> None:
    """Teacher, student and control: see `compare`."""
    from aerial_nni.inference.comparison import compare
    from aerial_nni.recipes.distill.report.reading import read_distillation
    from aerial_nni.reporting.folder import read_experiment

    found = read_distillation(read_experiment(folder))
    if found.costs is not None and not again:
        return
    say("timing teacher and student on this machine")
    control = found.control.folder if found.control else None
    compare(
        folder, teacher=folder / run_folder.TEACHER, student=found.student.folder, control=control
    )


def _architectures(folder: Path, again: bool) -> None:
    """Derived network, random ones and the hand-made one: see `write_latencies`."""
    from aerial_nni.inference.latency import write_latencies
    from aerial_nni.recipes.darts.report.reading import read_discovery
    from aerial_nni.reporting.folder import read_experiment

    found = read_discovery(read_experiment(folder))
    if not found.timed or (found.costs is not None and not again):
        return
    say("timing the networks on this machine")
    write_latencies(folder, {run.folder.name: run.checkpoint for run in found.timed})


MEASUREMENTS: dict[str, Callable[[Path, bool], None]] = {
    "distill": _distillation,
    "darts": _architectures,
}
"""Kind of an experiment -> what is measured in its folder."""
