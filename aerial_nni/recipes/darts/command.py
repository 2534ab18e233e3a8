"""`darts`: searches an architecture, and trains what it found beside random and hand-made ones."""

import argparse
import dataclasses
from pathlib import Path

from aerial_nni.cli.experiment_flags import Verbs, add_config, add_experiment_flags, positive, whole
from aerial_nni.cli.launching import launched
from aerial_nni.config.flags import add_trial_flags, flags_of, resolve_flags
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.phases import LIKE_SIZE
from aerial_nni.recipes.darts.recipe import DARTS


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    text = "search a U-Net's architecture by gradient (DARTS), beside random and hand-made ones"
    usual = DARTS.describe_planned
    parser = verbs.add_parser(
        "darts",
        help=text,
        description=f"{text}. Search trials find architectures; then each is trained over seeds, "
        "and so are random architectures of like size and the plain U-Net at the width that comes "
        "nearest in parameters.",
        example="python -m aerial_nni.run darts --trials 2 --seeds 1 2 3",
    )
    parser.set_defaults(verb=darts)
    group = parser.add_argument_group("the search")
    group.add_argument("--trials", type=positive, metavar="N",
                       help=f"search trials (default: {usual('trials')})")  # fmt: skip
    group.add_argument(
        "--search-space",
        type=Path,
        metavar="FILE",
        help="how search trials differ, in NNI's format (default: search_spaces/darts.yaml); what "
        "is given as an option is not searched",
    )
    group.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        metavar="SEED",
        help="final trials of derived networks and of the U-Net "
        f"(default, less --seed: {usual('seeds')}; "
        "search trials take other seeds, from --seed on)",
    )
    group.add_argument("--random", type=whole, metavar="N", dest="randoms",
                       help="random architectures, each of as many parameters as the best find, "
                       f"give or take {LIKE_SIZE:.0%}% (default: {usual('randoms')})")  # fmt: skip
    group.add_argument(
        "--random-seeds",
        type=positive,
        default=1,
        metavar="N",
        help="from how many of --seeds each random architecture is trained (default: one run of "
        "each, as the mean is over architectures); more tell the luck of a seed from that of an "
        "architecture",
    )
    group.add_argument("--final-epochs", type=positive, metavar="N",
                       help=f"epochs of each final trial (default: {usual('final_epochs')}); all "
                       "are trained with the default --lr, --weight-decay, --optimizer and "
                       "--schedule, as those of a search fit its supernet")  # fmt: skip
    group.add_argument("--reason", default="", metavar="TEXT",
                       help="why the search was made smaller, for the document")  # fmt: skip
    add_experiment_flags(parser, failures=5, concurrency=usual("concurrency"))
    add_config(parser)
    add_trial_flags(parser, SearchOptions, preset=DARTS.preset, without=["search"])


def darts(given: argparse.Namespace) -> int:
    """Searches an architecture."""
    from aerial_nni.recipes.darts import study as experiment

    resolved = resolve_flags(given, SearchOptions, DARTS.preset)
    options = resolved.options
    plan = experiment.plan_of(options.data, seed=options.seed)
    plan = dataclasses.replace(
        plan,
        trials=given.trials or plan.trials,
        seeds=given.seeds or plan.seeds,
        randoms=plan.randoms if given.randoms is None else given.randoms,
        random_seeds=given.random_seeds,
        epochs=given.final_epochs or plan.epochs,
        reason=given.reason,
    )
    definition = experiment.darts(
        options, plan, space_file=given.search_space, given=flags_of(given, SearchOptions)
    )
    return launched(DARTS, definition, given, resolved)
