"""Launches an experiment of fast trials: RUNS PORT SEEDS CONCURRENCY [HOST].

FAST_RATES: so many trials of a recorded random search over `lr` instead of one per seed.
FAST_METHOD: a recorded search by this method and its final trials instead.
FAST_STAY: keep the web UI open at the end. FAST_CONFIG: a file in NNI's configuration format.
FAST_IDLE: seconds for which nothing may move. FAST_USUAL: the port where PORT is None.
"""

import os
import sys
from pathlib import Path

from fast_experiments import fast, fast_search, no_data, search

from aerial_nni.nni_backend import ports
from aerial_nni.nni_backend.launch import launch
from aerial_nni.nni_backend.lifecycle import Settings
from aerial_nni.nni_backend.stop_conditions import LONG, Patience

if __name__ == "__main__":
    runs, port, seeds, concurrency, host = [*sys.argv[1:], "127.0.0.1"][:5]
    ports.USUAL = int(os.environ.get("FAST_USUAL", ports.USUAL))
    settings = Settings(
        runs=Path(runs),
        port=None if port == "None" else int(port),
        host=host,
        concurrency=int(concurrency),
        config=Path(os.environ["FAST_CONFIG"]) if "FAST_CONFIG" in os.environ else None,
        stay="FAST_STAY" in os.environ,
        patience=Patience(idle=float(os.environ.get("FAST_IDLE", LONG))),
    )
    rates = os.environ.get("FAST_RATES")
    definition = search(int(rates)) if rates else fast(int(seeds))
    if method := os.environ.get("FAST_METHOD"):
        definition = fast_search(method, seeds=(1,), recorded=True)
    outcome = launch(definition, settings, prepare=no_data)
    print(outcome.record.state, outcome.record.reason)
    sys.exit(0 if outcome.good else 1)
