"""`zoomout`: building footprints by features of a frozen network, beside other ways."""

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
from aerial_nni.config.options import TrialOptions
from aerial_nni.recipes.zoomout.options import ZoomOutOptions
from aerial_nni.recipes.zoomout.phases import SUPERPIXEL
from aerial_nni.recipes.zoomout.recipe import ZOOMOUT

TEXTS = {
    "epochs": f"{TrialOptions.help_of('epochs')}, of a trial of the search",
    "split": f"{TrialOptions.help_of('split')}; buildings: tile",
    "superpixel": f"side in pixels of the final superpixels, {SUPERPIXEL} where it is 0; the "
    "search has none",
}


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    text = "find building footprints by zoom-out features, beside superpixels and a U-Net"
    usual = ZOOMOUT.describe_planned
    parser = verbs.add_parser(
        "zoomout",
        help=text,
        description=f"{text}. A search finds the classifier and the frozen network it stands on; "
        "then that, the same over superpixels, and a U-Net are trained over seeds. The built-in "
        "building scenes take a network that was never trained; other data that of ImageNet.",
        example="python -m aerial_nni.run zoomout --data buildings --data-dir DIR",
    )
    parser.set_defaults(verb=zoomout)
    group = parser.add_argument_group("the search and what follows")
    group.add_argument(
        "--trials",
        type=whole,
        metavar="N",
        help="trials of the search, the final ones not counted; 0: no search "
        f"(default: {usual('trials')})",
    )
    add_search_flags(group, space="search_spaces/zoomout.yaml")
    group.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        metavar="SEED",
        help="zoom-out, superpixels and U-Net are trained with each "
        f"(default, less --seed: {usual('seeds')})",
    )
    group.add_argument(
        "--final-epochs",
        type=positive,
        metavar="N",
        help=f"epochs of each of the first two (default: {usual('final_epochs')})",
    )
    group.add_argument(
        "--unet-epochs",
        type=positive,
        metavar="N",
        help=f"epochs of each U-Net (default: {usual('unet_epochs')})",
    )
    group.add_argument(
        "--unet",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="what is not as usual of the U-Net: width=32 space_to_depth=2",
    )
    add_experiment_flags(parser, failures=5, concurrency=usual("concurrency"))
    add_config(parser)
    add_trial_flags(
        parser,
        ZoomOutOptions,
        preset=ZOOMOUT.preset,
        without=("model",),
        texts=TEXTS,
        families=("zoomout",),
    )


def zoomout(given: argparse.Namespace) -> int:
    """Searches and compares."""
    from aerial_nni.recipes.zoomout import study as experiment

    check_search_words(given)
    resolved = resolve_flags(given, ZoomOutOptions, ZOOMOUT.preset)
    options = with_weights(resolved.options, given.runs)
    plan = experiment.plan_of(options.data, seed=options.seed)
    plan = dataclasses.replace(
        plan,
        trials=plan.trials if given.trials is None else given.trials,
        seeds=given.seeds or plan.seeds,
        epochs=given.final_epochs or plan.epochs,
        unet_epochs=given.unet_epochs or plan.unet_epochs,
    )
    definition = experiment.zoomout(
        options,
        method_of(given),
        plan,
        space_file=given.search_space,
        given=flags_of(given, ZoomOutOptions),
        unet=given.unet,
    )
    return launched(
        ZOOMOUT, definition, given, resolved, prepare=experiment.prepare_with(definition)
    )
