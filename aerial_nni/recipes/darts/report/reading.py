"""What the document of an architecture search reads: searches, what they found, and controls."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean
from typing import Any

import numpy as np

from aerial_nni.config import run_folder
from aerial_nni.models.genotype import Genotype, read_genotype
from aerial_nni.recipes.darts.phases import DERIVED, HAND_MADE, OTHERS, RANDOM
from aerial_nni.reporting.folder import Experiment, ResultUnusable, Trial
from aerial_nni.reporting.group_comparison import Group
from aerial_nni.reporting.search.search import Search, finished, read_search
from aerial_nni.reporting.search.search_trial import Tried

ALPHA = "alpha/"
"""How the columns of the weights begin: `alpha/<place>/<operation>`."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a trial of the search found, and the runs that trained it."""

    tried: Tried
    searched: Trial
    """The same trial, by its folder."""
    runs: tuple[Trial, ...]
    """Of the derived network, in the order of their seeds; empty where none reached its end."""

    @property
    def genotype(self) -> Genotype:
        """What was found."""
        return self.searched.genotype

    @property
    def epoch(self) -> int:
        """The one that left the genotype: the last, or the last before skips took over."""
        return int(self.searched.metrics["epoch"])

    def at_its_epoch(self, values: np.ndarray) -> float:
        """Of values by epoch, that of the epoch that left the genotype."""
        return float(values[self.epoch - 1])


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """An architecture search of which at least one trial reached its end."""

    experiment: Experiment
    search: Search
    all_found: tuple[Found, ...]
    """Each genotype once, that of the best search trial in front."""
    randoms: tuple[Trial, ...]
    """Runs of random architectures, each from one seed or several."""
    hand_made: tuple[Trial, ...]
    """Runs of the plain U-Net, in the order of their seeds."""

    @property
    def method(self) -> Mapping[str, Any]:
        """What the record says: how much was searched, seeds, number of architectures, reason."""
        method: Mapping[str, Any] = self.experiment.record["method"]
        return method

    @property
    def options(self) -> Mapping[str, Any]:
        """The options that every search trial starts from."""
        options: Mapping[str, Any] = self.experiment.record["options"]
        return options

    @cached_property
    def main(self) -> Found:
        """What is reported: chosen by the score of its search, before anything was trained again.

        A genotype that no run reached its end with is passed over while there is another.
        """
        return next((found for found in self.all_found if found.runs), self.all_found[0])

    @property
    def others(self) -> list[Found]:
        """What the other trials of the search found, where it was trained."""
        return [found for found in self.all_found if found is not self.main and found.runs]

    @cached_property
    def shown(self) -> list[Trial]:
        """Runs of the reported network, the best in front; the search trial where there is none."""
        runs = sorted(self.main.runs, key=lambda trial: -trial.metrics["score"])
        return runs or [self.main.searched]

    @property
    def groups(self) -> list[Group]:
        """U-Net, derived, random: those of them that have a run."""
        named = (
            ("hand-made U-Net", self.hand_made),
            ("derived", self.main.runs),
            ("random", self.randoms),
        )
        return [Group(name, trials) for name, trials in named if trials]

    @property
    def timed(self) -> list[Trial]:
        """A run of each network that is compared: the time of a patch is that of all its runs."""
        return list({_network(run): run for group in self.groups for run in group.trials}.values())

    @cached_property
    def costs(self) -> Mapping[str, Any] | None:
        """What was measured of these networks, see `results.COSTS`; None if nothing or others."""
        path = self.experiment.folder / run_folder.COSTS
        if not path.is_file():
            return None
        costs = run_folder.read_json(path)
        hashes = {run.folder.name: run.metrics["checkpoint"]["sha256"] for run in self.timed}
        return costs if costs["checkpoints"] == hashes else None

    def seconds(self, trials: Sequence[Trial]) -> list[float]:
        """Of a patch in each network among `trials`; empty where it was not measured."""
        if self.costs is None:
            return []
        networks = {_network(run) for run in trials}
        return [
            self.costs["costs"][run.folder.name]["patch_seconds"]
            for run in self.timed
            if _network(run) in networks
        ]

    @cached_property
    def random_runs(self) -> list[list[float]]:
        """Scores of each random architecture's runs."""
        scores: dict[Genotype, list[float]] = {}
        for run in self.randoms:
            scores.setdefault(_genotype(run), []).append(float(run.metrics["score"]))
        return list(scores.values())

    @property
    def random_scores(self) -> list[float]:
        """Mean score of each random architecture over its seeds: what a spread is over."""
        return [mean(scores) for scores in self.random_runs]

    @cached_property
    def alphas(self) -> dict[str, dict[str, np.ndarray]]:
        """Place -> operation -> its weight by epoch, in the reported search trial."""
        places: dict[str, dict[str, np.ndarray]] = {}
        for column, values in self.main.searched.history.items():
            if column.startswith(ALPHA):
                _, place, operation = column.split("/")
                places.setdefault(place, {})[operation] = values
        return places

    def decided(self, places: Sequence[str]) -> list[str]:
        """These places, the most decided at the end of the search in front."""
        return sorted(places, key=lambda place: entropy(self.final(place).values()))

    def final(self, place: str) -> dict[str, float]:
        """Operation -> its weight after the epoch that left the genotype."""
        at = self.main.at_its_epoch
        return {name: at(values) for name, values in self.alphas[place].items()}


def entropy(shares: Iterable[float]) -> float:
    """Entropy of shares over that of an even choice: 1 undecided, 0 decided."""
    kept = np.array(list(shares))
    return float(-(kept * np.log(np.maximum(kept, 1e-12))).sum() / np.log(len(kept)))


def read_discovery(experiment: Experiment) -> Discovery:
    """The architecture search of an experiment.

    Raises:
        ResultUnusable: no trial of the search reached its end, or a file is damaged.
    """
    search = read_search(experiment, best=DERIVED)
    complete = [tried for tried in search.tried if tried.complete and tried.score is not None]
    derived = (*finished(experiment, DERIVED), *finished(experiment, OTHERS))
    found: dict[Genotype, Found] = {}
    for tried in sorted(complete, key=lambda tried: -(tried.score or 0.0)):
        assert tried.complete is not None
        genotype = tried.complete.genotype
        if genotype not in found:
            runs = tuple(run for run in derived if _genotype(run) == genotype)
            found[genotype] = Found(tried=tried, searched=tried.complete, runs=runs)
    if not found:
        raise ResultUnusable(f"no search trial of {experiment.folder} reached its end")
    return Discovery(
        experiment=experiment,
        search=search,
        all_found=tuple(found.values()),
        randoms=finished(experiment, RANDOM),
        hand_made=finished(experiment, HAND_MADE),
    )


def _network(run: Trial) -> str:
    """What tells the networks of an experiment apart."""
    return run.options["genotype"] if run.options["model"] == "derived" else ""


def _genotype(run: Trial) -> Genotype:
    return read_genotype(run.options["genotype"])
