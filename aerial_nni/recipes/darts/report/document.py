"""`docs/neural-arch-search.md`: DARTS explained, then what it found and whether that is better."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from aerial_nni.config import run_folder
from aerial_nni.models.genotype import places
from aerial_nni.recipes.darts.report.alpha_pictures import draw_alpha, draw_final, draw_mixed
from aerial_nni.recipes.darts.report.chosen import Chosen
from aerial_nni.recipes.darts.report.comparison import Comparison, Course
from aerial_nni.recipes.darts.report.course_picture import draw_course
from aerial_nni.recipes.darts.report.derived_text import draw_derived
from aerial_nni.recipes.darts.report.method_facts import MethodFacts
from aerial_nni.recipes.darts.report.provenance import explain_sources, training_command
from aerial_nni.recipes.darts.report.reading import Discovery, read_discovery
from aerial_nni.recipes.darts.report.shape_picture import draw_shape
from aerial_nni.reporting import findings
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, one_of
from aerial_nni.reporting.format import LEAKY, headline
from aerial_nni.reporting.group_comparison import draw_beside
from aerial_nni.reporting.provenance import describe_places
from aerial_nni.reporting.render import render
from aerial_nni.reporting.search.part import SearchPart
from aerial_nni.reporting.trial_part import draw_trial, explain_trial

NAME = "neural-arch-search"


def write_darts(experiments: Sequence[Experiment], docs: Path) -> Path:
    """Writes `neural-arch-search.md` and its figures under `docs`; returns its path.

    Raises:
        ResultUnusable: a file is missing or damaged, or no search trial reached its end.
        ValueError: there are several experiments.
    """
    found = read_discovery(one_of(experiments, "a search"))
    return write_document(
        docs,
        NAME,
        figures=draw_figures(found),
        compose=lambda links: compose(found, links),
    )


def draw_figures(found: Discovery) -> dict[str, Figure]:
    """Every figure of the document by the name of its file."""
    genotype = found.main.genotype
    options = found.main.searched.options
    counts = {label: str(len(table)) for label, table in places(genotype.depth, genotype.nodes)}
    figures = {
        "space": draw_shape(counts, depth=genotype.depth, nodes=genotype.nodes,
                            width=options["width"], fold=options["space_to_depth"],
                            families=False),
        "mixed": draw_mixed(found),
        "course": draw_course(found),
        "alpha": draw_alpha(found),
        "alpha-final": draw_final(found),
        "genotype": draw_derived(found.main.searched, genotype),
    }  # fmt: skip
    if found.groups:
        figures["beside"] = draw_beside(*found.groups)
    return {**figures, **draw_trial(found.shown)}


def compose(found: Discovery, links: Mapping[str, str]) -> str:
    """The document in Markdown; `links` maps a figure's name to its path from the document."""
    shown = found.shown[0]
    return render(
        "recipes/darts/report.md.j2",
        found=found,
        shown=shown,
        comparison=Comparison(found),
        course=Course.of(found),
        method=MethodFacts(found),
        chosen=Chosen(found),
        part=SearchPart(found.search),
        genotype={
            "file": run_folder.GENOTYPE,
            "text": json.dumps(found.main.genotype._asdict()),
            "command": training_command(found),
            "places": describe_places([training_command(found)]),
        },
        headline=headline(shown.metrics["data"]["name"]),
        leaky=LEAKY,
        selection=findings.selection(shown),
        run="\n\n".join(explain_trial(shown, links, seeds=len(found.shown))),
        sources=explain_sources(found),
        links=links,
    )
