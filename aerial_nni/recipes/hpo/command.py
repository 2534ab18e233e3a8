"""`hpo`: searches for better options by one of nine methods."""

import argparse
import dataclasses
from typing import Any

from aerial_nni.cli.checkpoints import with_weights
from aerial_nni.cli.experiment_flags import (
    Verbs,
    add_config,
    add_experiment_flags,
    add_search_flags,
    positive,
)
from aerial_nni.cli.launching import launched
from aerial_nni.config.flags import add_trial_flags, flags_of, resolve_flags
from aerial_nni.config.options import TrialOptions
from aerial_nni.recipes.hpo.recipe import HPO


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    from aerial_nni.tuners.methods import table

    text = "search better options by one of nine methods, then retrain the best over seeds"
    usual = HPO.describe_planned
    parser = verbs.add_parser(
        "hpo",
        help=text,
        description=f"{text}. The methods:\n\n{table()}\n\n"
        "Without data it searches on the built-in scenes, two trials at a time: about five\n"
        "minutes on two cores.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        example="python -m aerial_nni.run hpo --method gp --trials 20",
    )
    parser.set_defaults(verb=hpo)
    group = parser.add_argument_group("the search")
    add_search_flags(group, space="search_spaces/hpo.yaml", index="the method by number")
    group.add_argument(
        "--trials",
        type=positive,
        metavar="N",
        help=f"trials of the search, the retraining not counted (default: {usual('trials')})",
    )
    group.add_argument(
        "--reason",
        default="",
        metavar="TEXT",
        help="why the search space is smaller than search_spaces/hpo.yaml: needed then, also where "
        "an option of it is given, such as --width 4",
    )
    group.add_argument(
        "--assessor",
        choices=("none", "median-stop", "curve-fitting"),
        default="none",
        help="who stops hopeless trials early (default: none)",
    )
    group.add_argument(
        "--final-seeds",
        type=int,
        nargs="*",
        metavar="SEED",
        help="the best configuration and the default are retrained with each of these "
        f"(default, less --seed: {usual('seeds')}; none after the flag: not retrained)",
    )
    group.add_argument(
        "--final-epochs",
        type=positive,
        metavar="N",
        help=f"epochs of each trial of that retraining (default: {usual('final_epochs')})",
    )
    add_experiment_flags(parser, failures=5, concurrency=usual("concurrency"))
    add_config(parser)
    add_trial_flags(parser, TrialOptions, preset=HPO.preset)


def hpo(given: argparse.Namespace) -> int:
    """Searches for better options with one of nine methods."""
    from aerial_nni.recipes.hpo import study as search
    from aerial_nni.tuners.methods import choose_method

    method = choose_method(index=given.method_index, student_id=given.student_id, name=given.method)
    resolved = resolve_flags(given, TrialOptions, HPO.preset)
    options = with_weights(resolved.options, given.runs)
    plan = _plan(given, search.plan_of(options.data, seed=options.seed))
    definition = search.hpo(
        options,
        method,
        plan,
        space_file=given.search_space,
        given=flags_of(given, TrialOptions),
    )
    return launched(HPO, definition, given, resolved)


def _plan(given: argparse.Namespace, usual: Any) -> Any:
    """The plan of a search: what was typed, on top of what is usual."""
    return dataclasses.replace(
        usual,
        trials=given.trials or usual.trials,
        seeds=usual.seeds if given.final_seeds is None else given.final_seeds,
        epochs=given.final_epochs or usual.epochs,
        reason=given.reason,
        assessor=given.assessor,
    )
