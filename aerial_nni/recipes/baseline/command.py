"""`baseline`: trains, one trial per seed."""

import argparse

from aerial_nni.cli.checkpoints import with_weights
from aerial_nni.cli.experiment_flags import Verbs, add_config, add_experiment_flags
from aerial_nni.cli.launching import launched
from aerial_nni.config.flags import add_trial_flags, resolve_flags
from aerial_nni.config.options import TrialOptions
from aerial_nni.recipes.baseline.recipe import BASELINE


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    text = "train a U-Net, one trial per seed, as an NNI experiment"
    parser = verbs.add_parser(
        "baseline",
        help=text,
        description=text,
        example="python -m aerial_nni.run baseline --seeds 0 1 2",
    )
    parser.set_defaults(verb=baseline)
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[],
        metavar="SEED",
        help="one trial for each of these (default: that of --seed)",
    )
    add_experiment_flags(parser)
    add_config(parser)
    add_trial_flags(parser, TrialOptions, preset=BASELINE.preset)


def baseline(given: argparse.Namespace) -> int:
    """Trains."""
    from aerial_nni.recipes.baseline import study as experiment

    resolved = resolve_flags(given, TrialOptions, BASELINE.preset)
    options = with_weights(resolved.options, given.runs)
    definition = experiment.baseline(options, given.seeds)
    return launched(BASELINE, definition, given, resolved)
