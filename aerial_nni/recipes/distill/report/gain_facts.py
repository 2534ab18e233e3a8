"""What the teacher is worth: student against control, seed by seed and class by class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from matplotlib.figure import Figure

from aerial_nni.recipes.distill.gain import Worth
from aerial_nni.recipes.distill.report.reading import Distillation
from aerial_nni.reporting import statistics
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import literal, score, table
from aerial_nni.reporting.group_comparison import Group, beside_table, longest, plot_groups
from aerial_nni.reporting.style import BLUE, VERMILLION, epoch_axis, line, new_figure, styled

LOOKS = {
    "student": {"color": VERMILLION, "linestyle": "-", "marker": "o"},
    "control": {"color": BLUE, "linestyle": "--", "marker": "s"},
}


@dataclass(frozen=True)
class Gain:
    """What templates tell of the difference of student and control."""

    found: Distillation

    @property
    def worth(self) -> Worth | None:
        """Means and spread; None where no seed has both."""
        return self.found.worth

    @property
    def students(self) -> list[float]:
        """Score of each student."""
        return Group("student", self.found.students).scores

    @property
    def below_teacher(self) -> float:
        """The teacher's score less the students' mean."""
        return float(self.found.teacher["score"]) - fmean(self.students)

    @property
    def seeds(self) -> list[int]:
        """Seeds that both have."""
        return sorted(student.options["seed"] for student, _ in self.pairs)

    @property
    def pairs(self) -> list[tuple[Trial, Trial]]:
        """Student and control of each seed that has both."""
        controls = {trial.options["seed"]: trial for trial in self.found.controls}
        seeds = [(trial, trial.options["seed"]) for trial in self.found.students]
        return [(trial, controls[seed]) for trial, seed in seeds if seed in controls]

    @property
    def difference(self) -> str:
        """With its spread: `+0.0123 ± 0.0045`."""
        return difference(self.worth) if self.worth else ""

    @property
    def verdict(self) -> str:
        """Whether it is more than chance."""
        return verdict(self.gains) if self.worth else ""

    @property
    def gains(self) -> list[float]:
        """Student less control, seed by seed."""
        return [float(s.metrics["score"]) - float(c.metrics["score"]) for s, c in self.pairs]

    @property
    def each(self) -> list[str]:
        """The difference of each seed."""
        return [
            f"seed {student.options['seed']} {gain:+.4f}"
            for (student, _), gain in zip(self.pairs, self.gains, strict=True)
        ]

    @property
    def groups(self) -> tuple[Group, Group]:
        """Those that are compared."""
        return Group("control", self.found.controls), Group("student", self.found.students)

    @property
    def table(self) -> str:
        """Scores and costs of both."""
        return beside_table([group for group in self.groups if group.trials])

    @property
    def class_table(self) -> str:
        """IoU of each class, of both, and the difference."""
        students, controls = ([pair[side].per_class("iou") for pair in self.pairs]
                              for side in (0, 1))  # fmt: skip
        rows = []
        for place, name in enumerate(self.found.student.classes):
            ours, theirs = ([scores[place] for scores in side] for side in (students, controls))
            gaps = [a - b for a, b in zip(ours, theirs, strict=True)]
            rows.append([literal(name), score(fmean(ours)), score(fmean(theirs)), _gap(gaps)])
        return table(["class", "student, IoU", "control, IoU", "difference"], rows)

    def plot(self) -> Figure:
        """Every seed of both, their curves, and the teacher's score."""
        known = self.found.teacher["score"]
        return plot_groups(*self.groups, level=None if known is None else (float(known), "teacher"))


def difference(worth: Worth) -> str:
    """The difference with its spread: `+0.0123 ± 0.0045`."""
    around = "" if worth.spread is None else f" ± {worth.spread:.4f}"
    return f"{worth.difference:+.4f}{around}"


def verdict(gains: Sequence[float]) -> str:
    """Whether differences seed by seed are more than chance."""
    return statistics.verdict(
        statistics.paired_difference(gains),
        nothing="Nothing is shown of the teacher being worth anything here.",
        harm="**The teacher did harm**",
    )


def _gap(values: Sequence[float]) -> str:
    if math.isnan(fmean(values)):
        return "–"
    around = f" ± {stdev(values):.4f}" if len(values) > 1 else ""
    return f"{fmean(values):+.4f}{around}"


@styled
def plot_losses(found: Distillation) -> Figure:
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
