"""`drone`: DeepLabV3 on pictures from low flights, with several losses, then a search."""

import argparse
import dataclasses

from aerial_nni.cli.checkpoints import with_weights
from aerial_nni.cli.experiment_flags import (
    Verbs,
    add_config,
    add_experiment_flags,
    add_search_flags,
    check_search_words,
    method_of,
    positive,
    whole,
)
from aerial_nni.cli.launching import launched
from aerial_nni.config.flags import add_trial_flags, flags_of, resolve_flags
from aerial_nni.config.options import LOSS_TERMS, TrialOptions, changed
from aerial_nni.recipes.drone.loss_presets import COMPARED, LOSSES, VARIED
from aerial_nni.recipes.drone.options import DroneOptions
from aerial_nni.recipes.drone.recipe import DRONE


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    text = "train DeepLabV3 on drone scenes with several losses, then search the rest"
    usual = DRONE.describe_planned
    parser = verbs.add_parser(
        "drone",
        help=text,
        description=f"{text}. Each loss is trained from the same seeds with everything else fixed; "
        "a search with the best of them finds the other options, and what it finds is trained from "
        "those seeds too. The built-in drone scenes take a small network that was never trained; "
        "other data ResNet101 with torchvision's weights.",
        example="python -m aerial_nni.run drone --data aeroscapes --data-dir DIR",
    )
    parser.set_defaults(verb=drone)
    group = parser.add_argument_group("the losses, the search and what follows")
    group.add_argument(
        "--losses",
        nargs="+",
        metavar="NAME",
        help=f"which of {', '.join(LOSSES)}; or sums of {', '.join(LOSS_TERMS)}, such as "
        f"log-dice+5*focal (default: {' '.join(COMPARED)})",
    )
    group.add_argument(
        "--trials",
        type=whole,
        metavar="N",
        help="trials of the search, the others not counted; 0: no search "
        f"(default: {usual('trials')})",
    )
    add_search_flags(group, space="search_spaces/drone.yaml")
    group.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        metavar="SEED",
        help="each loss and the best configuration are trained with each "
        f"(default, less --seed: {usual('seeds')})",
    )
    group.add_argument(
        "--final-epochs",
        type=positive,
        metavar="N",
        help=f"epochs of each of these runs (default: {usual('final_epochs')})",
    )
    add_experiment_flags(parser, failures=5, concurrency=usual("concurrency"))
    add_config(parser)
    add_trial_flags(
        parser,
        DroneOptions,
        preset=DRONE.preset,
        without=("model", *VARIED),
        families=("deeplab",),
        texts={"epochs": f"{TrialOptions.help_of('epochs')}, of a trial of the search"},
    )


def drone(given: argparse.Namespace) -> int:
    """Compares and searches."""
    from aerial_nni.recipes.drone import study as experiment

    check_search_words(given)
    resolved = resolve_flags(given, DroneOptions, DRONE.preset)
    options = with_weights(resolved.options, given.runs)
    plan = experiment.plan_of(options.data, seed=options.seed)
    plan = dataclasses.replace(
        plan,
        losses=given.losses or plan.losses,
        trials=plan.trials if given.trials is None else given.trials,
        seeds=given.seeds or plan.seeds,
        epochs=given.final_epochs or plan.epochs,
        find_lr=options.find_lr,
    )
    options = changed(options, {"find_lr": 0})  # in the runs that the plan says
    definition = experiment.drone(
        options,
        method_of(given),
        plan,
        space_file=given.search_space,
        given=flags_of(given, DroneOptions),
    )
    return launched(DRONE, definition, given, resolved)
