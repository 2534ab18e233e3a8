"""What is left of an experiment when its processes are killed at random moments, and resumed.

Each experiment has a few short trials that train nothing. A trial, the dispatcher, NNI's manager or
the launcher is killed (SIGKILL) at a drawn moment, the experiment is resumed, perhaps killed again,
and at last let through. Moments and victims repeat by seed; what they hit depends on the machine.
"""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

import torch

from aerial_nni.bench.fault_findings import joined
from aerial_nni.bench.fault_rounds import VICTIMS, Round
from aerial_nni.bench.table import Table


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    parser.add_argument("--experiments", type=int, default=20, help="experiments (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="of victims and moments (default: 0)")
    parser.add_argument("--trials", type=int, default=3, help="trials of each (default: 3)")
    parser.add_argument("--concurrency", type=int, default=2, help="trials at once (default: 2)")
    parser.add_argument(
        "--patience",
        type=float,
        default=300.0,
        metavar="S",
        help="seconds after which a launcher that has not ended hangs (default: 300)",
    )


def measure(given: argparse.Namespace) -> Table:
    """Counts of what went wrong, by who was killed. What did is told on the error stream."""
    rounds = [_round(given, number) for number in range(given.experiments)]
    rows: list[tuple[str | float, ...]] = []
    for victim in VICTIMS:
        found = joined(one.findings[victim] for one in rounds if victim in one.findings)
        kills = sum(one.kills.count(victim) for one in rounds)
        counts = (found.hangs, found.lost, found.wrong, found.orphans, found.incomplete)
        waited = "-" if victim == "trial" else f"{found.waited:.1f}"
        rows.append((victim, str(kills), *(str(len(count)) for count in counts), waited))
    return Table(
        title="Experiments whose processes are killed",
        columns=(
            "Killed",
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
            "once; one to three kills (SIGKILL) in each, then resumed to the end",
            f"a hang: the launcher did not end within {given.patience:g} s",
            "wrong parameters: those on record are not those in the trial's own result folder",
        ),
        device=torch.device("cpu"),
    )


def _round(given: argparse.Namespace, number: int) -> Round:
    draw = random.Random(f"{given.seed} {number}")
    folder = Path(tempfile.mkdtemp(prefix="aerial-faults-"))
    one = Round(
        folder / "runs",
        draw,
        trials=given.trials,
        concurrency=given.concurrency,
        patience=given.patience,
    )
    one.run(draw.randint(1, 3))
    bad = [(victim, found) for victim, found in one.findings.items() if not found.none]
    print(f"experiment {number + 1}: killed {', '.join(one.kills) or 'nobody'}", file=sys.stderr)
    for victim, found in bad:
        print(f"  after a kill of the {victim}: {found}", file=sys.stderr)
    if not bad:
        shutil.rmtree(folder, ignore_errors=True)
    return one
