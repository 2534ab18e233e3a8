"""Launches an experiment of fast trials: RUNS PORT SEEDS CONCURRENCY."""

import sys
from pathlib import Path

from fast_experiments import fast, no_data

from aerial_nni.experiments import conduct
from aerial_nni.experiments.conduct import Settings
from aerial_nni.experiments.launch import launch

if __name__ == "__main__":
    runs, port, seeds, concurrency = sys.argv[1:]
    conduct.write_document = lambda *_: None
    settings = Settings(runs=Path(runs), port=int(port), concurrency=int(concurrency))
    outcome = launch(fast(int(seeds)), settings, prepare=no_data)
    print(outcome.record.state, outcome.record.reason)
    sys.exit(0 if outcome.good else 1)
