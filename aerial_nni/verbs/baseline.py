"""`baseline`: trains, one trial per seed."""

import argparse

from aerial_nni.experiments import usual
from aerial_nni.flags import add_trial_flags, trial_options, with_usual
from aerial_nni.options import TrialOptions
from aerial_nni.verbs.answers import finished, settings_of
from aerial_nni.verbs.flags import Verbs, add_config, add_experiment_flags


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
    add_trial_flags(parser, TrialOptions, usual=usual.baseline)


def baseline(given: argparse.Namespace) -> int:
    """Trains."""
    from aerial_nni.experiments import baseline as experiment
    from aerial_nni.experiments.launch import launch

    options = trial_options(given, TrialOptions)
    options = with_usual(options, usual.baseline(options.data), given)
    definition = experiment.baseline(options, given.seeds)
    return finished(launch(definition, settings_of(given)), given)
