"""The tuner as the experiment had it at its end: asked for its model and its settings."""

import importlib
from typing import Any

from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.search.search_trial import Tried


def tuner_of(search: Search) -> Any:
    """A tuner of the experiment's class and arguments that was told all trials of the search.

    The id of a trial is its number.
    """
    module, name = str(search.method["class_name"]).rsplit(".", 1)
    # Here and not at the top: the modules of tuners import nni, which no other document needs.
    tuner = getattr(importlib.import_module(module), name)(**search.method["class_args"])
    tuner.update_search_space(dict(search.experiment.record["space"]))
    for tried in search.tried:
        if search.inside(tried):
            _tell(tuner, tried)
    return tuner


def _tell(tuner: Any, tried: Tried) -> None:
    """Told as NNI tells it; a trial that was cut off stays one that runs."""
    parameters = tried.row["parameters"]
    tuner.resumed(parameters)
    tuner.trials.all[-1].id = tried.number
    if tried.score is not None:
        tuner.receive_trial_result(tried.number, parameters, tried.score)
    if tried.state != "CUT_OFF":
        tuner.trial_end(tried.number, False, parameters=parameters, event=tried.state)
