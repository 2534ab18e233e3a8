"""What is left of an experiment when its processes are killed at random moments, and resumed.

Each experiment has a few short trials, most of which train nothing. One of its processes, or two at
once, are killed (SIGKILL) or stopped for a while, at a drawn moment or while something is written.
The experiment is resumed, perhaps struck again, and at last let through. Moments and victims repeat
by seed; what they hit depends on the machine.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from aerial_nni.bench.fault_deck import DECK, STOPPED, TRAINED, Fault, deal
from aerial_nni.bench.fault_findings import joined
from aerial_nni.bench.fault_rounds import Round
from aerial_nni.bench.table import Table


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    parser.add_argument("--experiments", type=int, default=20, help="experiments (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="of victims and moments (default: 0)")
    parser.add_argument("--trials", type=int, default=3, help="trials of each (default: 3)")
    parser.add_argument("--concurrency", type=int, default=2, help="trials at once (default: 2)")
    parser.add_argument(
        "--at-once", type=int, default=1, metavar="N", help="experiments at once (default: 1)"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=300.0,
        metavar="S",
        help="seconds after which a launcher that has not ended hangs (default: 300)",
    )


def measure(given: argparse.Namespace) -> Table:
    """Counts of what went wrong, by who was killed. What did is told on the error stream."""
    dealt = deal(random.Random(given.seed), given.experiments)
    with ThreadPoolExecutor(given.at_once) as pool:
        rounds = list(pool.map(lambda one: _round(given, one[0], *one[1]), enumerate(dealt)))
    rows: list[tuple[str | float, ...]] = []
    for fault in DECK:
        label = fault.label
        found = joined(one.findings[label] for one in rounds if label in one.findings)
        kills = sum(one.kills.count(label) for one in rounds)
        counts = (found.hangs, found.lost, found.wrong, found.orphans, found.incomplete)
        waited = f"{found.waited:.1f}" if fault.ends and kills else "-"
        rows.append((label, str(kills), *(str(len(count)) for count in counts), waited))
    return Table(
        title="Experiments whose processes are killed",
        columns=(
            "Killed or stopped",
            "Times",
            "Hangs",
            "Lost finished trials",
            "Wrong parameters",
            "Processes left",
            "Not brought to the end by resumes",
            "Longest way to a clean machine (s)",
        ),
        rows=tuple(rows),
        notes=(
            f"{given.experiments} experiments of {given.trials} trials, {given.concurrency} at "
            "once; one to three faults in each, then resumed to the end",
            f"killed: SIGKILL; stopped: SIGSTOP, and SIGCONT after {STOPPED:g} s",
            f"a hang: the launcher did not end within {given.patience:g} s",
            "wrong parameters: those on record are not those in the trial's own result folder",
        ),
        device=torch.device("cpu"),
    )


def _round(given: argparse.Namespace, number: int, kind: str, faults: Sequence[Fault]) -> Round:
    folder = Path(tempfile.mkdtemp(prefix="aerial-faults-"))
    one = Round(
        folder / "runs",
        random.Random(f"{given.seed} {number}"),
        kind=kind,
        trials=given.trials if kind != TRAINED else 1,
        concurrency=given.concurrency,
        patience=given.patience,
    )
    one.run(faults)
    bad = [(label, found) for label, found in one.findings.items() if not found.none]
    print(f"experiment {number + 1}: {'; '.join(one.kills) or 'nobody'}", file=sys.stderr)
    for label, found in bad:
        print(f"  after {label}: {found}", file=sys.stderr)
    if not bad:
        shutil.rmtree(folder, ignore_errors=True)
    return one
