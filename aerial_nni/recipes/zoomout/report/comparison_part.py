"""Zoom-out, superpixels and the U-Net beside each other: scores, what they cost, what it means."""

from collections.abc import Mapping
from statistics import mean, stdev

from aerial_nni.recipes.baseline.report import headline
from aerial_nni.recipes.zoomout.phases import UNET
from aerial_nni.recipes.zoomout.report.method_text import describe_weights
from aerial_nni.recipes.zoomout.report.reading import Comparison
from aerial_nni.recipes.zoomout.scores import OF_ALL, OF_BUILDINGS
from aerial_nni.reporting.format import (
    LEAKY,
    code,
    duration,
    join_and,
    pluralize,
    score,
    spread,
    table,
)
from aerial_nni.reporting.group_comparison import Group, beside_table
from aerial_nni.tuners.trial import CONTROL

REFERENCE = (
    "For orientation: the reference work reports an overall accuracy of 0.964, a mean class "
    "accuracy of 0.943, a mean IoU of 0.757 and a frequency-weighted IoU of 0.942 on tiles of xBD. "
    "Four numbers fix a confusion matrix of two classes; solved for it, they mean a building IoU "
    "of about 0.55 at a precision of 0.58. Its tiles were split anew each time the program ran, so "
    "most of what it was tested on had trained it, and it is other ground: it cannot be compared "
    "with the rows above."
)


def title_of(group: Group) -> str:
    """The name of a way without the mark of a control."""
    return group.name.removeprefix(f"{CONTROL}: ")


def summary(found: Comparison) -> str:
    """The result in a paragraph."""
    trial, split = found.trial, found.trial.metrics["split"]
    leaky = f" (**{LEAKY}**)" if split["leaky"] else ""
    reached = [
        f"{title_of(group)} **{spread(scores)}**"
        for group in found.groups
        if (scores := found.scores(group).get(OF_BUILDINGS[0]))
    ]
    seeds = max(len(group.trials) for group in found.groups)
    what = "Building IoU" if reached else "Mean IoU"
    if not reached:
        reached = [f"{title_of(group)} **{spread(group.scores)}**" for group in found.groups]
    return (
        f"{what} on {pluralize(split['val_patches'], 'validation patch')} of the dataset "
        f"{code(trial.metrics['data']['name'])}, split by the rule `{split['rule']}`{leaky} with "
        f"seed {split['seed']}: {join_and(reached)}"
        f"{f' (mean ± sample standard deviation over {seeds} seeds)' if seeds > 1 else ''}. "
        f"{difference(found)} The frozen network of zoom-out was {describe_weights(found)}. "
        f"{caution(found)}"
    )


def caution(found: Comparison) -> str:
    """What was chosen on the images that the scores are on."""
    if found.search is None:
        return "All scores are on the validation images by which epochs were chosen."
    ours = join_and([title_of(group) for group in found.groups if group.name != UNET])
    other = ", the U-Net had none" if any(group.name == UNET for group in found.groups) else ""
    return (
        "All scores are on the validation images by which epochs, and in the search trials, were "
        f"chosen: {ours} had a search there{other}."
    )


def explain_comparison(found: Comparison, links: Mapping[str, str]) -> list[str]:
    """Scores and costs of all ways, in Markdown, a paragraph each."""
    figure = links.get("beside")
    return [
        f"### {headline(join_and([title_of(group) for group in found.groups]))}",
        score_table(found),
        describe_scores(found),
        *([f"![Mean IoU of each run, and by epoch]({figure})"] if figure else []),
        f"What they cost. {first_stage(found)}An epoch of one is not an epoch of another. "
        f"{describe_encoder(found)}"
        f"{describe_unet(found)}",
        beside_table([Group(title_of(group), group.trials) for group in found.groups]),
        REFERENCE,
    ]


def describe_scores(found: Comparison) -> str:
    """What the rows of the table of scores are."""
    buildings = (
        "They are mostly about the ground, which has most of the pixels; what is wanted are the "
        "buildings, and the last four say how they are found. "
    )
    has = OF_BUILDINGS[0] in found.scores(found.groups[0])
    return (
        f"The first four scores are those of the reference work. {buildings if has else ''}"
        "Mean class accuracy is the mean of all classes' recall."
    )


def describe_encoder(found: Comparison) -> str:
    """That a frozen network of our own was trained too, and on what its epoch was chosen."""
    facts = found.facts["weights"]
    if facts["kind"] != "checkpoint":
        return ""
    split = found.trial.metrics["split"]
    same = (facts.get("data"), facts.get("split")) == (found.trial.options["data"], split["rule"])
    chosen = " Its epoch was chosen by its scores on these validation images." if same else ""
    return (
        f"The training of the U-Net whose encoder zoom-out stands on is in none of these.{chosen} "
    )


def describe_unet(found: Comparison) -> str:
    """With which options the control was trained."""
    if all(group.name != UNET for group in found.groups):
        return ""
    other = [f"`{name}` {value}" for name, value in found.method.get("unet", {}).items()]
    return (
        "The U-Net was trained from random weights, with the usual options of `baseline`"
        f"{f' but for {join_and(other)}' if other else ''}."
    )


def first_stage(found: Comparison) -> str:
    """What the first stage took, which is no part of the training time below."""
    said = [
        f"{duration(mean(seconds))} for {title_of(group)}"
        for group in found.groups
        if (seconds := found.first_seconds(group))
    ]
    if not said:
        return ""
    return (
        "Training time is that of the second stage; the first one, with the samples drawn, took "
        f"{join_and(said)} in the mean. "
    )


def score_table(found: Comparison) -> str:
    """The eight scores, a row each, and each way a column."""
    columns = [found.scores(group) for group in found.groups]
    names = [name for name in (*OF_ALL, *OF_BUILDINGS) if name in columns[0]]
    rows = [
        [f"**{name}**" if name == OF_BUILDINGS[0] else name, *(spread(c[name]) for c in columns)]
        for name in names
    ]
    each = OF_BUILDINGS[0] if OF_BUILDINGS[0] in columns[0] else OF_ALL[2]
    rows.append(
        [
            f"{each} of each seed",
            *(
                ", ".join(
                    f"{trial.options['seed']}: {score(value)}"
                    for trial, value in zip(group.trials, column[each], strict=True)
                )
                for group, column in zip(found.groups, columns, strict=True)
            ),
        ]
    )
    return table(["score", *map(title_of, found.groups)], rows)


def difference(found: Comparison) -> str:
    """What each other way has more or less than zoom-out, from the same seeds."""
    wanted = OF_BUILDINGS[0] if OF_BUILDINGS[0] in found.scores(found.groups[0]) else OF_ALL[2]
    by_seed = [
        dict(zip((t.options["seed"] for t in group.trials), found.scores(group)[wanted],
                 strict=True))
        for group in found.groups
    ]  # fmt: skip
    said = []
    for group, scores in zip(found.groups[1:], by_seed[1:], strict=True):
        both = sorted(scores.keys() & by_seed[0].keys())
        if both:
            gains = [scores[seed] - by_seed[0][seed] for seed in both]
            around = f" ± {stdev(gains):.4f}" if len(gains) > 1 else ""
            said.append(f"{title_of(group)} − zoom-out: {mean(gains):+.4f}{around}")
    if not said:
        return ""
    return f"In {wanted}, seed by seed: {'; '.join(said)}."
