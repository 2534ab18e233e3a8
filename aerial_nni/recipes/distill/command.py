"""`distill`: a student learns from a teacher, beside the same student without one."""

import argparse
import dataclasses

from aerial_nni.cli.checkpoints import with_weights
from aerial_nni.cli.experiment_flags import (
    Verbs,
    add_config,
    add_experiment_flags,
    add_search_flags,
    method_of,
    positive,
    whole,
)
from aerial_nni.cli.launching import launched
from aerial_nni.config.families.unet import UNetOptions
from aerial_nni.config.flags import add_trial_flags, flags_of, resolve_flags
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.distill.recipe import DISTILL

STUDENT = {
    **dict.fromkeys((spec.name for spec in dataclasses.fields(UNetOptions)), "the teacher's"),
    "width": "half the teacher's",
    "depth": "one less than the teacher's",
}
"""What the help says of the student's size."""


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    text = "train a small student from a teacher's checkpoint, beside the same student without it"
    usual = DISTILL.describe_planned
    parser = verbs.add_parser(
        "distill",
        help=text,
        description=f"{text}. A search finds how it learns best; then the best student and its "
        "control are trained over seeds. The student has half the teacher's width and one level "
        "less unless --student or the options of the model say otherwise.",
        example="python -m aerial_nni.run distill --teacher ID --kind soft",
    )
    parser.set_defaults(verb=distill)
    group = parser.add_argument_group("the student and the search")
    group.add_argument(
        "--student",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="the student's model: width=8 depth=3; several values are searched: width=4,8",
    )
    group.add_argument(
        "--trials",
        type=whole,
        metavar="N",
        help="trials of the search, the final ones not counted; 0: no search "
        f"(default: {usual('trials')})",
    )
    add_search_flags(group, space="search_spaces/distill.yaml")
    group.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        metavar="SEED",
        help="student and control are trained with each of these "
        f"(default, less --seed: {usual('seeds')})",
    )
    group.add_argument(
        "--final-epochs",
        type=positive,
        metavar="N",
        help=f"epochs of each of those (default: {usual('final_epochs')})",
    )
    add_experiment_flags(parser, failures=5, concurrency=usual("concurrency"))
    add_config(parser)
    add_trial_flags(parser, DistillOptions, preset=lambda data: {**STUDENT, **DISTILL.preset(data)})


def distill(given: argparse.Namespace) -> int:
    """Distils."""
    from aerial_nni.recipes.distill import study as experiment
    from aerial_nni.recipes.distill.teacher import open_teacher
    from aerial_nni.recipes.distill.teacher_checks import prepare_with, teacher_file

    asked = resolve_flags(given, DistillOptions).options
    teacher = open_teacher(teacher_file(asked.teacher, given.runs))
    resolved = resolve_flags(
        given, DistillOptions, preset=lambda data: experiment.usual_options(data, teacher)
    )
    options = with_weights(resolved.options, given.runs)
    plan = experiment.plan_of(options.data, seed=options.seed)
    plan = dataclasses.replace(
        plan,
        trials=plan.trials if given.trials is None else given.trials,
        seeds=given.seeds or plan.seeds,
        epochs=given.final_epochs or plan.epochs,
    )
    definition = experiment.distill(
        options,
        teacher,
        method_of(given),
        plan,
        space_file=given.search_space,
        student=given.student,
        given=flags_of(given, DistillOptions),
    )
    return launched(DISTILL, definition, given, resolved, prepare=prepare_with(teacher))
