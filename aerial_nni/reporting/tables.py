"""The tables of a document, in Markdown, each from the files of result folders."""

import math
from collections.abc import Sequence

import numpy as np

from aerial_nni.reporting.folder import Experiment, Trial
from aerial_nni.reporting.format import (
    duration,
    literal,
    percent,
    rule_name,
    score,
    spread,
    table,
    times,
)

FINAL = {
    "soft_jaccard": "soft Jaccard",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "pixel_accuracy": "pixel accuracy",
}
"""Scores of metrics.json beside the mean IoU, and their headings."""


def score_table(experiments: Sequence[Experiment]) -> str:
    """One line per experiment; mean and sample standard deviation where it has several seeds."""
    rows = []
    for experiment in experiments:
        split = experiment.best.metrics["split"]
        trials = experiment.trials
        finals = [trial.metrics["final"] for trial in trials]
        seeds = ", ".join(str(trial.options["seed"]) for trial in trials)
        rows.append(
            [
                f"{rule_name(split['rule'], leaky=split['leaky'])}, seed {split['seed']}",
                seeds,
                f"**{spread([final['mean_iou'] for final in finals])}**",
                spread([float(trial.history["mean_iou"][-1]) for trial in trials]),
                *(spread([final[key] for final in finals]) for key in FINAL),
            ]
        )
    header = ["split", "seeds of the runs", "mean IoU", "mean IoU of the last epoch"]
    return table([*header, *FINAL.values()], rows, text_columns=2)


def seed_table(experiments: Sequence[Experiment]) -> str:
    """One line per run."""
    rows = []
    for experiment in experiments:
        for trial in experiment.trials:
            split, cost = trial.metrics["split"], trial.metrics["cost"]
            rows.append(
                [
                    rule_name(split["rule"], leaky=split["leaky"]),
                    f"`{experiment.id}/{trial.folder.name}`"
                    if experiment.record
                    else f"`{experiment.id}`",
                    str(trial.options["seed"]),
                    score(trial.metrics["final"]["mean_iou"]),
                    f"{trial.metrics['epoch']} of {trial.metrics['epochs_run']}",
                    score(float(trial.history["mean_iou"][-1])),
                    duration(cost["training_seconds"]),
                ]
            )
    header = ["split", "result folder", "seed", "mean IoU", "best epoch",
              "mean IoU of the last epoch", "training time"]  # fmt: skip
    return table(header, rows, text_columns=2)


def class_table(trial: Trial) -> str:
    """Scores of each class, with the unweighted means."""
    names = ("iou", "precision", "recall", "f1", "average_precision")
    columns = {name: trial.per_class(name) for name in names}
    pixels = trial.confusion.sum(axis=1)
    rows = [
        [
            literal(trial.classes[i]),
            *(score(columns[name][i]) for name in names),
            f"{pixels[i]:,}",
            percent(pixels[i] / max(1, pixels.sum())),
        ]
        for i in range(len(trial.classes))
    ]
    means = [_mean(columns[name]) for name in names]
    rows.append(["**mean**", *(f"**{score(value)}**" for value in means), f"{pixels.sum():,}", ""])
    header = ["class", "IoU", "precision", "recall", "F1", "average precision", "true pixels",
              "share"]  # fmt: skip
    return table(header, rows)


def _mean(values: Sequence[float]) -> float:
    """The mean of the values that are there; NaN where none is."""
    there = [value for value in values if not math.isnan(value)]
    return sum(there) / len(there) if there else math.nan


def pixel_table(trial: Trial) -> str:
    """Pixels of each class in both parts, void in the last line."""
    parts = trial.metrics["split"]["pixels"]
    totals = {part: max(1, sum(parts[part][name] for name in trial.classes)) for part in parts}
    rows = []
    for name in trial.classes:
        row = [literal(name)]
        for part in ("train", "val"):
            row += [f"{parts[part][name]:,}", percent(parts[part][name] / totals[part])]
        rows.append(row)
    void = [parts[part]["void"] for part in ("train", "val")]
    rows.append(["void (not scored)", f"{void[0]:,}", "", f"{void[1]:,}", ""])
    header = ["class", "training pixels", "share", "validation pixels", "share"]
    return table(header, rows)


def example_table(trial: Trial) -> str:
    """Where each shown patch comes from, and its own scores."""
    rows = []
    for example in trial.examples:
        facts = example.facts
        void = float(np.mean(example.truth == 255))
        rows.append(
            [
                str(facts["number"]),
                f"{literal(facts['image'])}, rows from {facts['y']}, columns from {facts['x']}",
                ", ".join(map(literal, facts["classes"]))
                + (f"; void {percent(void)}" if void else ""),
                score(facts["mean_iou"], digits=3),
                score(facts["pixel_accuracy"], digits=3),
            ]
        )
    header = ["no.", "patch", "classes with at least 1 % of it", "mean IoU", "pixel accuracy"]
    return table(header, rows, text_columns=3)


def cost_table(trial: Trial) -> str:
    """What the run cost, and on what."""
    model, cost, history = trial.metrics["model"], trial.metrics["cost"], trial.history
    size = trial.checkpoint.stat().st_size
    rows = [
        ["trained parameters", f"{model['parameters']:,}"],
        [f"multiply-adds for one patch of {times(model['input'])}", f"{model['multiply_adds']:,}"],
        ["checkpoint", f"{size / 1e6:.2f} MB"],
        ["epochs", str(trial.metrics["epochs_run"])],
        ["training time with validation", duration(cost["training_seconds"])],
        ["time of an epoch with validation, mean", duration(cost["seconds_per_epoch"])],
        ["training throughput, median over epochs", f"{cost['patches_per_second']:.1f} patches/s"],
        [
            "throughput of the slowest and the fastest epoch",
            f"{history['patches_per_second'].min():.1f} and "
            f"{history['patches_per_second'].max():.1f} patches/s",
        ],
        ["machine", cost["machine"]],
        ["device, precision", f"{cost['device']}, {cost['precision']}"],
        ["processor threads", str(cost["threads"])],
    ]
    if held := cost.get("peak_memory_bytes"):
        rows.append(["most memory held", f"{held / 1e9:.2f} GB"])
    return table(["what", "value"], rows)
