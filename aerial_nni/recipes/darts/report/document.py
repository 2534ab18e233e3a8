"""`docs/neural-arch-search.md`: DARTS explained, then what it found and whether that is better."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from aerial_nni.config import run_folder
from aerial_nni.models.genotype import places
from aerial_nni.recipes.baseline.report import headline
from aerial_nni.recipes.darts.report import findings
from aerial_nni.recipes.darts.report.alpha_pictures import draw_alpha, draw_final, draw_mixed
from aerial_nni.recipes.darts.report.chosen_part import chosen_table, explain_choice, ways_table
from aerial_nni.recipes.darts.report.course_picture import draw_course
from aerial_nni.recipes.darts.report.derived_text import draw_derived
from aerial_nni.recipes.darts.report.method_text import explain_method
from aerial_nni.recipes.darts.report.provenance import explain_sources, training_command
from aerial_nni.recipes.darts.report.reading import Discovery, read_discovery
from aerial_nni.recipes.darts.report.shape_picture import draw_shape
from aerial_nni.recipes.hpo.report.space_part import explain_space
from aerial_nni.recipes.hpo.report.tables import failure_table, trial_table
from aerial_nni.reporting import findings as baseline_findings
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, one_of
from aerial_nni.reporting.format import pluralize, score
from aerial_nni.reporting.group_comparison import beside_table, draw_beside
from aerial_nni.reporting.provenance import describe_places
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
    data = headline(found.shown[0].metrics["data"]["name"])
    parts = [
        f"# Neural architecture search: DARTS over a U-Net on {data}",
        findings.summary(found),
        explain_method(found, links),
        *_search_chapter(found, links),
        *_genotype_chapter(found, links),
        *_results_chapter(found, links),
        explain_sources(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _search_chapter(found: Discovery, links: Mapping[str, str]) -> list[str]:
    """How search trials differed, their course, and alpha over time, in Markdown."""
    search = found.search
    failed = failure_table(search)
    return [
        "## 2. The search",
        explain_space(search),
        "### The search trials",
        trial_table(search, search.tried),
        *(["Trials without a score:", failed] if failed else []),
        "### How it went",
        f"![Scores, losses, entropy, skips and size by epoch]({links['course']})",
        "In front the reported trial, thin the other search trials. The grey ground is the "
        "warm-up, in which only the weights learn. The score after each epoch is that of the "
        "network derived so far, with the supernet's weights and fresh batch-norm statistics.",
        findings.on_course(found),
        "### Alpha over time",
        f"![Weights of the operations on the most decided edges, by epoch]({links['alpha']})",
        "A panel for each of the most decided edges; the chosen operation is drawn thick and "
        "stands in the title. `none` may lead and is still not chosen.",
        f"![Weight of every operation in every place at the end]({links['alpha-final']})",
        f"Every place after epoch {found.main.epoch}; framed what was chosen. Where a row has no "
        "frame, its node kept two other edges.",
    ]


def _genotype_chapter(found: Discovery, links: Mapping[str, str]) -> list[str]:
    """The genotype as a graph, as JSON and as a command, and what was chosen, in Markdown."""
    several = len(found.all_found)
    of = f"In the {several} genotypes" if several > 1 else "In the one genotype"
    return [
        "## 3. What was found",
        "### The genotype",
        f"![The derived network as a graph, with the operation on each edge]({links['genotype']})",
        f"As JSON; it lies as `{run_folder.GENOTYPE}` in the folder "
        f"`{found.main.searched.folder.name}`:",
        f"```json\n{json.dumps(found.main.genotype._asdict())}\n```",
        f"Pasted into a file `{run_folder.GENOTYPE}`, it is trained again by"
        f"{describe_places([training_command(found)])}:",
        f"```\n{training_command(found)}\n```",
        "### What the search chose",
        f"{of} that the search found, each operation stands on so many edges; level 0 is the "
        "finest:",
        chosen_table(found),
        ways_table(found),
        explain_choice(found),
    ]


def _results_chapter(found: Discovery, links: Mapping[str, str]) -> list[str]:
    """Derived against its controls, then all that is shown of one run, in Markdown."""
    trial, seeds = found.shown[0], len(found.shown)
    parts = ["## 4. Results", "### Derived against random and hand-made"]
    if "beside" in links:
        parts += [
            beside_table(found.groups, seconds=[found.seconds(g.trials) for g in found.groups]),
            findings.on_times(found),
            f"![Each run of U-Net, derived and random networks, and mean IoU by epoch]"
            f"({links['beside']})",
            findings.on_randoms(found),
            findings.on_others(found),
        ]
    else:
        parts.append("No final run reached its end in this experiment: nothing can be compared.")
    return [
        *parts,
        "### The derived network that is shown",
        f"All that follows is about one run, `{trial.folder.name}`"
        + (
            f": of {pluralize(seeds, 'run')} the one with the highest score "
            f"({score(trial.metrics['score'])}, seed {trial.options['seed']})."
            if found.main.runs
            else ", the search trial itself, on the weights of the supernet."
        ),
        baseline_findings.selection(trial) if found.main.runs else "",
        *explain_trial(trial, links, seeds=seeds),
    ]
