"""What a run's results say, in sentences that plain rules write from the numbers."""

import math
from collections.abc import Sequence

import numpy as np

from aerial_nni.reporting.folder import Experiment, Trial
from aerial_nni.reporting.format import LEAKY, code, join_and, literal, percent, pluralize, score
from aerial_nni.reporting.matrix import row_shares, short_count

NOTICEABLE = 0.05
"""Differences of scores, and rises of the loss relative to its lowest value, worth a sentence."""

REFERENCES = {
    "dubai": "For orientation: the comments in the training script of the Keras reference work "
    "(`228_training_aerial_imagery.py`) note a mean IoU of 0.62 and a soft Jaccard of 0.75 on "
    "validation, after 100 epochs with Dice plus focal loss. It splits patches at random "
    f"(**{LEAKY}**), so only a `patch` line can stand beside it."
}
"""Dataset -> published scores, with where they are from and how they were split."""


def summary(experiment: Experiment) -> str:
    """The result in a paragraph."""
    trial = experiment.best
    metrics, split = trial.metrics, trial.metrics["split"]
    leaky = f" (**{LEAKY}**)" if split["leaky"] else ""
    several = ""
    if len(experiment.trials) > 1:
        scores = [other.metrics["score"] for other in experiment.trials]
        several = (
            f" It is the best of {len(scores)} runs that differ in their seed; over all of them "
            f"the mean is {np.mean(scores):.3f} and the sample standard deviation "
            f"{np.std(scores, ddof=1):.3f}."
        )
    return (
        f"A U-Net with {metrics['model']['parameters']:,} parameters, trained from scratch for "
        f"{pluralize(metrics['epochs_run'], 'epoch')}, reaches a **mean IoU of "
        f"{metrics['final']['mean_iou']:.3f}** over {len(trial.classes)} classes on "
        f"{pluralize(split['val_patches'], 'validation patch')} of the dataset "
        f"{code(metrics['data']['name'])}, split by the rule `{split['rule']}`{leaky}. "
        f"{_best_and_last(trial)}{several}"
    )


def _best_and_last(trial: Trial) -> str:
    if trial.metrics["epoch"] == trial.metrics["epochs_run"]:
        return "Its best epoch is the last one."
    return f"That is its best epoch; the last one has {float(trial.history['mean_iou'][-1]):.3f}."


def selection(trial: Trial) -> str:
    """That the best epoch was chosen on the images it is scored on, with the last one beside it."""
    last = float(trial.history["mean_iou"][-1])
    kept = trial.metrics["final"]["mean_iou"]
    beside = (
        "It is the last epoch as well."
        if trial.metrics["epoch"] == trial.metrics["epochs_run"]
        else f"The last epoch, which was not chosen, has {score(last)}."
    )
    return (
        f"**The kept epoch ({trial.metrics['epoch']} of {trial.metrics['epochs_run']}) was chosen "
        "by its mean IoU on the same validation images it is scored on, so its score "
        f"({score(kept)}) is a little optimistic. {beside}** There is no third set of images "
        "that neither trained nor chose."
    )


def on_loss(trial: Trial) -> str:
    """How the two losses went, and whether the validation loss turned."""
    train, val = (trial.history[name] for name in (trial.label_loss, "val_loss"))
    epochs = trial.history["epoch"].astype(int)
    text = [
        f"The training loss went from {train[0]:.3f} to {train[-1]:.3f}, the validation loss from "
        f"{val[0]:.3f} to {val[-1]:.3f}."
        if len(epochs) > 1
        else f"After the only epoch the training loss is {train[0]:.3f}, the validation loss "
        f"{val[0]:.3f}."
    ]
    if np.isfinite(val).any():
        lowest = int(np.nanargmin(val))
        risen = val[-1] / val[lowest] - 1
        if risen > NOTICEABLE and train[-1] < train[lowest]:
            text.append(
                f"The validation loss was lowest at epoch {epochs[lowest]} ({val[lowest]:.3f}) and "
                f"ended {percent(risen)} above that: from there on the network fitted the training "
                "patches more closely than it helped elsewhere, which is called overfitting."
            )
        elif lowest == len(val) - 1 and len(val) > 1:
            text.append("The validation loss was lowest at the last epoch.")
        elif len(val) > 1:
            text.append(
                f"The validation loss was lowest at epoch {epochs[lowest]} ({val[lowest]:.3f}) and "
                f"ended {percent(risen)} above that."
            )
    gap = val[-1] - train[-1]
    changes = any(trial.options[name] for name in ("flip", "turn", "scale", "colour"))
    augmented = ", on augmented patches" if changes else ""
    text.append(
        f"At the last epoch validation is {abs(gap):.3f} {'above' if gap > 0 else 'below'} "
        "training. The two are measured differently: the training loss is the mean over an epoch "
        f"in which the weights still change{augmented}; the validation loss is taken after the "
        "epoch, on unchanged patches."
    )
    return " ".join(text)


def on_classes(trial: Trial) -> str:
    """The best and the worst class, those not found, and where precision and recall differ."""
    iou = dict(zip(trial.classes, trial.per_class("iou"), strict=True))
    absent = [name for name, value in iou.items() if math.isnan(value)]
    there = {name: value for name, value in iou.items() if not math.isnan(value)}
    text = []
    if there:
        best, worst = max(there, key=there.__getitem__), min(there, key=there.__getitem__)
        pixels = trial.metrics["split"]["pixels"]["train"]
        share = pixels[worst] / max(1, sum(pixels[name] for name in trial.classes))
        text.append(
            f"{literal(best)} is segmented best (IoU {there[best]:.3f}), {literal(worst)} worst "
            f"({there[worst]:.3f}); {literal(worst)} has {100 * share:.2f} % of the labelled "
            "training pixels."
        )
    for name, precision, recall in zip(
        trial.classes, trial.per_class("precision"), trial.per_class("recall"), strict=True
    ):
        if abs(precision - recall) > 2 * NOTICEABLE:
            text.append(
                f"{literal(name)} has a precision of {precision:.3f} and a recall of {recall:.3f}: "
                f"{_reading(precision, recall)}."
            )
    if absent:
        text.append(
            f"{join_and([*map(literal, absent)])} {'does' if len(absent) == 1 else 'do'} not occur "
            "in the validation set, neither in truth nor in prediction, and "
            f"{'has' if len(absent) == 1 else 'have'} no score."
        )
    return " ".join(text)


def _reading(precision: float, recall: float) -> str:
    """What it means that the two differ."""
    if recall < NOTICEABLE:
        return "it is hardly found at all"
    if precision > recall:
        most = "what is called so mostly is, but part of it is missed"
        return most if precision > 0.5 else "more of it is missed than wrongly claimed"
    most = "most of it is found, but other ground is called so too"
    return most if recall > 0.5 else "more is wrongly claimed than missed"


def on_confusions(trial: Trial, *, count: int = 3) -> str:
    """The confusions with the largest shares of a true class, and the one of most pixels."""
    confusion = trial.confusion.copy()
    shares = row_shares(confusion)
    np.fill_diagonal(shares, 0)
    shares = np.nan_to_num(shares)
    names = [*map(literal, trial.classes)]
    order = np.argsort(-shares, axis=None)[:count]
    places = [np.unravel_index(index, shares.shape) for index in order]
    said = [
        f"{percent(shares[true, predicted])} of {names[true]} is called "
        f"{names[predicted]} ({short_count(confusion[true, predicted])} pixels)"
        for true, predicted in places
        if shares[true, predicted] > 0
    ]
    if not said:
        return "No pixel is confused."
    np.fill_diagonal(confusion, 0)
    true, predicted = np.unravel_index(int(confusion.argmax()), confusion.shape)
    wrong = confusion.sum()
    return (
        f"The largest confusions, as shares of the true class: {'; '.join(said)}. In pixels, most "
        f"errors are {names[true]} called {names[predicted]}: "
        f"{percent(confusion[true, predicted] / wrong)} of all wrong pixels."
    )


def differences(experiments: Sequence[Experiment]) -> str:
    """What else than the split differs between the experiments that are put side by side."""
    ignored = {"split", "split_seed", "val_fraction", "seed", "data_dir", "device"}
    main = experiments[0].best.options
    text = []
    for experiment in experiments[1:]:
        other = experiment.best.options
        differing = [
            f"`{key}` is {other.get(key)!r} instead of {main[key]!r}"
            for key in main
            if key not in ignored and other.get(key) != main[key]
        ]
        if differing:
            text.append(f"In experiment `{experiment.id}`, {join_and(differing)}.")
    return " ".join(text) or "All of them have the same options but for the split and the seed."


def orientation(trial: Trial) -> str:
    """What others reached on this dataset; empty where nothing is known."""
    return REFERENCES.get(trial.metrics["data"]["name"], "")
