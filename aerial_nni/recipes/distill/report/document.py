"""`docs/knowledge-distillation.md`: the method explained, then what the teacher was worth."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.recipes.baseline.report import headline
from aerial_nni.recipes.distill.report import findings
from aerial_nni.recipes.distill.report.costs import cost_table, draw_costs, explain_costs
from aerial_nni.recipes.distill.report.gain_part import draw_losses, draw_worth, explain_worth
from aerial_nni.recipes.distill.report.losses_picture import draw_kinds
from aerial_nni.recipes.distill.report.method_text import explain_method
from aerial_nni.recipes.distill.report.provenance import explain_sources
from aerial_nni.recipes.distill.report.reading import Distillation, read_distillation
from aerial_nni.recipes.distill.report.scheme import draw_scheme
from aerial_nni.recipes.distill.report.soft_answers import draw_soft_answer, draw_temperatures
from aerial_nni.recipes.hpo.report.search_part import draw_search, explain_search
from aerial_nni.reporting import findings as baseline_findings
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, one_of
from aerial_nni.reporting.trial_part import draw_trial, explain_trial, which_of

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
        figures |= draw_search(found.search)
    if found.worth is not None:
        figures["worth"] = draw_worth(found)
        figures["losses"] = draw_losses(found)
    figures["score-cost"] = draw_costs(found)
    return {**figures, **draw_trial(found.shown, name="student", others=_others(found))}


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
    data = headline(found.student.metrics["data"]["name"])
    parts = [
        f"# Knowledge distillation: a small U-Net on {data}",
        findings.summary(found),
        explain_method(found, links),
        *_search_chapter(found, links),
        *_results_chapter(found, links),
        explain_sources(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _search_chapter(found: Distillation, links: Mapping[str, str]) -> list[str]:
    """Space, course, importance and all trials, in Markdown."""
    search = found.search
    if search is None:
        return [
            "## 2. The search",
            f"There was none: the student was trained with {findings.way(found)}, as it was asked "
            "to.",
        ]
    return [
        f"## 2. The search: {search.title}",
        *explain_search(search, links),
    ]


def _results_chapter(found: Distillation, links: Mapping[str, str]) -> list[str]:
    """Student against control, costs, then all that is shown of one student, in Markdown."""
    trial = found.student
    seeds = len(found.students)
    beside = (
        "Beside it, the teacher and the control of the same seed say what the same patches show."
        if found.answers
        else ""
    )
    return [
        "## 3. Results",
        *explain_worth(found, links),
        "### Teacher, student, control and the student in 8 bits",
        cost_table(found),
        explain_costs(found),
        f"![Mean IoU against what a model costs, of teacher, student and control]"
        f"({links['score-cost']})",
        "### The student that is shown",
        f"All that follows is about one student, `{trial.folder.name}`: "
        f"{which_of(trial, seeds)}. {beside}",
        baseline_findings.selection(trial),
        *explain_trial(trial, links, seeds=seeds),
    ]
