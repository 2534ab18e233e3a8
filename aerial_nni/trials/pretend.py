"""A trial that trains nothing: it shows what a trial does to NNI's server, in a second or two.

Its result folder is as that of a true trial to whoever counts and compares trials, and its score
follows from its seed, so that one can tell whose result one looks at. It goes on where it was cut
off, as a true trial does.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import nni

from aerial_nni import results
from aerial_nni.options import TrialOptions, as_dict, changed, load_options
from aerial_nni.trials.reporting import Nni
from aerial_nni.trials.takeover import occupied

SECONDS = 0.3
"""How long an epoch takes."""


def score_of(seed: int) -> float:
    """The score of a trial with this seed."""
    return round(0.5 + seed / 1000, 6)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial under NNI; 0 when it reached its end."""
    parser = argparse.ArgumentParser(prog="python -m aerial_nni.trials.pretend")
    parser.add_argument("--options", type=Path, required=True, help="options of all trials")
    parser.add_argument("--experiment", type=Path, required=True, help="experiment folder")
    given = parser.parse_args(arguments)
    options = changed(load_options(given.options), Nni().parameters())
    folder = given.experiment / os.environ["NNI_TRIAL_JOB_ID"]
    try:
        with occupied(folder, options, go_on=True):
            _pretend(options, folder)
    except KeyboardInterrupt:
        return 130
    return 0


def _pretend(options: TrialOptions, folder: Path) -> None:
    results.write_json(folder / results.OPTIONS, as_dict(options))
    history = []
    if (folder / results.HISTORY).exists():
        history = list(results.read_history(folder / results.HISTORY))
    score = score_of(options.seed)
    while len(history) < options.epochs:
        time.sleep(SECONDS)
        reached = score * (len(history) + 1) / options.epochs
        history.append({"epoch": len(history) + 1, "mean_iou": reached, "val_loss": 1 - reached})
        results.write_history(folder / results.HISTORY, history)
        (folder / results.LAST).touch()
        nni.report_intermediate_result(reached)
    checkpoint = folder / results.CHECKPOINT
    with results.atomic(checkpoint) as temporary:
        temporary.write_bytes(str(options).encode())
    held = {"file": results.CHECKPOINT, "sha256": results.sha256(checkpoint)}
    results.write_json(folder / results.METRICS, {"score": score, "checkpoint": held})
    nni.report_final_result(score)


if __name__ == "__main__":
    sys.exit(main())
