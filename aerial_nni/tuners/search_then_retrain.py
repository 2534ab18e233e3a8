"""A search by any tuner, then final trials: its best configuration beside others, over seeds.

Where an experiment's limit is raised later, the search goes on after them.

Every trial carries its phase in the parameter `_phase`, and a trial of the search where its
configuration comes from in `_origin`: so the web UI shows what it is.
"""

import importlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import nni
from nni.tuner import Tuner

from aerial_nni.tuners import dispatcher_patches as nni_patches
from aerial_nni.tuners.dispatcher_patches import NotYet
from aerial_nni.tuners.trial import BUDGET, ORIGIN, PHASE, SEARCH, key, visible
from aerial_nni.tuners.tuner import reward_of

nni_patches.repair()

Point = dict[str, Any]


class PhasedTuner(Tuner):
    """Hands out `search` configurations of another tuner, waits for them, then the final trials.

    Args:
        tuner: {"class_name": ..., "class_args": {...}} of the tuner that searches.
        search: trials of the search.
        finals: points after it, in order; {"_phase": name, "_from": "best", ...} is the best
            configuration found with the other keys on top, without `_from` the keys alone.
        optimize_mode: "maximize" or "minimize" the reported result.
    """

    _accept_customized = True

    def __init__(
        self,
        tuner: Mapping[str, Any],
        search: int,
        finals: Sequence[Mapping[str, Any]] = (),
        *,
        optimize_mode: str = "maximize",
    ) -> None:
        module, name = tuner["class_name"].rsplit(".", 1)
        arguments = {"optimize_mode": optimize_mode, **tuner.get("class_args", {})}
        self.inner: Tuner = getattr(importlib.import_module(module), name)(**arguments)
        self._sign = 1.0 if optimize_mode == "maximize" else -1.0
        self._search = search
        self._finals = [dict(point) for point in finals]
        self._searched = 0
        self._given: list[str] = []
        """Keys of the final trials that were handed out."""
        self._running: dict[int | str, Point] = {}
        """Search trials without a result; by NNI's id, or by their key after a resume."""
        self._results: list[tuple[float, float, Point]] = []
        """Budget, value (higher is better) and parameters of the search trials."""
        self._kept: Point = {}
        """What the final trials that were handed out say of the configuration they retrain."""

    @property
    def assesses(self) -> bool:
        """Whether trials may be stopped early: final trials run to their end."""
        return not self._given

    def update_search_space(self, search_space: Mapping[str, Any]) -> None:
        """Passed on."""
        self.inner.update_search_space(dict(search_space))

    def generate_parameters(self, parameter_id: int, **_: Any) -> Point:
        """The next point of the search, or the next final one; after those, of the search again.

        Raises:
            NotYet: the search's last results are still to come.
            nni.NoMoreTrialError: all is handed out, or nothing in the search succeeded.
        """
        if self._searched < self._search:
            try:
                return self._suggestion(parameter_id)
            except NotYet:
                raise
            except nni.NoMoreTrialError:
                self._search = self._searched  # a small space ends early
        left = [point for point in self.final_points() if key(point) not in self._given]
        begun = not self._finals or bool(self._given)
        if self._running and (left or not begun):
            raise NotYet("the last results of the search are still to come")
        if left:
            self._note_final(left[0])
            return left[0]
        if not begun:
            raise nni.NoMoreTrialError("no trial of the search succeeded: there is no best one")
        return self._suggestion(parameter_id)

    def final_points(self) -> list[Point]:
        """The final trials' parameters; empty where no trial of the search succeeded."""
        agreeing = [result for result in self._results if self._kept.items() <= result[2].items()]
        if not (agreeing or self._kept):
            return []
        found = max(agreeing, key=lambda result: result[:2])[2] if agreeing else {}
        best = {**visible(found), **self._kept}
        return [
            {**(best if "_from" in point else {}), **_without(point, "_from")}
            for point in self._finals
        ]

    def receive_trial_result(
        self, parameter_id: int, parameters: Mapping[str, Any], value: Any, **rest: Any
    ) -> None:
        """Learns a result of the search; those of final trials decide nothing."""
        if parameters.get(PHASE, SEARCH) != SEARCH:
            return
        self._ended(parameter_id, parameters)
        self._note(parameters, value)
        self.inner.receive_trial_result(parameter_id, self._chosen(parameters), value, **rest)

    def trial_end(self, parameter_id: int, success: bool, **rest: Any) -> None:
        """Passed on for trials of the search."""
        parameters = rest.get("parameters") or {}
        if parameters.get(PHASE, SEARCH) == SEARCH:
            self._ended(parameter_id, parameters)
            rest["parameters"] = self._chosen(parameters)
            self.inner.trial_end(parameter_id, success, **rest)

    def import_data(self, data: Sequence[Mapping[str, Any]]) -> None:
        """Takes results of an earlier run of the experiment."""
        for entry in data:
            parameters = entry["parameter"]
            if parameters.get(PHASE, SEARCH) != SEARCH:
                self._note_final(parameters)
                continue
            if self._running.pop(key(parameters), None) is None:
                self._searched += 1
            self._note(parameters, entry["value"])
            self.inner.import_data([{**entry, "parameter": self._chosen(parameters)}])

    def resumed(self, parameters: Mapping[str, Any]) -> None:
        """A trial of an earlier run of the experiment goes on."""
        if parameters.get(PHASE, SEARCH) != SEARCH:
            self._note_final(parameters)
            return
        self._searched += 1
        self._running[key(parameters)] = dict(parameters)
        if hasattr(self.inner, "resumed"):
            self.inner.resumed(self._chosen(parameters))

    def failed(self, parameters: Mapping[str, Any]) -> None:
        """A trial of an earlier run of the experiment failed: it will be made up for."""
        if parameters.get(PHASE, SEARCH) == SEARCH and hasattr(self.inner, "failed"):
            self.inner.failed(self._chosen(parameters))

    def added(self, parameters: Mapping[str, Any]) -> None:
        """A person added a trial in the web UI: of the search, but none of those planned."""
        if parameters.get(PHASE, SEARCH) == SEARCH:
            self._running[key(parameters)] = dict(parameters)
            if hasattr(self.inner, "added"):
                self.inner.added(self._chosen(parameters))

    def _suggestion(self, parameter_id: int) -> Point:
        """The next point of the search."""
        point = {**self.inner.generate_parameters(parameter_id), PHASE: SEARCH}
        if origin := getattr(self.inner, "origin", ""):
            point[ORIGIN] = origin
        self._searched += 1
        self._running[parameter_id] = point
        return point

    def _chosen(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the search chose of a trial's parameters: without what was put on top of it."""
        return parameters

    def _note_final(self, point: Mapping[str, Any]) -> None:
        """A final trial was handed out: what it retrains stays the best, whatever comes later."""
        if key(point) not in self._given:
            self._given.append(key(point))
        for planned in self._finals:
            if "_from" in planned and planned[PHASE] == point[PHASE]:
                kept = visible({k: v for k, v in point.items() if k not in planned})
                self._kept = {**kept, **self._kept}

    def _ended(self, parameter_id: int, parameters: Mapping[str, Any]) -> None:
        if self._running.pop(parameter_id, None) is None:
            self._running.pop(key(parameters), None)

    def _note(self, parameters: Mapping[str, Any], value: Any) -> None:
        if (reward := reward_of(value)) is not None:
            budget = float(parameters.get(BUDGET, math.inf))
            self._results.append((budget, self._sign * reward, dict(parameters)))


def _without(point: Mapping[str, Any], name: str) -> Point:
    return {key: value for key, value in point.items() if key != name}
