"""`docs/baseline-performance.md`: the U-Net explained, then what it reached on real imagery."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from aerial_nni.reports import findings
from aerial_nni.reports.bars import draw_class_summary, draw_pixels
from aerial_nni.reports.blocks import draw_blocks, draw_costs
from aerial_nni.reports.curves import (
    draw_class_scores,
    draw_learning_rate,
    draw_loss,
    draw_precision_recall,
    draw_scores,
)
from aerial_nni.reports.diagram import draw_network
from aerial_nni.reports.folder import Experiment, Trial
from aerial_nni.reports.gallery import draw_galleries
from aerial_nni.reports.loss_text import explain_loss
from aerial_nni.reports.matrix import draw_confusion
from aerial_nni.reports.provenance import explain_sources
from aerial_nni.reports.stages import Stage, find_stages
from aerial_nni.reports.style import colourise, save
from aerial_nni.reports.tables import (
    class_table,
    cost_table,
    example_table,
    score_table,
    seed_table,
)
from aerial_nni.reports.trace import trace
from aerial_nni.reports.training_text import explain_data, explain_training
from aerial_nni.reports.unet_text import explain_network
from aerial_nni.results import atomic
from aerial_nni.training.checkpoint import load_checkpoint

NAME = "baseline-performance"
PHOTOS = ("network", "costs", "examples")
"""Figures with photographs in them: they keep all their colours."""


def write_baseline(experiments: Sequence[Experiment], docs: Path) -> Path:
    """Writes `baseline-performance.md` and its figures under `docs`; returns the document's path.

    Figures are drawn before the first file is replaced, and the document comes last.
    """
    main = experiments[0]
    stages = network_stages(main.best)
    figures = draw_figures(main, stages)
    folder = docs / NAME
    docs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=docs, prefix=f".{NAME}.") as temporary:
        for name, figure in figures.items():
            save(figure, Path(temporary) / f"{name}.png", photo=name.startswith(PHOTOS))
        folder.mkdir(exist_ok=True)
        for name in figures:
            (Path(temporary) / f"{name}.png").replace(folder / f"{name}.png")
    links = {name: f"{NAME}/{name}.png" for name in figures}
    path = docs / f"{NAME}.md"
    with atomic(path) as draft:
        draft.write_text(compose(experiments, stages, links), encoding="utf-8")
    return path


def network_stages(trial: Trial) -> list[Stage]:
    """The stages of the trial's network, found by running the model of its checkpoint."""
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
    figures = {
        "network": draw_network(stages, picture=picture, result=result),
        "blocks": draw_blocks(stages),
        "costs": draw_costs(stages, picture=picture),
        "learning-rate": draw_learning_rate(trial),
        "pixels": draw_pixels(trial),
        "loss": draw_loss(trials),
        "scores": draw_scores(trials),
        "classes": draw_class_summary(trials),
        "class-scores": draw_class_scores(trial),
        "precision-recall": draw_precision_recall(trial),
        "confusion": draw_confusion(trial),
    }
    for number, figure in enumerate(draw_galleries(trial), start=1):
        figures[f"examples-{number}"] = figure
    return figures


def compose(
    experiments: Sequence[Experiment], stages: Sequence[Stage], links: Mapping[str, str]
) -> str:
    """The document in Markdown; `links` maps a figure's name to its path from the document."""
    trial = experiments[0].best
    chapters: list[Callable[[], str]] = [
        lambda: f"# Baseline performance: a U-Net on {_title(trial.metrics['data']['name'])}",
        lambda: findings.summary(experiments[0]),
        lambda: explain_network(
            trial, stages, network=links["network"], blocks=links["blocks"], costs=links["costs"]
        ),
        lambda: "## 2. How it learns",
        lambda: explain_loss(trial),
        lambda: explain_training(trial, rate=links["learning-rate"]),
        lambda: explain_data(trial, pixels=links["pixels"]),
        lambda: results_chapter(experiments, links),
        lambda: explain_sources(experiments),
    ]
    return "\n\n".join(chapter() for chapter in chapters) + "\n"


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
    galleries = sorted(name for name in links if name.startswith("examples-"))
    parts += [
        findings.selection(trial),
        findings.orientation(trial),
        f"### {'Ten' if len(trial.examples) == 10 else len(trial.examples)} segmented validation "
        "images",
        "None of them was trained on. They were chosen by a rule, not by eye: all classes, from "
        "the whole range of difficulty (ranks of the patches' mean IoU), from many images; in the "
        "order of their score. Orange marks wrong pixels. The mean IoU of a single patch is over "
        "the classes in its truth or prediction, so a few pixels of a class that is not there "
        "cost much.",
        *(f"![Segmented validation images, part {i}]({links[name]})"
          for i, name in enumerate(galleries, start=1)),
        example_table(trial),
        "### Loss by epoch",
        f"![Training and validation loss by epoch]({links['loss']})",
        findings.on_loss(trial),
        "### Mean IoU, precision and recall by epoch",
        f"![Mean IoU and soft Jaccard, precision and recall by epoch]({links['scores']})",
        "Precision is the share of the pixels called a class that are it; recall the share of a "
        "class's pixels that were found. Left the mean IoU and, under its own name, the soft "
        "Jaccard of the reference work; right the unweighted means over the classes."
        + (" Thin lines are the other seeds." if len(experiments[0].trials) > 1 else ""),
        "### Scores of each class",
        class_table(trial),
        f"![IoU, precision and recall of each class]({links['classes']})",
        findings.on_classes(trial),
        f"![Precision, recall and IoU of each class by epoch]({links['class-scores']})",
        "### Precision and recall over thresholds",
        "The tables take the most probable class. Here the probability of each class is compared "
        "with a threshold instead, from 0 to 1: a high one finds few pixels and is mostly right, "
        "a low one finds most and errs more. The average precision (AP) is the area under the "
        "curve.",
        f"![Precision-recall curve of each class]({links['precision-recall']})",
        "### Which classes are confused",
        f"![Confusion matrix, row by row as shares of the true class]({links['confusion']})",
        findings.on_confusions(trial),
        "### What it cost",
        cost_table(trial),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]
