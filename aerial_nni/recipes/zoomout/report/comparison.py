"""What the document of zoom-out says of its ways beside each other: scores, differences, costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from aerial_nni.recipes.zoomout.phases import UNET
from aerial_nni.recipes.zoomout.report.reading import Comparison
from aerial_nni.recipes.zoomout.scores import OF_ALL, OF_BUILDINGS
from aerial_nni.reporting.format import duration, spread
from aerial_nni.reporting.group_comparison import Group, by_seed
from aerial_nni.reporting.statistics import paired_difference
from aerial_nni.tuners.trial import CONTROL


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The ways of a comparison; the first one is zoom-out, or superpixels where they are alone."""

    groups: Sequence[Group]
    """Under their names without the mark of a control."""
    titles: Sequence[str]
    reached: Sequence[str]
    """Each way with what it reached in the score that counts."""
    wanted: str
    """That score."""
    rows: Sequence[Sequence[str]]
    """The scores, a row each, and each way a column."""
    seeds: int
    """Most runs of a way."""
    searched: Sequence[str]
    """The ways that had a search."""
    differences: Sequence[str]
    """What each other way has more than the first, from the same seeds."""
    superpixels: Sequence[str]
    """Sides of the superpixels, of the ways that have some."""
    first_stages: Sequence[str]
    """What the first stage took in the mean, of the ways that had one."""
    with_unet: bool

    @property
    def of_buildings(self) -> bool:
        """Whether the dataset has the class that counts."""
        return self.wanted == OF_BUILDINGS[0]


def ways_of(found: Comparison) -> Ways:
    """The ways of a comparison, with their scores and costs."""
    groups = [Group(one.name.removeprefix(f"{CONTROL}: "), one.trials) for one in found.groups]
    scores = [found.scores(group) for group in groups]
    wanted = OF_BUILDINGS[0] if OF_BUILDINGS[0] in scores[0] else OF_ALL[2]
    both = [*zip(groups, scores, strict=True)]
    zoomed = [group.trials[0].metrics.get("zoomout", {}) for group in groups]
    taken = [(group.name, found.first_seconds(group)) for group in groups]
    return Ways(
        groups=groups,
        titles=[group.name for group in groups],
        reached=[f"{group.name} **{spread(own[wanted])}**" for group, own in both],
        wanted=wanted,
        rows=[
            *(
                [
                    f"**{name}**" if name == OF_BUILDINGS[0] else name,
                    *(spread(own[name]) for own in scores),
                ]
                for name in (*OF_ALL, *OF_BUILDINGS)
                if name in scores[0]
            ),
            [
                f"{wanted} of each seed",
                *(by_seed(group.trials, own[wanted]) for group, own in both),
            ],
        ],
        seeds=max(len(group.trials) for group in groups),
        searched=[
            group.name for group, one in zip(groups, found.groups, strict=True) if one.name != UNET
        ],
        differences=differences(groups, [own[wanted] for own in scores]),
        superpixels=[str(facts["superpixel"]) for facts in zoomed if facts.get("superpixel")],
        first_stages=[
            f"{duration(mean(seconds))} for {name}" for name, seconds in taken if seconds
        ],
        with_unet=any(one.name == UNET for one in found.groups),
    )


def differences(groups: Sequence[Group], scores: Sequence[list[float]]) -> list[str]:
    """What each other group has more than the first, from the same seeds, in words."""
    first, *others = (
        dict(zip((trial.options["seed"] for trial in group.trials), values, strict=True))
        for group, values in zip(groups, scores, strict=True)
    )
    said = []
    for group, values in zip(groups[1:], others, strict=True):
        if both := sorted(values.keys() & first.keys()):
            gains = [values[seed] - first[seed] for seed in both]
            gain = paired_difference(gains)
            around = "" if gain.spread is None else f" ± {gain.spread:.4f}"
            said.append(f"{group.name} − zoom-out: {gain.gap:+.4f}{around}")
    return said
