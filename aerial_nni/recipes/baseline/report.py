"""`docs/baseline-performance.md`: the U-Net explained, then what it reached on real imagery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import stdev
from typing import Any

from matplotlib.figure import Figure

from aerial_nni.config.families import FAMILIES
from aerial_nni.recipes.baseline.tables import score_table, seed_table
from aerial_nni.recipes.baseline.unet_facts import unet_facts
from aerial_nni.recipes.darts.report.derived_text import (
    derived_network,
    draw_derived,
    explain_derived,
)
from aerial_nni.reporting.blocks import plot_blocks, plot_stage_costs
from aerial_nni.reporting.curves import plot_learning_rate
from aerial_nni.reporting.diagram import plot_network
from aerial_nni.reporting.document_writer import write_document
from aerial_nni.reporting.folder import Experiment, Trial
from aerial_nni.reporting.graph_trace import trace
from aerial_nni.reporting.loss_course import LossFacts
from aerial_nni.reporting.render import render
from aerial_nni.reporting.shown_run import ShownRun, plot_run
from aerial_nni.reporting.sources import Sources, run_table
from aerial_nni.reporting.split_map import plot_data
from aerial_nni.reporting.stages import Stage, find_stages
from aerial_nni.reporting.style import colourise
from aerial_nni.training.checkpoint import load_checkpoint

NAME = "baseline-performance"

APART = {"split", "split_seed", "val_fraction", "seed", "data_dir", "device"}
"""Options in which experiments that stand in one table may differ without a word."""


@dataclass(frozen=True, kw_only=True)
class Differing:
    """An experiment whose options are not those of the first one, and which."""

    id: str
    options: list[str]


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
        compose=lambda links: render(
            "recipes/baseline/report.md.j2", **facts_of(experiments, stages, links), links=links
        ),
    )


def network_stages(trial: Trial) -> list[Stage]:
    """The stages of the trial's network, found by running the model of its checkpoint.

    None of other families than the U-Net: their parts are no such stages.
    """
    if trial.options.get("model", "unet") != "unet":
        return []
    model, _ = load_checkpoint(trial.checkpoint)
    bands, height, width = trial.metrics["model"]["input"]
    return find_stages(trace(model, bands=bands, height=height, width=width), bands=bands)


def draw_figures(experiment: Experiment, stages: Sequence[Stage]) -> dict[str, Figure]:
    """Every figure of the document by the name of its file."""
    trial = experiment.best
    # The patch with the most classes shows best what goes in and what comes out.
    richest = max(trial.examples, key=lambda e: len(e.facts["classes"]), default=None)
    picture = None if richest is None else richest.image
    result = None if richest is None else colourise(richest.predicted, trial.palette)
    genotype = derived_network(trial)
    network = (
        {"network": draw_derived(trial, genotype)}
        if genotype
        else {}
        if not stages
        else {
            "network": plot_network(stages, picture=picture, result=result),
            "blocks": plot_blocks(stages),
            "costs": plot_stage_costs(stages, picture=picture),
        }
    )
    return {
        **network,
        "learning-rate": plot_learning_rate(trial),
        **plot_data(trial),
        **plot_run(ShownRun.of(experiment.best_first)),
    }


def facts_of(
    experiments: Sequence[Experiment], stages: Sequence[Stage], links: Mapping[str, str]
) -> dict[str, Any]:
    """What the template says."""
    main = experiments[0]
    scores = [trial.metrics["score"] for trial in main.trials]
    genotype = derived_network(main.best)
    runs = sum(len(experiment.trials) for experiment in experiments)
    return {
        "run": ShownRun.of(main.best_first),
        "seeds": scores,
        "deviation": stdev(scores) if len(scores) > 1 else None,
        "genotype": genotype,
        "derived": explain_derived(main.best, genotype, network=links["network"])
        if genotype
        else "",
        "family": family_title(main.best),
        "begun": begun_with(main.best),
        "unet": unet_facts(main.best, stages) if stages else None,
        "loss": LossFacts.of(main.best.options),
        "experiments": experiments,
        "scores": score_table(experiments),
        "several_seeds": any(len(experiment.trials) > 1 for experiment in experiments),
        "differences": differences(experiments),
        "each_run": seed_table(experiments) if runs > 1 else "",
        "sources": Sources(
            chapter=4,
            experiments=tuple(experiments),
            shown=main.best,
            runs=run_table(experiments),
            name="reported run",
            folded=False,
        ),
    }


def family_title(trial: Trial) -> str:
    """The network's family as a title has it."""
    model = trial.options.get("model", "unet")
    return "a U-Net" if model in ("unet", "derived") else FAMILIES[model].title


def begun_with(trial: Trial) -> str:
    """What the training of a network began with."""
    facts = trial.metrics.get(trial.options.get("model", "unet"), {})
    drawn = facts.get("weights", {}).get("kind", "random") == "random"
    return "scratch" if drawn else "pretrained weights"


def differences(experiments: Sequence[Experiment]) -> list[Differing]:
    """What else than split and seed differs between experiments that stand in one table."""
    main = experiments[0].best.options
    found = []
    for experiment in experiments[1:]:
        other = experiment.best.options
        options = [
            f"`{key}` is {other.get(key)!r} instead of {main[key]!r}"
            for key in main
            if key not in APART and other.get(key) != main[key]
        ]
        if options:
            found.append(Differing(id=experiment.id, options=options))
    return found
