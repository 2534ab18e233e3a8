"""The tuner as the experiment had it, for the settings that it derives from space and budget."""

import importlib
from typing import Any

from aerial_nni.reports.hpo.search import Search


def tuner_of(search: Search) -> Any:
    """A new tuner of the class and with the arguments of the experiment; it knows no trials."""
    module, name = str(search.method["class_name"]).rsplit(".", 1)
    # Here and not at the top: the modules of tuners import nni, which no other document needs.
    tuner = getattr(importlib.import_module(module), name)(**search.method["class_args"])
    tuner.update_search_space(dict(search.experiment.record["space"]))
    return tuner
