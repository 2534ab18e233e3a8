"""Launches a random search of fast trials over several options, two at a time: RUNS PORT."""

import dataclasses
import sys
from pathlib import Path

from fast_experiments import fast, no_data

from aerial_nni.nni_backend.launch import launch
from aerial_nni.nni_backend.lifecycle import Settings

SPACE = {
    "lr": {"_type": "loguniform", "_value": [1e-4, 1e-1]},
    "weight_decay": {"_type": "uniform", "_value": [0.0, 0.1]},
    "width": {"_type": "choice", "_value": [8, 16, 32]},
    "loss": {"_type": "choice", "_value": ["ce", "dice", "ce+dice"]},
    "seed": {"_type": "randint", "_value": [0, 400]},
}
TRIALS = 1000  # more than any test waits for

if __name__ == "__main__":
    runs, port = sys.argv[1:]
    tuner = {"class_name": "aerial_nni.tuners.random_grid.RandomTuner", "class_args": {"seed": 0}}
    definition = dataclasses.replace(fast(1), space=SPACE, tuner=tuner, trials=TRIALS)
    launch(definition, Settings(runs=Path(runs), port=int(port), concurrency=2), prepare=no_data)
