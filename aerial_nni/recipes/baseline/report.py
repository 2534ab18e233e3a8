"""`docs/baseline-performance.md`: the U-Net explained, then what it reached on real imagery."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from aerial_nni.recipes.darts.report.derived_text import (
    derived_network,
    draw_derived,
    explain_derived,
)
from aerial_nni.reporting import findings
from aerial_nni.reporting.blocks import draw_blocks, draw_costs
from aerial_nni.reporting.curves import draw_learning_rate
from aerial_nni.reporting.diagram import draw_network
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, Trial
from aerial_nni.reporting.format import literal
from aerial_nni.reporting.graph_trace import trace
from aerial_nni.reporting.loss_text import explain_loss
from aerial_nni.reporting.provenance import explain_sources
from aerial_nni.reporting.split_map import draw_data
from aerial_nni.reporting.stages import Stage, find_stages
from aerial_nni.reporting.style import colourise
from aerial_nni.reporting.tables import score_table, seed_table
from aerial_nni.reporting.training_text import explain_data, explain_training
from aerial_nni.reporting.trial_part import draw_trial, explain_trial
from aerial_nni.reporting.unet_text import explain_network
from aerial_nni.training.checkpoint import load_checkpoint

NAME = "baseline-performance"


def write_baseline(experiments: Sequence[Experiment], docs: Path) -> Path:
    """Writes `baseline-performance.md` and its figures under `docs`; returns the document's path.

    Figures are drawn before the first file is replaced, and the document comes last.
    """
    main = experiments[0]
    stages = network_stages(main.best)
    return write_document(
        docs,
        NAME,
        figures=draw_figures(main, stages),
        compose=lambda links: compose(experiments, stages, links),
    )


def network_stages(trial: Trial) -> list[Stage]:
    """The stages of the trial's network, found by running the model of its checkpoint.

    None of a derived network: its blocks are graphs, not stages.
    """
    if derived_network(trial):
        return []
    model, _ = load_checkpoint(trial.checkpoint)
    bands, height, width = trial.metrics["model"]["input"]
    return find_stages(trace(model, bands=bands, height=height, width=width), bands=bands)


def draw_figures(experiment: Experiment, stages: Sequence[Stage]) -> dict[str, Figure]:
    """Every figure of the document by the name of its file."""
    trial, trials = experiment.best, experiment.best_first
    # The patch with the most classes shows best what goes in and what comes out.
    richest = max(trial.examples, key=lambda e: len(e.facts["classes"]), default=None)
    picture = None if richest is None else richest.image
    result = None if richest is None else colourise(richest.predicted, trial.palette)
    genotype = derived_network(trial)
    return {
        **(
            {"network": draw_derived(trial, genotype)}
            if genotype
            else {
                "network": draw_network(stages, picture=picture, result=result),
                "blocks": draw_blocks(stages),
                "costs": draw_costs(stages, picture=picture),
            }
        ),
        "learning-rate": draw_learning_rate(trial),
        **draw_data(trial),
        **draw_trial(trials),
    }


def compose(
    experiments: Sequence[Experiment], stages: Sequence[Stage], links: Mapping[str, str]
) -> str:
    """The document in Markdown; `links` maps a figure's name to its path from the document."""
    trial = experiments[0].best
    chapters: list[Callable[[], str]] = [
        lambda: f"# Baseline performance: a U-Net on {headline(trial.metrics['data']['name'])}",
        lambda: findings.summary(experiments[0]),
        lambda: _network_chapter(trial, stages, links),
        lambda: "## 2. How it learns",
        lambda: explain_loss(trial),
        lambda: explain_training(trial, rate=links["learning-rate"]),
        lambda: explain_data(trial, links),
        lambda: results_chapter(experiments, links),
        lambda: explain_sources(experiments),
    ]
    return "\n\n".join(chapter() for chapter in chapters) + "\n"


def _network_chapter(trial: Trial, stages: Sequence[Stage], links: Mapping[str, str]) -> str:
    if genotype := derived_network(trial):
        return explain_derived(trial, genotype, network=links["network"])
    return explain_network(
        trial, stages, network=links["network"], blocks=links["blocks"], costs=links["costs"]
    )


def results_chapter(experiments: Sequence[Experiment], links: Mapping[str, str]) -> str:
    """Scores, examples, curves, classes, confusions and costs, in Markdown."""
    trial = experiments[0].best
    seeds = max(len(experiment.trials) for experiment in experiments)
    runs = sum(len(experiment.trials) for experiment in experiments)
    parts = ["## 3. Results", "### Scores", score_table(experiments)]
    if seeds > 1:
        parts.append("Where there are several seeds: mean ± sample standard deviation over them.")
    if len(experiments) > 1:
        parts.append(findings.differences(experiments))
    if runs > 1:
        parts += ["Each run by itself:", seed_table(experiments)]
        parts.append(f"All that follows is about one of them, `{trial.folder.name}`.")
    parts += [
        findings.selection(trial),
        findings.orientation(trial),
        *explain_trial(trial, links, seeds=len(experiments[0].trials)),
    ]
    return "\n\n".join(part for part in parts if part)


def headline(name: str) -> str:
    """A dataset's name as it stands in a title."""
    return literal(name[:1].upper() + name[1:])
