"""The losses beside each other, and what the search found: scores, differences, what they cost."""

from collections.abc import Mapping
from statistics import mean

from aerial_nni.recipes.drone.report.reading import FOUND, LossComparison
from aerial_nni.recipes.drone.scores import BY_IMAGE, DATA_SET, SCORES
from aerial_nni.recipes.hpo.report.retraining import interval
from aerial_nni.reporting.format import LEAKY, code, join_and, pluralize, score, spread, table
from aerial_nni.reporting.group_comparison import beside_table

ENOUGH = 100
"""Steps of the finder from which on its suggestion is taken seriously."""

CAUTION = (
    "All scores are on the validation images by which epochs, the loss and in a search trials were "
    "chosen, so the highest of them is optimistic."
)

REFERENCE = (
    "For orientation: the author of the recipe reports a Dice of 0.798 on the hidden test of a "
    "contest, after 60 epochs at full size from torchvision's weights. That is the mean over "
    "images in which empty classes count as 1, on other pictures: no row above can be compared "
    "with it."
)


def summary(found: LossComparison) -> str:
    """The result in a paragraph."""
    trial, split = found.trial, found.trial.metrics["split"]
    leaky = f" (**{LEAKY}**)" if split["leaky"] else ""
    reached = [f"{group.name} **{spread(group.scores)}**" for group in found.groups]
    counts = sorted({len(group.trials) for group in found.groups})
    seeds = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
    return (
        f"Mean IoU on {pluralize(split['val_patches'], 'validation patch')} of the dataset "
        f"{code(trial.metrics['data']['name'])}, split by the rule `{split['rule']}`{leaky} with "
        f"seed {split['seed']}: {join_and(reached)}"
        f"{f' (mean ± sample standard deviation over {seeds} seeds)' if counts[-1] > 1 else ''}. "
        f"{CAUTION}"
    )


def explain_comparison(found: LossComparison, links: Mapping[str, str]) -> list[str]:
    """Scores and costs of all groups, in Markdown, a paragraph each."""
    figure, sweeps = links.get("beside"), links.get("lr-finder")
    return [
        score_table(found),
        f"**{DATA_SET}** is one Dice for each class, from all validation pixels together, and "
        "their mean over the classes that occur. **Dice by image** is what contests of this kind "
        "take: the mean over images, each over all classes, where a class that is neither there "
        "nor predicted counts as 1. An image shows few of the classes, so a network that predicts "
        f"little has most of that for nothing: here the two differ by {gap(found)}.",
        difference(found),
        *([f"![Mean IoU of each run, and by epoch]({figure})"] if figure else []),
        "What they cost:",
        beside_table(found.groups),
        *([f"![Loss by learning rate, for each loss]({sweeps})", on_sweeps(found)]
          if sweeps else []),
        REFERENCE,
    ]  # fmt: skip


def score_table(found: LossComparison) -> str:
    """The scores, a row each, and each loss a column."""
    columns = [found.scores(group) for group in found.groups]
    rows = [[name, *(spread(column[name]) for column in columns)] for name in SCORES]
    each = (
        ", ".join(
            f"{trial.options['seed']}: {score(trial.metrics['score'])}" for trial in group.trials
        )
        for group in found.groups
    )
    rows.append(["mean IoU of each seed", *each])
    return table(["score", *(group.name for group in found.groups)], rows)


def gap(found: LossComparison) -> str:
    """How much higher Dice by image is, over all groups."""
    gaps = [
        mean(scores[BY_IMAGE]) - mean(scores[DATA_SET])
        for scores in map(found.scores, found.groups)
    ]
    low, high = min(gaps), max(gaps)
    return f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"


def difference(found: LossComparison) -> str:
    """What the search added to the loss it went on with."""
    best = next((group for group in found.groups if group.name == FOUND), None)
    if best is None:
        return ""
    gain = mean(best.scores) - mean(found.winner.scores)
    text = (
        f"The search went on with {found.winner.name}. What it found is {abs(gain):.4f} "
        f"{'above' if gain >= 0 else 'below'} that loss with the options everything else was fixed "
        "to, at the same length and from the same seeds."
    )
    low, high = interval(found.winner.scores, best.scores)
    if low != low:  # NaN: one seed
        return f"{text} One seed has no spread: whether that is more than chance is not known."
    return f"{text} The 95 % interval of the difference (Welch's t) is {low:+.4f} to {high:+.4f}."


def on_sweeps(found: LossComparison) -> str:
    """What the learning-rate finder suggests, beside what was used."""
    said = [
        f"{rate:.1g} for {name}" for name, (_, _, rate) in found.sweeps.items() if rate is not None
    ]
    return (
        "Before training, one run of each loss let the rate rise from step to step and then forgot "
        "what it had learnt. The loss falls most steeply at "
        f"{join_and(said)}{_worth(found)} The runs were trained with "
        f"{found.losses[0].trials[0].options['lr']:g}"
        + (f", the search chose {found.best[0].options['lr']:g}." if found.best else ".")
    )


def _worth(found: LossComparison) -> str:
    """Whether what the finder suggests can be relied on."""
    steps = max(len(rates) for rates, _, _ in found.sweeps.values())
    if steps < ENOUGH:
        return f". Over {steps} steps that is mostly the luck of their batches."
    return "; a good highest rate is about there."
