"""The baseline trial: one U-Net with the options given, by hand or under NNI.

By hand, into a folder of its own; running the line again goes on where it stopped:

    python -m aerial_nni.trials.baseline --data dubai --data-dir DIR --out runs/by-hand
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aerial_nni.errors import Explained
from aerial_nni.flags import add_trial_flags, trial_options
from aerial_nni.options import changed
from aerial_nni.results import EVENTS
from aerial_nni.training.memory import keep_freed_memory
from aerial_nni.trials.budget import granted, inherit
from aerial_nni.trials.reporting import ByHand, Nni, Reporter, link_events, under_nni
from aerial_nni.trials.running import run
from aerial_nni.trials.takeover import occupied


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial; 0 when it reached its end."""
    parser = argparse.ArgumentParser(
        prog="python -m aerial_nni.trials.baseline", description=__doc__
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--out", type=Path, default=Path("runs/by-hand"), help="result folder")
    place.add_argument("--experiment", type=Path, help="experiment folder, when NNI starts this")
    add_trial_flags(parser)
    given = parser.parse_args(arguments)
    keep_freed_memory()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        reporter: Reporter = Nni() if under_nni() else ByHand()
        parameters, budget = granted(reporter.parameters())
        options = changed(trial_options(given), parameters)
        folder = given.out
        if given.experiment:
            folder = given.experiment / os.environ.get("NNI_TRIAL_JOB_ID", "by-hand")
        link_events(folder / EVENTS)
        with occupied(folder, options, go_on=given.experiment is not None, budget=budget):
            run(options, folder, reporter, grant=inherit(folder, options, budget))
    except (Explained, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from the last whole epoch", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
