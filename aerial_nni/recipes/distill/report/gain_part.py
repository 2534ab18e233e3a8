"""What the teacher is worth: student against control, seed by seed and class by class."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from matplotlib.figure import Figure

from aerial_nni.recipes.distill.report import findings
from aerial_nni.recipes.distill.report.reading import Distillation
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import literal, score, table
from aerial_nni.reporting.group_comparison import Group, beside_table, draw_beside, longest
from aerial_nni.reporting.style import BLUE, VERMILLION, epoch_axis, line, new_figure, styled

LOOKS = {
    "student": {"color": VERMILLION, "linestyle": "-", "marker": "o"},
    "control": {"color": BLUE, "linestyle": "--", "marker": "s"},
}


def groups(found: Distillation) -> tuple[Group, Group]:
    """Control and student, those that are compared."""
    return Group("control", found.controls), Group("student", found.students)


def draw_worth(found: Distillation) -> Figure:
    """Every seed of both, their curves, and the teacher's score."""
    known = found.teacher["score"]
    level = None if known is None else (float(known), "teacher")
    return draw_beside(*groups(found), level=level)


@styled
def draw_losses(found: Distillation) -> Figure:
    """Left the training loss on the masks, right the validation loss, by epoch, of both."""
    figure = new_figure(3.4)
    panels = figure.subplots(1, 2)
    runs = {"student": found.shown, "control": _same_seed_first(found)}
    for axes, kind in zip(panels, ("training", "validation"), strict=True):
        for name, trials in runs.items():
            look = LOOKS[name]
            for trial in trials[1:]:
                axes.plot(trial.history["epoch"], trial.history[_column(trial, kind)],
                          color=look["color"], linestyle=look["linestyle"], linewidth=0.7,
                          alpha=0.45, zorder=1)  # fmt: skip
            for trial in trials[:1]:
                values = trial.history[_column(trial, kind)]
                line(axes, trial.history["epoch"], values, name, look)
        epoch_axis(axes, longest([*found.students, *found.controls]))
        axes.set_title(f"{kind.capitalize()} loss on the masks")
        axes.set_ylabel(f"loss ({found.student.options['loss']}), no unit")
        axes.legend()
    return figure


def _column(trial: Trial, kind: str) -> str:
    return trial.label_loss if kind == "training" else "val_loss"


def _same_seed_first(found: Distillation) -> list[Trial]:
    """The controls, the one of the shown student's seed in front."""
    return sorted(found.controls, key=lambda trial: trial is not found.control)


def explain_worth(found: Distillation, links: Mapping[str, str]) -> list[str]:
    """The section in Markdown, a paragraph each."""
    title = "### What the teacher is worth: student against control"
    worth = found.worth
    if worth is None:
        return [title, findings.headline(found)]
    return [
        title,
        beside_table([group for group in groups(found) if group.trials]),
        f"![Student and control: each seed, and mean IoU by epoch]({links['worth']})",
        f"Student less control, seed by seed: {_each(found)}; together "
        f"{findings.difference(worth)}. {findings.verdict(worth)}",
        _class_table(found),
        "IoU of each class, mean over the seeds that both have. A ± is the sample standard "
        "deviation of the difference; one that is larger than the difference makes it chance.",
        f"![Training and validation loss by epoch, of student and control]({links['losses']})",
        "Both losses are those of the masks alone, so that they can be compared: what the teacher "
        "adds for the student is left out. In front the shown student and the control of its "
        "seed, thin the other seeds. A student whose training loss stays above that of its control "
        "has the teacher to please as well; what counts is the right panel and the score.",
    ]


def _pairs(found: Distillation) -> list[tuple[Trial, Trial]]:
    """Student and control of each seed that has both."""
    controls = {trial.options["seed"]: trial for trial in found.controls}
    seeds = [(trial, trial.options["seed"]) for trial in found.students]
    return [(trial, controls[seed]) for trial, seed in seeds if seed in controls]


def _each(found: Distillation) -> str:
    said = [
        f"seed {student.options['seed']} {student.metrics['score'] - control.metrics['score']:+.4f}"
        for student, control in _pairs(found)
    ]
    return ", ".join(said)


def _class_table(found: Distillation) -> str:
    """IoU of each class, of both, and the difference."""
    pairs = _pairs(found)
    students, controls = ([pair[side].per_class("iou") for pair in pairs] for side in (0, 1))
    rows = []
    for place, name in enumerate(found.student.classes):
        ours, theirs = ([scores[place] for scores in side] for side in (students, controls))
        gaps = [a - b for a, b in zip(ours, theirs, strict=True)]
        rows.append([literal(name), score(fmean(ours)), score(fmean(theirs)), _gap(gaps)])
    return table(["class", "student, IoU", "control, IoU", "difference"], rows)


def _gap(values: Sequence[float]) -> str:
    if math.isnan(fmean(values)):
        return "–"
    around = f" ± {stdev(values):.4f}" if len(values) > 1 else ""
    return f"{fmean(values):+.4f}{around}"
