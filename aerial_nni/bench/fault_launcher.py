"""A launcher to be killed: an experiment of trials that train nothing, or its resume.

python -m aerial_nni.bench.fault_launcher RUNS PORT launch TRIALS CONCURRENCY EPOCHS
python -m aerial_nni.bench.fault_launcher RUNS PORT resume ID
"""

import dataclasses
import sys
from pathlib import Path

from aerial_nni.experiments.baseline import baseline
from aerial_nni.experiments.conduct import Settings
from aerial_nni.experiments.launch import launch
from aerial_nni.experiments.stored import resume
from aerial_nni.options import TrialOptions


def main(words: list[str]) -> int:
    """0 when the experiment reached its end with a good trial."""
    runs, port, verb, *rest = words
    settings = Settings(runs=Path(runs), port=int(port), document=False)
    if verb == "resume":
        return int(not resume(settings, rest[0]).good)
    trials, concurrency, epochs = map(int, rest)
    definition = baseline(TrialOptions(epochs=epochs), range(trials))
    definition = dataclasses.replace(definition, module="aerial_nni.trials.pretend")
    settings = dataclasses.replace(settings, concurrency=concurrency)
    return int(not launch(definition, settings, prepare=_no_data).good)


def _no_data(options: TrialOptions, folder: Path) -> TrialOptions:
    folder.mkdir(parents=True)
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
