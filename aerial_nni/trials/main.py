"""The program of every trial: flags and NNI's parameters in, a result folder out."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aerial_nni.config.errors import say_plainly, told
from aerial_nni.config.flags import Parser, add_trial_flags, flags_of, resolve_flags
from aerial_nni.config.options import Options
from aerial_nni.config.resolution import resolve
from aerial_nni.config.run_folder import EVENTS, TRACEBACK, read_json
from aerial_nni.config.safe_reading import SMALL
from aerial_nni.config.schema import fitted
from aerial_nni.training.memory import keep_freed_memory
from aerial_nni.trials.fidelity import BUDGET, granted, inherit
from aerial_nni.trials.lock import occupied
from aerial_nni.trials.reporting import ByHand, Nni, Reporter, link_events, under_nni
from aerial_nni.trials.run_trial import DataContext, TrainingSetup, run


def run_program(
    arguments: Sequence[str] | None,
    kind: type[Options],
    learning: Callable[[Options, DataContext, Path], TrainingSetup],
    *,
    module: str,
    description: str | None,
) -> int:
    """Runs one trial with options of this kind; 0 when it reached its end."""
    parser = Parser(
        prog=f"python -m {module}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--out", type=Path, default=Path("runs/by-hand"), help="result folder")
    place.add_argument("--experiment", type=Path, help="experiment folder, when NNI starts this")
    parser.add_argument(
        "--budget", type=int, metavar="N", help="epochs granted by Hyperband or BOHB"
    )
    parser.add_argument(
        "--time",
        type=Path,
        metavar="FILE",
        help="time a step, and train nothing: of each of the options in this JSON list",
    )
    add_trial_flags(parser, kind)
    given = parser.parse_args(arguments)
    keep_freed_memory()
    say_plainly(logging.WARNING if given.time else logging.INFO)
    if given.time:
        return _time(given, kind, learning)
    folder: Path = given.out
    try:
        reporter: Reporter = Nni() if under_nni() else ByHand()
        parameters, budget = granted({BUDGET: given.budget, **reporter.parameters()})
        flags = flags_of(given, kind)
        options = resolve(kind, file=given.options, flags=flags, search=parameters).options
        if given.experiment:
            folder = given.experiment / os.environ.get("NNI_TRIAL_JOB_ID", "by-hand")
        link_events(folder / EVENTS)
        with occupied(folder, options, go_on=given.experiment is not None, budget=budget):
            grant = inherit(folder, options, budget)
            run(options, folder, reporter, grant=grant, learning=learning)
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from the last whole epoch", file=sys.stderr)
        return 130
    except Exception as error:  # a traceback tells a user nothing
        print(f"error: {told(error, folder / TRACEBACK)}", file=sys.stderr)
        return 1
    return 0


def _time(
    given: argparse.Namespace,
    kind: type[Options],
    learning: Callable[[Options, DataContext, Path], TrainingSetup],
) -> int:
    """Prints how long a step takes of each variant of the options; 0 when it could."""
    from aerial_nni.trials.step_timing import timings

    try:
        variants = fitted(
            tuple[dict[str, Any], ...], read_json(given.time, largest=SMALL), given.time
        )
        for found in timings(resolve_flags(given, kind).options, variants, learning):
            print(json.dumps(found), flush=True)
    except Exception as error:  # a traceback tells a user nothing
        print(f"error: {told(error)}", file=sys.stderr)
        return 1
    return 0
