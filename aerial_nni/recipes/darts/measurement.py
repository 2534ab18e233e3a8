"""What is measured once an architecture search is over: its networks, on this machine."""

from pathlib import Path

from aerial_nni.inference.latency import write_latencies
from aerial_nni.nni_backend.progress import say
from aerial_nni.recipes.darts.report.reading import read_discovery
from aerial_nni.reporting.folder import read_experiment


def measure(folder: Path, *, again: bool) -> None:
    """Times the derived network, random ones and the hand-made one, once or `again`."""
    found = read_discovery(read_experiment(folder))
    if not found.timed or (found.costs is not None and not again):
        return
    say("timing the networks on this machine")
    write_latencies(folder, {run.folder.name: run.checkpoint for run in found.timed})
