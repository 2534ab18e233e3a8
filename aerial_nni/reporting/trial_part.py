"""What every document shows of the one trial it reports: pictures, curves, classes, cost."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.reporting import findings
from aerial_nni.reporting.bars import draw_class_summary
from aerial_nni.reporting.curves import (
    draw_class_scores,
    draw_loss,
    draw_precision_recall,
    draw_scores,
)
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import score
from aerial_nni.reporting.gallery import PREDICTION, draw_galleries
from aerial_nni.reporting.matrix import draw_confusion
from aerial_nni.reporting.tables import class_table, cost_table, example_table


def draw_trial(
    trials: Sequence[Trial],
    *,
    name: str = PREDICTION,
    others: Mapping[str, Sequence[np.ndarray]] | None = None,
) -> dict[str, Figure]:
    """The figures of `trials[0]` by name; the other trials, of other seeds, stand behind it.

    `name` and `others` are for the pictures: see `draw_galleries`.
    """
    trial = trials[0]
    figures = {
        "loss": draw_loss(trials),
        "scores": draw_scores(trials),
        "classes": draw_class_summary(trials),
        "class-scores": draw_class_scores(trial),
        "precision-recall": draw_precision_recall(trial),
        "confusion": draw_confusion(trial),
    }
    for number, figure in enumerate(draw_galleries(trial, name=name, others=others), start=1):
        figures[f"examples-{number}"] = figure
    return figures


def explain_trial(trial: Trial, links: Mapping[str, str], *, seeds: int) -> list[str]:
    """Examples, curves, classes, confusions and costs, in Markdown, a paragraph each.

    `seeds` is the number of trials of which the figures show curves.
    """
    galleries = sorted(name for name in links if name.startswith("examples-"))
    return [
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
        + (" Thin lines are the other seeds." if seeds > 1 else ""),
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


def which_of(trial: Trial, seeds: int) -> str:
    """Which run is shown, of so many that differ in their seed."""
    seed = f"seed {trial.options['seed']}"
    if seeds == 1:
        return seed
    return f"the one with the highest score of {seeds} ({score(trial.metrics['score'])}, {seed})"
