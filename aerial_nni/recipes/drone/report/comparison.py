"""What the document of drone scenes says of its losses beside each other, and of the search."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from aerial_nni.recipes.drone.report.reading import FOUND, LossComparison
from aerial_nni.recipes.drone.scores import BY_IMAGE, DATA_SET, SCORES
from aerial_nni.reporting.format import spread
from aerial_nni.reporting.group_comparison import by_seed
from aerial_nni.reporting.statistics import Difference, welch_difference

HEADS = {"classifier": "the classifier", "aux_classifier": "the auxiliary head"}
"""Name of a head in the network -> what it is called."""


@dataclass(frozen=True, kw_only=True)
class ComparedLosses:
    """The runs of each loss, and of the best configuration."""

    titles: Sequence[str]
    reached: Sequence[str]
    """Each loss with the mean IoU that it reached."""
    rows: Sequence[Sequence[str]]
    """The scores, a row each, and each loss a column."""
    seeds: str
    """How many runs a loss has, or the fewest and the most."""
    several: bool
    """Whether a loss has more than one."""
    heads: Sequence[str]
    """The heads that begin with weights of the file too."""
    dice_gap: str
    """How much higher Dice by image is, over all losses."""
    gain: Difference | None
    """What the search added to the loss it went on with; None without its runs."""
    search_lost: bool
    """Whether what the search found is below the loss alone."""
    suggested: Sequence[str]
    """What the learning-rate finder suggests for each loss."""
    steps: int
    """Most steps of the finder."""
    memory: Sequence[str]
    """The most memory that a run of each loss took, where that was measured."""


def compare_losses(found: LossComparison) -> ComparedLosses:
    """The losses of an experiment beside each other."""
    scores = [found.scores(group) for group in found.groups]
    gaps = [mean(own[BY_IMAGE]) - mean(own[DATA_SET]) for own in scores]
    counts = [len(group.trials) for group in found.groups]
    best = [float(trial.metrics["score"]) for trial in found.best]
    heads = found.facts.get("weights", {}).get("heads", ())
    rates = ((name, rate) for name, (_, _, rate) in found.sweeps.items())
    held = {
        group.name: max(trial.metrics["cost"].get("peak_memory_bytes") or 0
                        for trial in group.trials)
        for group in found.groups
    }  # fmt: skip
    return ComparedLosses(
        titles=[group.name for group in found.groups],
        reached=[f"{group.name} **{spread(group.scores)}**" for group in found.groups],
        rows=[
            *([name, *(spread(own[name]) for own in scores)] for name in SCORES),
            ["mean IoU of each seed", *(by_seed(group.trials) for group in found.groups)],
        ],
        seeds=" to ".join(map(str, dict.fromkeys((min(counts), max(counts))))),
        several=max(counts) > 1,
        heads=[HEADS[name] for name in sorted(heads, reverse=True)],
        dice_gap=" to ".join(dict.fromkeys(f"{gap:.2f}" for gap in (min(gaps), max(gaps)))),
        gain=welch_difference(found.winner.scores, best) if best else None,
        search_lost=bool(best) and found.chosen.name != FOUND,
        suggested=[f"{rate:.1g} for {name}" for name, rate in rates if rate is not None],
        steps=max((len(rates) for rates, _, _ in found.sweeps.values()), default=0),
        memory=[f"{size / 1e9:.2f} GB ({name})" for name, size in held.items() if size],
    )
