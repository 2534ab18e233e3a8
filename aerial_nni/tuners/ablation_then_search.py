"""Ablation over a grid and seeds, then a search around its best, then final trials.

What is compared first has everything else fixed. The search and the final trials after it have the
way with the highest mean. One of which a trial has no result is passed over, since its mean is that
of its luckier seeds, unless that is so of all. It is chosen once: after the search began nothing of
the grid is made up for, and no later result changes the way.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import nni

from aerial_nni.tuners.dispatcher_patches import NotYet
from aerial_nni.tuners.parameter import text
from aerial_nni.tuners.search_then_retrain import PhasedTuner, Point
from aerial_nni.tuners.trial import PHASE, key
from aerial_nni.tuners.tuner import reward_of

log = logging.getLogger(__name__)


class GridFirstTuner(PhasedTuner):
    """Hands out `grid`, waits for all of it, then does what `PhasedTuner` does with its best way.

    Args:
        tuner: of the search, as in `PhasedTuner`.
        search: trials of the search.
        finals: final trials, as in `PhasedTuner`.
        grid: points with a "_phase" each, the way's; points of one phase differ in what `alike`
            names only.
        alike: names of parameters that belong to a point of the grid and not to its way.
        optimize_mode: "maximize" or "minimize" the reported result.
    """

    def __init__(
        self,
        tuner: Mapping[str, Any],
        search: int,
        finals: Sequence[Mapping[str, Any]] = (),
        *,
        grid: Sequence[Mapping[str, Any]],
        alike: Sequence[str] = ("seed",),
        optimize_mode: str = "maximize",
    ) -> None:
        super().__init__(tuner, search, finals, optimize_mode=optimize_mode)
        self._grid = [dict(point) for point in grid]
        self._alike = {*alike, PHASE}
        self._phases = {point[PHASE] for point in self._grid}
        self._taken: list[str] = []
        """Keys of the points of the grid that were handed out."""
        self._waited: set[str] = set()
        """Keys of those of them that have no result yet."""
        self._reached: dict[str, list[float]] = {}
        """Phase -> results of its points (higher is better)."""
        self._way: Point = {}
        """What the search goes on with, once it began."""

    def generate_parameters(self, parameter_id: int, **rest: Any) -> Point:
        """The next point of the grid; after all its results, as `PhasedTuner`.

        Raises:
            NotYet: results of the grid are still to come.
            nni.NoMoreTrialError: all is handed out, or nothing in the grid succeeded.
        """
        if self._way:
            return super().generate_parameters(parameter_id, **rest)
        for point in self._grid:
            if key(point) not in self._taken:
                self._taken.append(key(point))
                self._waited.add(key(point))
                return dict(point)
        if self._waited:
            raise NotYet("the last results of the grid are still to come")
        if not self._reached:
            raise nni.NoMoreTrialError("no trial of the grid succeeded: there is no best way")
        self._way = self.best_way()
        return super().generate_parameters(parameter_id, **rest)

    def best_way(self) -> Point:
        """The parameters of the way with the highest mean result, of those with all results."""
        counts = Counter(point[PHASE] for point in self._grid)
        reached = {phase: len(self._reached.get(phase, ())) for phase in counts}
        whole = [phase for phase, count in counts.items() if reached[phase] >= count]
        for phase in counts if whole else ():
            if phase not in whole:
                log.warning(
                    "passed over: %s, with a result of %d of %d trials",
                    phase, reached[phase], counts[phase],
                )  # fmt: skip
        best = max(whole or self._reached, key=lambda phase: _mean(self._reached[phase]))
        return self._way_of(next(point for point in self._grid if point[PHASE] == best))

    def _way_of(self, point: Point) -> Point:
        return {name: point[name] for name in point if name not in self._alike}

    def _went_on(self, parameters: Mapping[str, Any]) -> None:
        """An earlier run of the experiment had a trial after the grid: its way is chosen."""
        ways = map(self._way_of, self._grid)
        if not self._way:
            self._way = next((way for way in ways if way.items() <= parameters.items()), {})

    def receive_trial_result(
        self, parameter_id: int, parameters: Mapping[str, Any], value: Any, **rest: Any
    ) -> None:
        """Learns a result of the grid, or of the search."""
        if self._of_grid(parameters):
            self._learnt(parameters, value)
        else:
            super().receive_trial_result(parameter_id, parameters, value, **rest)

    def trial_end(self, parameter_id: int, success: bool, **rest: Any) -> None:
        """A trial of the grid that ends without a result is waited for no longer."""
        parameters = rest.get("parameters") or {}
        if self._of_grid(parameters):
            self._waited.discard(key(parameters))
        else:
            super().trial_end(parameter_id, success, **rest)

    def import_data(self, data: Sequence[Mapping[str, Any]]) -> None:
        """Takes results of an earlier run of the experiment."""
        for entry in data:
            if self._of_grid(entry["parameter"]):
                self._taken.append(key(entry["parameter"]))
                self._learnt(entry["parameter"], entry["value"])
            elif not self._copied(entry["parameter"]):
                self._went_on(entry["parameter"])
                super().import_data([entry])

    def resumed(self, parameters: Mapping[str, Any]) -> None:
        """A trial of an earlier run of the experiment goes on."""
        if self._of_grid(parameters):
            self._taken.append(key(parameters))
            self._waited.add(key(parameters))
        elif not self._copied(parameters):
            self._went_on(parameters)
            super().resumed(parameters)

    def failed(self, parameters: Mapping[str, Any]) -> None:
        """A trial of an earlier run failed: one of the grid is made up for before the search."""
        if not (self._of_grid(parameters) or self._copied(parameters)):
            self._went_on(parameters)
            super().failed(parameters)

    def _of_grid(self, parameters: Mapping[str, Any]) -> bool:
        return parameters.get(PHASE) in self._phases

    def _copied(self, parameters: Mapping[str, Any]) -> bool:
        """Whether a person copied a trial of the grid: it tells nothing of what was chosen."""
        return str(parameters.get(PHASE)).startswith(tuple(self._phases))

    def _learnt(self, parameters: Mapping[str, Any], value: Any) -> None:
        self._waited.discard(key(parameters))
        if (reward := reward_of(value)) is not None:
            self._reached.setdefault(parameters[PHASE], []).append(self._sign * reward)

    def _chosen(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without the way; a trial with another one was not of this search."""
        way = {name: text(value) for name, value in self._way.items()}
        return {k: v for k, v in parameters.items() if k not in way or text(v) != way[k]}

    def _suggestion(self, parameter_id: int) -> Point:
        point = super()._suggestion(parameter_id)
        point.update(self._way)  # in place: the base class keeps the same dictionary
        return point


def _mean(values: Sequence[float]) -> float:
    """Their mean, which does not overflow where their sum would."""
    return sum(value / len(values) for value in values)
