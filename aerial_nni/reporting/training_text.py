"""How the network learnt: optimiser, schedule, augmentation, data, split and scores, in words."""

from collections.abc import Mapping
from urllib.parse import quote

from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import LEAKY, literal, percent, pluralize, rule_name
from aerial_nni.reporting.split_map import explain_map
from aerial_nni.reporting.tables import pixel_table
from aerial_nni.training.metrics import POLICY

_RULES = {
    "adamw": "AdamW (Loshchilov and Hutter 2019)",
    "adam": "Adam (Kingma and Ba 2015)",
    "sgd": "stochastic gradient descent",
}
_SCHEDULES = {
    "one-cycle": "rises along a cosine from 1/25 of its highest value over the first 30 % of the "
    "steps, then falls along a cosine to almost nothing (one-cycle, Smith and Topin 2019): high "
    "rates cross flat and noisy ground, low ones settle",
    "cosine": "falls along a cosine from its highest value to 0 (Loshchilov and Hutter 2017)",
    "poly": "falls as (1 − progress) to the power 0.9 (Chen et al. 2018)",
    "constant": "stays the same",
    "step": "falls to a tenth after each quarter of the run",
}
SAFE = ":/?#@!$&'()*+,;=%-._~"
"""Signs that stand in an address as they are."""

_SPLITS = {
    "image": "whole images are held out, some of each area, so no image is on both sides; images "
    "of one area can still touch each other",
    "tile": "whole areas are held out, so validation shows ground that training never saw",
    "stratified": "whole images are held out so that each class is shown by the same share of the "
    "images on both sides, whichever areas they are of",
    "blocks": "squares of ground are held out, and no patch within the buffer around them trains",
    "given": "the images are held out that the makers of the dataset hold out",
    "patch": "patches are held out at random, as the reference work does, so neighbouring patches "
    "of one image are on both sides",
}


def explain_training(trial: Trial, *, rate: str) -> str:
    """Optimiser, schedule with its plot, and augmentation, in Markdown."""
    return "\n\n".join(
        [
            "### Optimiser and schedule",
            _optimiser(trial),
            f"![Learning rate by epoch]({rate})",
            "### Augmentation",
            _augmentation(trial),
        ]
    )


def _optimiser(trial: Trial) -> str:
    options, cost = trial.options, trial.metrics["cost"]
    there = trial.metrics["split"]["train_patches"]
    together = min(options["batch"] * options["accumulate"], there)
    text = [
        f"The weights are changed by {_RULES[options['optimizer']]} after every "
        f"{pluralize(together, 'patch')}"
        + (", which are all there are for training." if together == there else ".")
    ]
    if options["accumulate"] > 1:
        text.append(
            f"These are {options['accumulate']} batches of {options['batch']} whose gradients are "
            "added up."
        )
    if options["optimizer"] == "sgd":
        text.append(f"The momentum is {options['momentum']:g}.")
    if options["weight_decay"]:
        text.append(
            f"A weight decay of {options['weight_decay']:g} pulls the kernels, not biases and "
            "norms, towards 0."
        )
    if options["clip"]:
        text.append(
            f"Gradients with a norm above {options['clip']:g} are shortened to it, so that one odd "
            "batch cannot undo much."
        )
    if options["ema"]:
        text.append(
            "Scores and checkpoint are those of averaged weights (exponential moving average, "
            f"decay {options['ema']:g})."
        )
    text.append(
        f"The learning rate {_SCHEDULES[options['schedule']]}. The highest value is "
        f"{options['lr']:g}; the plot shows what was used. The forward pass ran in "
        f"{cost['precision']}, and training ended because it "
        f"{_ended(trial.metrics['stopped'])}."
    )
    return " ".join(text)


def _ended(reason: str) -> str:
    return reason if reason.startswith("reached") else f"was stopped: {reason}"


def _augmentation(trial: Trial) -> str:
    options, data = trial.options, trial.metrics["data"]
    square = data.get("patch_width", data["patch"]) == data["patch"]
    changes = []
    if options["flip"]:
        changes.append("mirrored with probability one half")
    if options["turn"]:
        angles = "0, 90, 180 or 270" if square else "0 or 180"
        changes.append(f"turned by {angles} degrees, each as likely")
    if options["scale"]:
        largest = 1 + options["scale"]
        changes.append(
            f"in half of the cases zoomed by a factor between {1 / largest:.2f} and {largest:.2f}"
        )
    colour = (
        f"In the picture alone, contrast changes by up to {percent(options['colour'])} and "
        f"brightness by up to {options['colour']:g} standard deviations, and single bands by up "
        "to half as much besides."
        if options["colour"]
        else ""
    )
    if not changes and not colour:
        return "This run used no augmentation: the network saw each patch as it is, every epoch."
    moves = f"Each patch, with its mask, is {'; '.join(changes)}. " if changes else ""
    return (
        f"Every epoch shows the training patches changed anew. {moves}{colour} A house is a house "
        f"whichever way it is {'turned' if options['turn'] else 'seen'}, and the network has to "
        "learn that from somewhere: seen this way, the same patches are worth many more. "
        "Validation patches are never changed."
    )


def explain_data(trial: Trial, links: Mapping[str, str]) -> str:
    """Data and split with the table and plot of pixels per class, and how scores are computed.

    `links` has the figures of `draw_data`.
    """
    data, split = trial.metrics["data"], trial.metrics["split"]
    about = literal((data.get("description") or f"The dataset {data['name']}").rstrip("."))
    address = quote(str(data["source"]), safe=SAFE)
    source = f", [source](<{address}>)" if address.startswith("http") else ""
    bands = ", ".join(map(literal, data["bands"]))
    step = (
        "without overlap" if data["stride"] == data["patch"] else f"every {data['stride']} pixels"
    )
    edges = {"cut": "cut off", "pad": "padded with void", "shift": "covered by shifting inward"}
    skipped = (
        f" {pluralize(len(data['skipped']), 'sample')} could not be used and was left out: "
        f"{', '.join(map(literal, sorted(data['skipped'])))}."
        if data["skipped"]
        else ""
    )
    parts = [
        "### Data and split",
        f"{about} (licence: {literal(data['licence'])}{source}). Images are cut from the top "
        f"left into patches of {data.get('patch_width', data['patch'])}×{data['patch']} pixels, "
        f"{step}; the ragged edge is "
        f"{edges.get(data['edge'], data['edge'])}.{skipped} The bands ({bands}) are "
        "scaled to mean 0 and standard deviation 1 with figures measured on the training "
        "patches.",
        f"The split is {rule_name(split['rule'], leaky=split['leaky'])}, seed {split['seed']}: "
        f"{_SPLITS.get(split['rule'].partition(':')[0], 'it was given as a file')}. Training has "
        f"{pluralize(split['train_patches'], 'patch')} of "
        f"{pluralize(split['train_images'], 'image')}, "
        f"validation {pluralize(split['val_patches'], 'patch')} of "
        f"{pluralize(split['val_images'], 'image')}.{_warning(trial)}",
        explain_map(trial, links),
        pixel_table(trial),
        f"![Pixels of each class in both parts of the split]({links['pixels']})",
        _imbalance(trial),
        "### How it is scored",
        f"> {POLICY}",
        "The **soft Jaccard** of the reference course work is given beside the mean IoU, under its "
        "own name. It is computed from probabilities over all classes together, so it is mostly "
        "about the common classes: it is another quantity, and the two are not compared.",
    ]
    return "\n\n".join(part for part in parts if part)


def _warning(trial: Trial) -> str:
    if not trial.metrics["split"]["leaky"]:
        return ""
    untold = trial.metrics["data"].get("untold")
    why = " The images are frames of videos, and their names do not say which." if untold else ""
    return (
        f" **This split is {LEAKY}.{why} The scores below are higher than they would be on new "
        "ground and serve for comparison with work that splits the same way.**"
    )


def _imbalance(trial: Trial) -> str:
    """Which class has most of the pixels, and which hardly any."""
    pixels = trial.metrics["split"]["pixels"]["train"]
    counts = {name: pixels[name] for name in trial.classes}
    total = max(1, sum(counts.values()))
    most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    return (
        f"The classes are not alike in size: {literal(most)} has {percent(counts[most] / total)} "
        f"of the labelled training pixels, {literal(least)} {percent(counts[least] / total)}. "
        "Pixel accuracy is therefore a poor guide, and the mean IoU, in which every class counts "
        "the same, is the score."
    )
