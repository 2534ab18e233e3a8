"""The options that trials of each kind of experiment take."""

from aerial_nni.config.options import TrialOptions
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.distill.options import DistillOptions
from aerial_nni.recipes.drone.options import DroneOptions
from aerial_nni.recipes.zoomout.options import ZoomOutOptions

MORE: dict[str, type[TrialOptions]] = {
    "distill": DistillOptions,
    "darts": SearchOptions,
    "zoomout": ZoomOutOptions,
    "drone": DroneOptions,
}
"""Kind of an experiment -> the options of its trials, where they are more than any trial's."""


def options_of(kind: str) -> type[TrialOptions]:
    """The class of the options of the trials of an experiment of this kind."""
    return MORE.get(kind, TrialOptions)
