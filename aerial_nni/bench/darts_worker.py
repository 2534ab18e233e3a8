"""A process of `bench darts`: one way to search or train, for some steps again and again.

python -m aerial_nni.bench.darts_worker OPTIONS STEPS
"""

import json
import sys
import tempfile
from pathlib import Path

from aerial_nni.bench.train import our_turn
from aerial_nni.bench.worker import answer
from aerial_nni.config.options import changed
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.training_setup import build_setup
from aerial_nni.trials.run_trial import open_data_context


def main() -> None:
    """Answers until its input ends."""
    options = changed(SearchOptions(), json.loads(sys.argv[1]))
    with tempfile.TemporaryDirectory(prefix="aerial-bench-") as place:
        folder = Path(place)
        context = open_data_context(options, folder)
        setup = build_setup(options, context, folder)
        answer(our_turn(options, context, setup, steps=int(sys.argv[2]), folder=folder))


if __name__ == "__main__":
    main()
