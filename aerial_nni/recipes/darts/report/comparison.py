"""Derived against random and hand-made networks: the facts that `report.md.j2` tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from aerial_nni.recipes.darts.report.reading import Discovery
from aerial_nni.reporting import statistics
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import pluralize
from aerial_nni.reporting.group_comparison import Group, beside_table

ENOUGH = 3
"""Seeds below which a comparison settles nothing."""
UNDECIDED = 0.95
"""Entropy of alpha above which nothing was decided."""


@dataclass(frozen=True)
class Against:
    """The derived network's scores against a control's."""

    what: str
    short: str
    over: str
    """What the control's scores are of."""
    ours: list[float]
    theirs: list[float]

    @property
    def gap(self) -> float:
        """Difference of the means."""
        return mean(self.ours) - mean(self.theirs)

    @property
    def around(self) -> float | None:
        """Its spread; None with a single run."""
        return statistics.welch_difference(self.theirs, self.ours).spread

    @property
    def verdict(self) -> str:
        """Whether it is more than chance."""
        return verdict(self.ours, self.theirs)


@dataclass(frozen=True, kw_only=True)
class Randoms:
    """The random architectures beside the derived one."""

    below: int
    count: int
    best: float
    sizes: str
    own_sizes: str
    over: str
    one_run: bool
    """Whether each had one run."""


@dataclass(frozen=True, kw_only=True)
class OtherFound:
    """What another search trial found, trained alike."""

    number: int
    searched: float | None
    scores: list[float]


@dataclass(frozen=True)
class Comparison:
    """All final runs of an architecture search beside each other."""

    found: Discovery
    enough = ENOUGH

    @property
    def ours(self) -> list[float]:
        """Scores of the derived network."""
        return Group("", self.found.main.runs).scores

    @property
    def controls(self) -> list[Against]:
        """Derived against each control."""
        found, hand_made = self.found, self.found.hand_made
        size = f" ({_sizes(hand_made)})" if hand_made else ""
        return [
            Against("random architectures of like size", "random", self.over, self.ours,
                    found.random_scores),
            Against(f"the hand-made U-Net of about as many parameters{size}", "U-Net",
                    pluralize(len(hand_made), "run"), self.ours, Group("", hand_made).scores),
        ]  # fmt: skip

    @property
    def over(self) -> str:
        """Over how many random architectures and seeds their spread is."""
        runs = self.found.random_runs
        counts = sorted({len(scores) for scores in runs})
        each = " or ".join("one run" if count == 1 else f"{count} runs" for count in counts)
        return f"{pluralize(len(runs), 'architecture')}, {each} of each"

    @property
    def few(self) -> dict[str, int]:
        """Groups with too few runs or architectures, and how many these are."""
        counts = {group.name: len(group.trials) for group in self.found.groups}
        if self.found.randoms:  # runs of one architecture are not several
            counts["random"] = len(self.found.random_runs)
        return {name: count for name, count in counts.items() if count < ENOUGH}

    @property
    def reason(self) -> str:
        """Why the search was made smaller, empty where it was not."""
        return str(self.found.method.get("reason", "")).rstrip(".")

    @property
    def table(self) -> str:
        """Scores and costs, a group a column."""
        groups = self.found.groups
        return beside_table(groups, seconds=[self.found.seconds(g.trials) for g in groups])

    @property
    def randoms(self) -> Randoms | None:
        """How many random architectures the derived one beats; None where one has no run."""
        theirs = self.found.random_scores
        if not self.ours or not theirs:
            return None
        return Randoms(
            below=sum(value < mean(self.ours) for value in theirs),
            count=len(theirs),
            best=max(theirs),
            sizes=_sizes(self.found.randoms),
            own_sizes=_sizes(self.found.main.runs),
            over=self.over,
            one_run=len(self.found.randoms) == len(theirs),
        )

    @property
    def others(self) -> list[OtherFound]:
        """Genotypes of other search trials, with their scores."""
        return [
            OtherFound(number=other.tried.number, searched=other.tried.score,
                       scores=Group("", other.runs).scores)
            for other in self.found.others
        ]  # fmt: skip

    @property
    def other_is_better(self) -> bool:
        """Whether one of them is above the reported one."""
        return bool(self.ours) and any(mean(o.scores) > mean(self.ours) for o in self.others)


@dataclass(frozen=True)
class Course:
    """What the reported search came to."""

    entropy: float
    """Of alpha at its end: 1 is an even choice."""
    skips: float
    taken_over: str
    """How skips took over, empty where they did not."""
    again: float | None
    """Mean score of the derived network, trained by itself."""

    @classmethod
    def of(cls, found: Discovery) -> "Course":
        """The course of a search."""
        main, stopped = found.main, str(found.main.searched.metrics.get("stopped", ""))
        history = main.searched.history
        return cls(
            entropy=main.at_its_epoch(history["entropy"]),
            skips=main.at_its_epoch(history["skip_share"]),
            taken_over=stopped if "skips" in stopped else "",
            again=mean(Group("", main.runs).scores) if main.runs else None,
        )

    @property
    def undecided(self) -> bool:
        """Whether the choices are those of a slight lead."""
        return self.entropy > UNDECIDED


def _sizes(runs: Sequence[Trial]) -> str:
    """How many parameters the networks of these runs have: one number, or from the least on."""
    counts = sorted({run.metrics["model"]["parameters"] for run in runs})
    return " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))


def verdict(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Whether the derived network's runs differ from a control's by more than chance."""
    return statistics.verdict(
        statistics.welch_difference(theirs, ours),
        noun="run",
        harm="**The derived network is worse**",
        nothing="These runs do not show that the search is worth anything against them.",
    )
