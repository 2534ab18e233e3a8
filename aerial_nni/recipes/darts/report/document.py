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
from aerial_nni.recipes.darts.report.reading import Discovery, read_discovery
from aerial_nni.recipes.darts.report.shape_picture import draw_shape
from aerial_nni.recipes.darts.report.training_command import training_command
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, one_of
from aerial_nni.reporting.group_comparison import plot_groups
from aerial_nni.reporting.render import render
from aerial_nni.reporting.search.part import SearchPart
from aerial_nni.reporting.search.search import trials_of
from aerial_nni.reporting.shown_run import ShownRun, plot_run
from aerial_nni.reporting.sources import Sources, describe_places, digest_table

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
        figures["beside"] = plot_groups(*found.groups)
    return {**figures, **plot_run(ShownRun.of(found.shown))}


def compose(found: Discovery, links: Mapping[str, str]) -> str:
    """The document in Markdown; `links` maps a figure's name to its path from the document."""
    return render(
        "recipes/darts/report.md.j2",
        found=found,
        run=ShownRun.of(found.shown),
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
        sources=sources_of(found),
        links=links,
    )


def sources_of(found: Discovery) -> Sources:
    """Every finished run with its digest, and the commands that belong to them."""
    shown, experiment = found.shown[0], found.experiment
    checkpoint = f"runs/{experiment.folder.name}/{shown.folder.name}/{run_folder.CHECKPOINT}"
    runs = trials_of(found.search)
    runs += [(f"derived in trial {one.tried.number}", run)
             for one in found.all_found for run in one.runs]  # fmt: skip
    runs += [("random architecture", run) for run in found.randoms]
    runs += [("hand-made U-Net", run) for run in found.hand_made]
    return Sources(
        chapter=5,
        experiments=(experiment,),
        shown=shown,
        runs=digest_table(experiment, runs, shown),
        more=(
            f"python -m aerial_nni.run predict {checkpoint} IMAGE",
            f"python -m aerial_nni.run export {checkpoint} --to derived.onnx",
        ),
    )
