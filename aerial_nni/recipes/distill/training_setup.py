"""The distillation trial: a student that learns from a teacher's checkpoint as well as from masks.

By hand, into a folder of its own; running the line again goes on where it stopped:

    python -m aerial_nni.trials.distill --teacher CHECKPOINT --width 8 --out runs/by-hand
"""

import dataclasses
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from aerial_nni.data.pipeline.augment import Augmentation
from aerial_nni.recipes.distill.features import layer_of
from aerial_nni.recipes.distill.objective import DistillationLoss
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.distill.teacher import TeacherMissing, check_teacher, open_teacher
from aerial_nni.recipes.distill.teacher_cache import keep_views
from aerial_nni.trials.artifacts import model_facts
from aerial_nni.trials.main import run_program
from aerial_nni.trials.run_trial import DataContext, TrainingSetup, supervised_setup

log = logging.getLogger(__name__)


def build_setup(options: DistillOptions, context: DataContext, folder: Path) -> TrainingSetup:
    """The loss of plain training and what the teacher says; weight 0 is plain training.

    Raises:
        TeacherMissing, TeacherUnfit, BadCheckpoint, BadOption: with what to do.
    """
    plain = supervised_setup(options, context, folder)
    if options.teacher_weight == 0:
        return plain
    options.refuse_other_heads()
    if not options.teacher:
        raise TeacherMissing()
    teacher = open_teacher(Path(options.teacher))
    check_teacher(teacher, context.prepared, context.split, context.normalisation)
    teacher.model.to(context.device)
    objective = DistillationLoss(plain.loss, teacher.model, options)
    batches = context.batches(options, training=True)
    kept = None
    if options.teacher_cache and batches.augmentation == Augmentation():
        kept = keep_views(objective.ask, batches, teacher=teacher.sha256,
                          layer=layer_of(options), precision=context.precision)  # fmt: skip
    return dataclasses.replace(
        plain,
        objective=objective,
        attached=kept,
        columns=objective.columns,
        facts={
            **plain.facts,
            "distillation": {
                "kind": options.kind,
                "temperature": options.temperature,
                "teacher_weight": options.teacher_weight,
                "layers": layer_of(options),
                "teacher": {**model_facts(teacher.model, context.prepared), **teacher.facts},
            },
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one trial; 0 when it reached its end."""
    module = "aerial_nni.trials.distill"
    return run_program(arguments, DistillOptions, build_setup, module=module, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
