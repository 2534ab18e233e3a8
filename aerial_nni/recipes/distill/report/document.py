"""`docs/knowledge-distillation.md`: the method explained, then what the teacher was worth."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.config import run_folder
from aerial_nni.recipes.distill.gain import STUDENT
from aerial_nni.recipes.distill.losses import GRID
from aerial_nni.recipes.distill.report.costs import Costs, plot_costs
from aerial_nni.recipes.distill.report.gain_facts import Gain, plot_losses
from aerial_nni.recipes.distill.report.lesson_facts import kinds_of, way
from aerial_nni.recipes.distill.report.losses_picture import draw_kinds, shown_class
from aerial_nni.recipes.distill.report.reading import Distillation, read_distillation
from aerial_nni.recipes.distill.report.scheme import draw_scheme
from aerial_nni.recipes.distill.report.soft_answers import (
    draw_soft_answer,
    draw_temperatures,
    soft_answer,
)
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, one_of
from aerial_nni.reporting.render import render
from aerial_nni.reporting.search.part import SearchPart
from aerial_nni.reporting.search.search import trials_of
from aerial_nni.reporting.shown_run import ShownRun, plot_run
from aerial_nni.reporting.sources import Sources, digest_table
from aerial_nni.tuners.trial import CONTROL

NAME = "knowledge-distillation"


def write_distillation(experiments: Sequence[Experiment], docs: Path) -> Path:
    """Writes `knowledge-distillation.md` and its figures under `docs`; returns its path.

    Raises:
        ResultUnusable: a file is missing or damaged, or no student reached its end.
        ValueError: there are several experiments.
    """
    found = read_distillation(one_of(experiments, "a distillation"))
    return write_document(
        docs,
        NAME,
        figures=draw_figures(found),
        compose=lambda links: compose(found, links),
    )


def draw_figures(found: Distillation) -> dict[str, Figure]:
    """Every figure of the document by the name of its file."""
    figures = {"scheme": draw_scheme(found)}
    if found.answers:
        figures["soft-answer"] = draw_soft_answer(found)
        figures["temperatures"] = draw_temperatures(found)
        figures["kinds"] = draw_kinds(found)
    if found.search is not None:
        figures |= SearchPart(found.search).figures()
    if found.worth is not None:
        figures["worth"] = Gain(found).plot()
        figures["losses"] = plot_losses(found)
    figures["score-cost"] = plot_costs(found)
    return {**figures, **plot_run(ShownRun.of(found.shown), name="student", others=_others(found))}


def _others(found: Distillation) -> dict[str, list[np.ndarray]]:
    """The classes that teacher and control give the shown patches."""
    return {
        name: [
            found.logits(name, place).argmax(axis=0).astype(np.uint8)
            for place in range(len(found.student.examples))
        ]
        for name in ("teacher", "control")
        if name in found.answers
    }


def compose(found: Distillation, links: Mapping[str, str]) -> str:
    """The document in Markdown; `links` maps a figure's name to its path from the document."""
    student = found.student
    return render(
        "recipes/distill/report.md.j2",
        found=found,
        run=ShownRun.of(found.shown),
        gain=Gain(found),
        costs=Costs(found),
        answer=soft_answer(found),
        kinds=kinds_of(found),
        way=way(found),
        grid=GRID,
        shown_class=student.classes[shown_class(found)],
        part=None if found.search is None else SearchPart(found.search),
        sources=sources_of(found),
        links=links,
    )


def sources_of(found: Distillation) -> Sources:
    """Every run with its digest, and the commands that belong to them."""
    shown, experiment = found.student, found.experiment
    runs = [(STUDENT, trial) for trial in found.students]
    runs += [(CONTROL, trial) for trial in found.controls]
    runs += trials_of(found.search)
    checkpoint = f"runs/{experiment.folder.name}/{shown.folder.name}/{run_folder.CHECKPOINT}"
    return Sources(
        chapter=4,
        experiments=(experiment,),
        shown=shown,
        runs=f"The teacher's checkpoint, `{run_folder.TEACHER}`: `{found.teacher['sha256']}`.\n\n"
        + digest_table(experiment, runs, shown),
        name="shown student",
        more=(
            f"python -m aerial_nni.run report {experiment.id} --measure",
            f"python -m aerial_nni.run export {checkpoint} --to student.onnx",
        ),
    )
