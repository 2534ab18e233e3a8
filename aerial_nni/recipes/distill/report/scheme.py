"""Distillation as a picture: what goes where, with the pictures of one validation patch."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from aerial_nni.recipes.distill.report.reading import Distillation
from aerial_nni.reporting.style import (
    BLUE,
    DPI,
    GREEN,
    GREY,
    INK,
    PALE,
    VERMILLION,
    WIDTH,
    colourise,
    styled,
)

HEIGHT = 4.2
SIDE = 0.92
"""Inches of a thumbnail."""
ROWS = {"teacher": 3.45, "student": 2.2, "truth": 0.95}
"""Height of the middle of each path."""


@styled
def draw_scheme(found: Distillation) -> Figure:
    """The patch goes into both; the student is compared with the teacher and with the truth."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    example, palette = found.example(found.richest), found.student.palette
    teacher, student = found.teacher, found.student.metrics["model"]
    _thumbnail(axes, 0.75, ROWS["student"], example.image, "patch")
    middle = {name: (2.75, ROWS[name]) for name in ("teacher", "student")}
    _box(axes, *middle["teacher"], f"teacher\n{teacher['parameters']:,} parameters\nfrozen", BLUE)
    _box(axes, *middle["student"], f"student\n{student['parameters']:,} parameters\nlearns",
         VERMILLION)  # fmt: skip
    for name in middle:
        _arrow(axes, (1.25, ROWS["student"]), (1.95, ROWS[name]), INK)
        _arrow(axes, (3.55, ROWS[name]), (4.22, ROWS[name]), INK)
    answers = {"student": example.predicted}
    if found.answers:
        answers["teacher"] = found.logits("teacher", found.richest).argmax(axis=0).astype(np.uint8)
    for name, text in (("teacher", "soft answer"), ("student", "its answer")):
        picture = colourise(answers[name], palette) if name in answers else None
        _thumbnail(axes, 4.75, ROWS[name], picture, text)
    _thumbnail(axes, 4.75, ROWS["truth"], colourise(example.truth, palette), "mask")
    kind, weight = found.lesson["kind"], found.lesson["teacher_weight"]
    _box(axes, 7.2, (ROWS["teacher"] + ROWS["student"]) / 2,
         f"comparison with the teacher\n{kind}, weight {weight:.3g}", GREEN, width=2.3)  # fmt: skip
    _box(axes, 7.2, (ROWS["student"] + ROWS["truth"]) / 2,
         f"comparison with the mask\n{found.student.options['loss']}", GREY, width=2.3)  # fmt: skip
    for start, end in (
        ("teacher", 2.92), ("student", 2.73), ("student", 1.67), ("truth", 1.48),
    ):  # fmt: skip
        _arrow(axes, (5.28, ROWS[start]), (6.0, end), INK)
    # From both comparisons, below the mask, back to the student.
    axes.plot([8.38, 8.62, 8.62, 2.75, 2.75], [2.83, 2.83, 0.24, 0.24, 1.7], color=VERMILLION,
              linewidth=1.6, linestyle=(0, (4, 2)))  # fmt: skip
    axes.plot([8.38, 8.62], [1.57, 1.57], color=VERMILLION, linewidth=1.6, linestyle=(0, (4, 2)))
    _arrow(axes, (2.75, 1.7), (2.75, 1.87), VERMILLION)
    axes.text(2.9, 0.3, "gradient: changes\nthe student alone", fontsize=8, color=VERMILLION,
              va="bottom")  # fmt: skip
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, HEIGHT)
    return figure


def _thumbnail(axes: Axes, x: float, y: float, picture: np.ndarray | None, text: str) -> None:
    half = SIDE / 2
    if picture is None:
        axes.add_patch(Rectangle((x - half, y - half), SIDE, SIDE, facecolor=PALE))
    else:
        axes.imshow(picture, extent=(x - half, x + half, y - half, y + half), aspect="auto",
                    interpolation="antialiased", zorder=3)  # fmt: skip
    axes.text(x, y + half + 0.04, text, ha="center", va="bottom", fontsize=8, color=INK)


def _box(axes: Axes, x: float, y: float, text: str, colour: str, *, width: float = 1.55) -> None:
    axes.add_patch(
        FancyBboxPatch((x - width / 2, y - 0.3), width, 0.6, boxstyle="round,pad=0.03",
                       facecolor="white", edgecolor=colour, linewidth=1.8, zorder=3)
    )  # fmt: skip
    axes.text(x, y, text, ha="center", va="center", fontsize=8, color=INK, zorder=4)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=10, linewidth=1.2,
                        color=colour, shrinkA=1, shrinkB=1, zorder=2)
    )  # fmt: skip
