"""What the document of zoom-out reads: the search, and the final runs of each way."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from aerial_nni.config.run_folder import HISTORY, METRICS, SAMPLES, read_history, read_json
from aerial_nni.recipes.zoomout.phases import PHASES, SUPERPIXELS, ZOOMOUT
from aerial_nni.recipes.zoomout.scores import scores_of
from aerial_nni.reporting.folder import Experiment, ResultUnusable, Trial
from aerial_nni.reporting.group_comparison import Group
from aerial_nni.reporting.search.search import Search, finished, read_search


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """An experiment with at least one zoom-out run that reached its end."""

    experiment: Experiment
    search: Search | None
    """None where nothing was searched."""
    groups: tuple[Group, ...]
    """The final runs of each way that has some, in the order of their seeds; zoom-out first."""

    @property
    def method(self) -> Mapping[str, Any]:
        """What the record says: seeds, epochs, and of a search its method."""
        method: Mapping[str, Any] = self.experiment.record.get("method", {})
        return method

    @cached_property
    def shown(self) -> list[Trial]:
        """The runs of zoom-out, the one that is shown in front: it has the highest score."""
        return sorted(self.groups[0].trials, key=lambda trial: -trial.metrics["score"])

    @property
    def trial(self) -> Trial:
        """The run that is shown."""
        return self.shown[0]

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the shown run says of its backbone, its samples and its points."""
        facts: Mapping[str, Any] = self.trial.metrics["zoomout"]
        return facts

    @cached_property
    def first_stage(self) -> dict[str, np.ndarray]:
        """Columns of the history of the shown run's first stage; empty where it had none."""
        path = self.trial.folder / SAMPLES / HISTORY
        rows = read_history(path) if path.is_file() else []
        return {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}

    def first_seconds(self, group: Group) -> list[float]:
        """Seconds of the first stage, drawing samples included, of the runs that had one."""
        paths = [trial.folder / SAMPLES / METRICS for trial in group.trials]
        return [float(read_json(path)["seconds"]) for path in paths if path.is_file()]

    def scores(self, group: Group) -> dict[str, list[float]]:
        """Name of a score -> its value in each run of a group."""
        return group.each(scores_of)


def read_comparison(experiment: Experiment) -> Comparison:
    """The comparison of an experiment, or of a zoom-out trial that was run by hand.

    Raises:
        ResultUnusable: no run of zoom-out reached its end, or the search is damaged.
    """
    record = experiment.record
    searched = record.get("method", {}).get("search_trials")
    search = read_search(experiment, best=ZOOMOUT) if searched else None
    by_hand = experiment.by_hand
    runs = {} if by_hand else {phase: finished(experiment, phase) for phase in PHASES}
    if by_hand:
        alone = experiment.best
        runs[SUPERPIXELS if alone.options["superpixel"] else ZOOMOUT] = (alone,)
    elif not runs[ZOOMOUT] and search is not None:  # ended before the final trials
        runs[ZOOMOUT] = search.shown
    groups = tuple(Group(phase, runs[phase]) for phase in PHASES if runs.get(phase))
    if not groups or "zoomout" not in groups[0].trials[0].metrics:
        raise ResultUnusable(
            f"no zoom-out run of {experiment.folder} reached its end; go on with: "
            f"python -m aerial_nni.run resume {experiment.id}"
        )
    return Comparison(experiment=experiment, search=search, groups=groups)
