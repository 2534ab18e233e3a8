"""The tuner of an architecture search: search trials, then what they found beside its controls.

The controls are trained like the derived networks: random architectures of like size, and the
hand-made U-Net at the width that gives it as many parameters. What is trained is settled when the
first of these trials is handed out: a search trial that a person adds later changes no control's
size.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import nni
import numpy as np

from aerial_nni.search.names import DERIVED, DRAWS, HAND_MADE, RANDOM
from aerial_nni.tuners.phased import PhasedTuner, Point
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
        self._reports: list[tuple[float, Mapping[str, str]]] = []
        """Result and report of each search trial that found something."""
        self._settled: list[Point] = []
        """The final trials, once one was handed out."""

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
        """Each derived network from each seed, then the controls.

        Where nothing was found, the U-Net alone, at the width that was to be searched.
        """
        if self._settled:
            return self._settled
        reports = [report for _, report in self._reports]
        if not reports:
            return self._hand_made(self._network["width"])
        best = max(self._reports, key=lambda found: found[0])[1]
        genotypes = list(dict.fromkeys(report["genotype"] for report in reports))
        points = [
            {PHASE: DERIVED, **self._derived(genotype), "seed": seed}
            for genotype in genotypes
            for seed in self._seeds
        ]
        bands, classes = int(best["bands"]), int(best["classes"])
        network = tuple(sorted(self._network.items()))
        wanted = _parameters(best["genotype"], bands, classes, network)
        drawn = _like_sized(wanted, self._randoms, self._seed, bands, classes, network)
        points += [
            {PHASE: RANDOM, **self._derived(genotype), "seed": self._seeds[i % len(self._seeds)]}
            for first, genotype in enumerate(drawn)
            for i in range(first, first + self._random_seeds)
        ]
        return points + self._hand_made(_width_for(wanted, bands, classes, network))

    def _hand_made(self, width: int) -> list[Point]:
        point = {PHASE: HAND_MADE, **self._training, "model": "unet", "width": width}
        return [{**point, "seed": seed} for seed in self._seeds]

    def _derived(self, genotype: str) -> Point:
        return {**self._training, "model": "derived", "genotype": genotype}

    def _suggestion(self, parameter_id: int) -> Point:
        number = self._searched
        point = super()._suggestion(parameter_id)
        if self._search_seeds:
            point.setdefault("seed", self._search_seeds[number % len(self._search_seeds)])
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


Network = tuple[tuple[str, Any], ...]


@cache
def _parameters(
    genotype: str, bands: int, classes: int, network: Network, width: int | None = None
) -> int:
    """Parameters of the derived network, or with a width of the plain U-Net."""
    import torch  # slow to import: only when a search is over

    from aerial_nni.models import ModelSpec, parameter_count

    sizes = dict(network)
    with torch.device("meta"):
        spec = ModelSpec(
            model="unet" if width else "derived",
            bands=bands,
            classes=classes,
            width=width or sizes["width"],
            depth=sizes["depth"],
            norm="batch",
            dropout=0.0,
            upsampling=sizes.get("upsampling", "transposed"),
            space_to_depth=sizes["space_to_depth"],
            genotype="" if width else genotype,
        )
        return parameter_count(spec.build())


@cache
def _like_sized(
    wanted: int, count: int, seed: int, bands: int, classes: int, network: Network
) -> tuple[str, ...]:
    """Random genotypes, each the nearest to `wanted` parameters of `DRAWS`."""
    from aerial_nni.models.genotype import random_genotype

    sizes, generator = dict(network), np.random.default_rng(seed)
    found = []
    for _ in range(count):
        drawn = [
            random_genotype(generator, depth=sizes["depth"], nodes=sizes["nodes"]).text()
            for _ in range(DRAWS)
        ]
        off = [abs(_parameters(one, bands, classes, network) - wanted) for one in drawn]
        found.append(drawn[int(np.argmin(off))])
    return tuple(found)


@cache
def _width_for(wanted: int, bands: int, classes: int, network: Network) -> int:
    """The width at which the plain U-Net has nearly `wanted` parameters."""
    widths = range(1, 129)
    off = [abs(_parameters("", bands, classes, network, width) - wanted) for width in widths]
    return widths[int(np.argmin(off))]
