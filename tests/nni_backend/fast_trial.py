"""A trial that trains nothing: it leaves a result folder and reports to NNI, in a second or two.

Its score is a function of its options, so that a test can tell whose result it looks at.
FAST_SECONDS: how long each epoch takes; the last of several for all that follow. FAST_FAIL: seeds
that fail in their first epoch. FAST_DIE: seeds that kill themselves after their first epoch.
FAST_HOLD: a file that trials wait for once they have begun.
FAST_NAN: every score is NaN.
FAST_REVERSE: of so many trials that are started together, the last asks for its parameters first.
"""

import argparse
import math
import os
import signal
import sys
import time
from pathlib import Path

import nni

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions, as_dict, changed, load_options
from aerial_nni.trials.fidelity import Grant, granted, inherit
from aerial_nni.trials.lock import occupied
from aerial_nni.trials.reporting import Nni


def score_of(options: TrialOptions) -> float:
    """What this trial scores at its end."""
    if os.environ.get("FAST_NAN"):
        return math.nan
    return round(0.5 + options.seed / 1000 + options.lr / 10, 6)


def seeds(name: str) -> list[int]:
    return [int(seed) for seed in os.environ.get(name, "").split()]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--options", type=Path)
    parser.add_argument("--experiment", type=Path)
    given = parser.parse_args()
    if together := int(os.environ.get("FAST_REVERSE", "0")):
        time.sleep(1.0 * (together - 1 - nni.get_sequence_id() % together))
    parameters, budget = granted(Nni().parameters())
    options = changed(load_options(given.options), parameters)
    folder = given.experiment / os.environ["NNI_TRIAL_JOB_ID"]
    print("started with", options.seed, file=sys.stderr, flush=True)
    try:
        with occupied(folder, options, go_on=True, budget=budget):
            train(options, folder, inherit(folder, options, budget))
    except KeyboardInterrupt:
        sys.exit(130)  # as the true trial


def train(options: TrialOptions, folder: Path, grant: Grant) -> None:
    run_folder.write_json(folder / run_folder.OPTIONS, {**as_dict(options), **grant.as_dict()})
    last = min(options.epochs, grant.epochs or options.epochs)
    final = score_of(options) * last / options.epochs
    if options.seed in seeds("FAST_FAIL"):
        raise RuntimeError(f"seed {options.seed} was told to fail")
    history = []
    if (folder / run_folder.HISTORY).exists():
        history = run_folder.read_history(folder / run_folder.HISTORY)
    while (held := os.environ.get("FAST_HOLD")) and not Path(held).exists():
        time.sleep(0.05)
    while len(history) < last:
        seconds = os.environ.get("FAST_SECONDS", "0.1").split()
        time.sleep(float(seconds[min(len(history), len(seconds) - 1)]))
        epoch = len(history) + 1
        score = score_of(options) * epoch / options.epochs
        row = {"epoch": epoch, "mean_iou": score, "val_loss": 1 - score, "process": os.getpid()}
        history.append(row)
        run_folder.write_history(folder / run_folder.HISTORY, history)
        nni.report_intermediate_result({"default": score, "loss": 1 - score})
        (folder / run_folder.LAST).touch()
        if options.seed in seeds("FAST_DIE"):
            os.kill(os.getpid(), signal.SIGKILL)
    checkpoint = folder / run_folder.CHECKPOINT
    checkpoint.write_bytes(str(options).encode())
    metrics = {
        "score": final,
        "budget": last,
        "resumed_epochs": grant.resumed_epochs,
        "checkpoint": {"file": run_folder.CHECKPOINT, "sha256": run_folder.sha256(checkpoint)},
    }
    run_folder.write_json(folder / run_folder.METRICS, metrics)
    nni.report_final_result({"default": final, "loss": 0.1})


if __name__ == "__main__":
    main()
