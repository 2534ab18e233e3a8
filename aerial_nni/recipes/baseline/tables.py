"""The tables of scores of several baselines, in Markdown."""

from collections.abc import Sequence

from aerial_nni.reporting.folder import Experiment
from aerial_nni.reporting.format import duration, rule_name, score, spread, table

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
                    f"`{experiment.id}`"
                    if experiment.by_hand
                    else f"`{experiment.id}/{trial.folder.name}`",
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
