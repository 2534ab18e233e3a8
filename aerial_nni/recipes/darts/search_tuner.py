"""The tuner of an architecture search: search trials, then what they found beside its controls.

The controls are trained like the derived networks: random architectures of like size, and the
hand-made U-Net at the width that gives it as many parameters. What is trained is settled when the
first of these trials is handed out: a search trial that a person adds later changes no control's
size.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import nni
import numpy as np

from aerial_nni.models.genotype import read_genotype
from aerial_nni.recipes.darts.phases import DERIVED, HAND_MADE, OTHERS, RANDOM
from aerial_nni.recipes.darts.size_matching import Sizes
from aerial_nni.tuners.search_then_retrain import PhasedTuner, Point
from aerial_nni.tuners.trial import PHASE, SEARCH, key


class ArchitectureTuner(PhasedTuner):
    """Hands out search trials, then the final trials of every architecture that they reported.

    Args:
        tuner: of the search's own options, as in `PhasedTuner`.
        search: search trials.
        search_seeds: of the search trials, in turn; without them all have their options' seed.
        seeds: of the final trials of each derived network and of the U-Net.
        randoms: random architectures.
        random_seeds: how many of the seeds each of them is trained from, beginning with the next
            one in turn.
        training: options of every final trial, the same for all.
        network: width, depth, nodes and space_to_depth that all have in common, and the U-Net's
            upsampling (without one: "transposed").
        seed: draws the random architectures.
        optimize_mode: "maximize" or "minimize" the reported result.
    """

    def __init__(
        self,
        tuner: Mapping[str, Any],
        search: int,
        *,
        seeds: Sequence[int],
        randoms: int,
        training: Mapping[str, Any],
        network: Mapping[str, Any],
        random_seeds: int = 1,
        search_seeds: Sequence[int] = (),
        seed: int = 0,
        optimize_mode: str = "maximize",
    ) -> None:
        super().__init__(tuner, search, [{PHASE: DERIVED}], optimize_mode=optimize_mode)
        self._seeds, self._randoms, self._seed = list(seeds), randoms, seed
        self._random_seeds, self._search_seeds = random_seeds, list(search_seeds)
        self._training, self._network = dict(training), dict(network)
        self._given_seeds = True
        """Whether a search trial's seed is given, not searched."""
        self._reports: list[tuple[float, Mapping[str, str]]] = []
        """Result and report of each search trial that found something."""
        self._settled: list[Point] = []
        """The final trials, once one was handed out."""
        self._controls: dict[str, list[Point]] = {}
        """Trials of the controls of an architecture, which take a while to draw."""

    def generate_parameters(self, parameter_id: int, **rest: Any) -> Point:
        """The next search trial or final one; no search follows the final trials.

        Raises:
            NotYet, nni.NoMoreTrialError: as in `PhasedTuner`, or all final trials are handed out.
        """
        if not self._settled:
            return super().generate_parameters(parameter_id, **rest)
        for point in self._settled:
            if key(point) not in self._given:
                self._note_final(point)
                return point
        raise nni.NoMoreTrialError("all final trials were handed out")

    def failed(self, parameters: Mapping[str, Any]) -> None:
        """A final trial that failed before a resume had been handed out too."""
        if parameters.get(PHASE, SEARCH) != SEARCH:
            self._settle()
        super().failed(parameters)

    def final_points(self) -> list[Point]:
        """Each derived network from each seed, the best search trial's first, then controls.

        Where nothing was found, the U-Net alone, at the width that was to be searched.
        """
        if self._settled:
            return self._settled
        if not self._reports:
            return self._hand_made(self._network["width"])
        reports = [report for _, report in sorted(self._reports, key=lambda found: -found[0])]
        best, *others = dict.fromkeys(report["genotype"] for report in reports)
        points = self._over_seeds(DERIVED, best)
        for genotype in others:
            points += self._over_seeds(OTHERS, genotype)
        if best not in self._controls:
            sizes = Sizes(self._network, int(reports[0]["bands"]), int(reports[0]["classes"]))
            self._controls[best] = self._of_like_size(sizes, sizes.derived(read_genotype(best)))
        return points + self._controls[best]

    def _of_like_size(self, sizes: Sizes, wanted: int) -> list[Point]:
        """The trials of the controls."""
        generator, points = np.random.default_rng(self._seed), []
        for first in range(self._randoms):
            drawn = sizes.random(generator, wanted).text()
            turns = range(first, first + self._random_seeds)
            seeds = [self._seeds[i % len(self._seeds)] for i in turns]
            points += self._over_seeds(RANDOM, drawn, seeds)
        return points + self._hand_made(sizes.width_for(wanted))

    def _over_seeds(self, phase: str, genotype: str, seeds: Sequence[int] = ()) -> list[Point]:
        """The trials of an architecture, from all seeds unless some are given."""
        point = {PHASE: phase, **self._training, "model": "derived", "genotype": genotype}
        return [{**point, "seed": seed} for seed in seeds or self._seeds]

    def _hand_made(self, width: int) -> list[Point]:
        point = {PHASE: HAND_MADE, **self._training, "model": "unet", "width": width}
        return [{**point, "seed": seed} for seed in self._seeds]

    def update_search_space(self, search_space: Mapping[str, Any]) -> None:
        """Passed on."""
        super().update_search_space(search_space)
        self._given_seeds = "seed" not in search_space

    def _chosen(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without the seed, where that is given and not searched."""
        return {k: v for k, v in parameters.items() if k != "seed" or not self._given_seeds}

    def _suggestion(self, parameter_id: int) -> Point:
        searched = [*self._running.values(), *(point for _, _, point in self._results)]
        used = {point.get("seed") for point in searched}
        point = super()._suggestion(parameter_id)
        if left := [seed for seed in self._search_seeds if seed not in used]:
            point.setdefault("seed", left[0])
        return point

    def _note_final(self, point: Mapping[str, Any]) -> None:
        self._settle()
        super()._note_final(point)

    def _settle(self) -> None:
        """From now on the final trials stay what they are."""
        self._settled = self.final_points()

    def _note(self, parameters: Mapping[str, Any], value: Any) -> None:
        before = len(self._results)
        super()._note(parameters, value)
        if len(self._results) > before and isinstance(value, Mapping) and "genotype" in value:
            self._reports.append((self._results[-1][1], value))
