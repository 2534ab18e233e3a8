"""Time of a training step without a teacher, with one that is asked, and with kept answers.

Same student, same patches, same batch, no augmentation, one process, in turns: each contestant
trains for some steps, then the next, round after round, so that a machine that slows down slows all
of them down. The figure is the median over rounds. The weights are fresh: what a teacher has learnt
does not change how long it takes.
"""

import argparse
import tempfile
from pathlib import Path

import torch

from aerial_nni.bench.table import Table
from aerial_nni.bench.train import in_turns, our_turn
from aerial_nni.config.options import changed
from aerial_nni.models import build_model
from aerial_nni.recipes.distill.features import layer_of
from aerial_nni.recipes.distill.objective import DistillationLoss
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.distill.teacher_cache import keep_views
from aerial_nni.trials.run_trial import (
    DataContext,
    TrainingSetup,
    masks_alone,
    open_data_context,
)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of this benchmark."""
    parser.add_argument("--width", type=int, default=8, help="width of the student (default: 8)")
    parser.add_argument("--depth", type=int, default=3, help="depth of the student (default: 3)")
    parser.add_argument("--teacher-width", type=int, default=16, help="(default: 16)")
    parser.add_argument("--teacher-depth", type=int, default=4, help="(default: 4)")
    parser.add_argument("--kind", default="soft", help="kind of distillation (default: soft)")
    parser.add_argument("--space-to-depth", type=int, default=1, help="of both (default: 1)")
    parser.add_argument("--batch", type=int, default=16, help="patches per step (default: 16)")
    parser.add_argument("--patch", type=int, default=0, help="pixels; 0: the dataset's own")
    parser.add_argument("--steps", type=int, default=10, help="steps per turn (default: 10)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")


def measure(given: argparse.Namespace) -> Table:
    """The table of all contestants; the last column is the ratio to plain training."""
    names = ("data", "data_dir", "width", "depth", "kind", "space_to_depth", "batch", "patch")
    still = {"flip": False, "turn": False, "scale": 0.0, "colour": 0.0}
    options = changed(DistillOptions(), {**{name: getattr(given, name) for name in names}, **still})
    with tempfile.TemporaryDirectory(prefix="aerial-bench-") as folder:
        place = Path(folder)
        context = open_data_context(options, place)
        lessons = _lessons(given, options, context, place)
        turns = {
            name: our_turn(options, context, setup, steps=given.steps, folder=place)
            for name, setup in lessons.items()
        }
        seconds = in_turns(turns, given.rounds)
    plain = next(iter(seconds.values()))
    return Table(
        title="Cost of a teacher",
        columns=("Training", "Milliseconds per step", "Times plain training"),
        rows=tuple(
            (name, 1000 * value / given.steps, value / plain) for name, value in seconds.items()
        ),
        notes=(
            f"Student: U-Net of width {given.width} and depth {given.depth}; teacher: "
            f"{given.teacher_width} and {given.teacher_depth}; {context.prepared.patch}-pixel "
            f"patches of {context.prepared.facts.name}, batch {given.batch}, kind {given.kind}, "
            f"{context.precision}; median of {given.rounds} turns of {given.steps} steps each.",
        ),
        device=context.device,
    )


def _lessons(
    given: argparse.Namespace, options: DistillOptions, context: DataContext, folder: Path
) -> dict[str, TrainingSetup]:
    facts = context.prepared.facts
    sizes = {"width": given.teacher_width, "depth": given.teacher_depth}
    teacher = build_model(
        changed(options, sizes), bands=len(facts.bands), classes=len(facts.classes)
    )
    teacher.eval().requires_grad_(requires_grad=False)
    teacher.to(context.device).to(memory_format=torch.channels_last)
    plain = masks_alone(options, context)
    objective = DistillationLoss(plain.loss, teacher, options)
    kept = keep_views(
        objective.ask,
        context.batches(options, training=True),
        teacher="fresh",
        layer=layer_of(options),
        precision=context.precision,
        cache=folder,
    )
    return {
        "without a teacher": plain,
        "the teacher is asked": TrainingSetup(objective=objective, loss=plain.loss),
        "kept answers": TrainingSetup(objective=objective, loss=plain.loss, attached=kept),
    }
