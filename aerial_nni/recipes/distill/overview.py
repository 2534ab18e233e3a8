"""What a distillation brings to the page over all kinds of experiments."""

from collections.abc import Sequence

from aerial_nni.recipes.distill.report.costs import read_rows as read_models
from aerial_nni.recipes.distill.report.lesson_facts import way
from aerial_nni.recipes.distill.report.reading import read_distillation
from aerial_nni.reporting.folder import Experiment
from aerial_nni.reporting.overview.rows import Made, Row, epochs_of, network
from aerial_nni.reporting.style import GREY, ORANGE, VERMILLION

TEACHER, STUDENT, CONTROL, INT8 = "teacher", "student", "control", "int8"
ROWS = {
    TEACHER: ("teacher", GREY, "^"),
    STUDENT: ("student", VERMILLION, "o"),
    CONTROL: ("student without teacher", VERMILLION, "s"),
    INT8: ("student, 8-bit", ORANGE, "D"),
}
"""Keys of a distillation's models -> what they are called here, colour and mark."""


def read_rows(experiment: Experiment) -> Made:
    """Teacher, student and its control; the student in 8 bits where it was measured."""
    found = read_distillation(experiment)
    spec, options = found.teacher["spec"], found.student.options
    runs = {STUDENT: found.students, CONTROL: found.controls}
    rows = [
        Row(
            name=ROWS[row.key][0],
            network=network(spec if row.key == TEACHER else options),
            scores=list(row.scores) or [float(row.score or 0.0)],
            epochs=epochs_of(runs.get(row.key, ())),
            parameters=[row.parameters],
            multiply_adds=[row.multiply_adds],
            seconds=row.patch_seconds,
            control=row.key == CONTROL,
            colour=ROWS[row.key][1],
            marker=ROWS[row.key][2],
        )
        for row in read_models(found)
        if row.score is not None or row.scores
    ]
    searched = f", after a search ({found.search.title})" if found.search else ""
    return Made(
        experiment=experiment,
        rows=rows,
        method=f"{way(found)}{searched}",
        shown=found.student,
        teacher=found.teacher["sha256"],
        note=_explain_int8(rows),
    )


def _explain_int8(rows: Sequence[Row]) -> str:
    """What the row of the 8 bits is of; nothing without one."""
    by_name = {row.name: row for row in rows}
    if ROWS[INT8][0] not in by_name:
        return ""
    best = max(by_name[ROWS[STUDENT][0]].scores)
    return f"Its 8-bit student is the best of its students, {best:.4f} in fp32."
