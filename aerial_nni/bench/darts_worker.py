"""A process of `bench darts`: one way to search or train, for some steps again and again.

python -m aerial_nni.bench.darts_worker OPTIONS STEPS
"""

import json
import sys
import tempfile
from pathlib import Path

from aerial_nni.bench.train import our_turn
from aerial_nni.bench.worker import answer
from aerial_nni.options import changed
from aerial_nni.search.options import SearchOptions
from aerial_nni.trials.darts import searched
from aerial_nni.trials.running import lay_ground


def main() -> None:
    """Answers until its input ends."""
    options = changed(SearchOptions(), json.loads(sys.argv[1]))
    with tempfile.TemporaryDirectory(prefix="aerial-bench-") as place:
        folder = Path(place)
        ground = lay_ground(options, folder)
        lesson = searched(options, ground, folder)
        answer(our_turn(options, ground, lesson, steps=int(sys.argv[2]), folder=folder))


if __name__ == "__main__":
    main()
