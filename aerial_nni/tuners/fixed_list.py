"""A tuner that hands out a given list of points, each once: one trial per seed, for example."""

from collections.abc import Mapping, Sequence
from typing import Any

import nni
from nni.tuner import Tuner

from aerial_nni.tuners import dispatcher_patches as nni_patches
from aerial_nni.tuners.trial import key

nni_patches.repair()

Point = Mapping[str, Any]


class ListedTuner(Tuner):
    """Suggests `points` in their order; after a resume, those that have no result yet."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = [dict(point) for point in points]
        self._taken: list[str] = []

    def update_search_space(self, search_space: Mapping[str, Any]) -> None:
        """Nothing to do: the points are given, whatever space they come from."""

    def generate_parameters(self, parameter_id: int, **_: Any) -> dict[str, Any]:
        """The next point of the list.

        Raises:
            nni.NoMoreTrialError: when every point was handed out.
        """
        listed = [key(point) for point in self._points]
        for name, point in zip(listed, self._points, strict=True):
            if listed.count(name) > self._taken.count(name):
                self._taken.append(name)
                return point
        raise nni.NoMoreTrialError("every point of the list was handed out")

    def receive_trial_result(
        self, parameter_id: int, parameters: Point, value: Any, **_: Any
    ) -> None:
        """Nothing to learn."""

    def import_data(self, data: Sequence[Mapping[str, Any]]) -> None:
        """Takes the points that have a result, from before a resume, off the list."""
        for trial in data:
            self.resumed(trial["parameter"])

    def resumed(self, parameters: Point) -> None:
        """Takes a point that is being tried off the list."""
        self._taken.append(key(parameters))
