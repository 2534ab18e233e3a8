"""Segmentation of aerial and satellite imagery; every piece of work is one NNI experiment.

What a notebook needs is here; all else is by the command line, `aerial-nni --help`.

>>> import aerial_nni
>>> scenes = aerial_nni.open_dataset("scenes")
>>> scenes.facts.classes
('Building', 'Land', 'Road', 'Vegetation', 'Water', 'Unlabeled')
>>> image, mask = scenes.read(scenes.samples[0])
>>> image.shape, mask.shape
((256, 256, 3), (256, 256))

After `aerial-nni baseline`, whose last lines name the folder of the run (`runs/ID`):

>>> run = aerial_nni.load_run("runs/ID")  # doctest: +SKIP
>>> run.best.metrics["score"]  # doctest: +SKIP
>>> network, header = aerial_nni.load_checkpoint(run.best.checkpoint)  # doctest: +SKIP
>>> classes = aerial_nni.predict(run.best.checkpoint, "scene.tif")  # doctest: +SKIP

Each kind of experiment is a recipe, whose name is its verb:

>>> list(aerial_nni.RECIPES)
['baseline', 'hpo', 'distill', 'darts', 'zoomout', 'drone']

Each method of hyper-parameter optimisation is a tuner for any NNI experiment:

>>> aerial_nni.GPTuner.__module__
'aerial_nni.tuners.gp'
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from aerial_nni.data import open_dataset as open_dataset
    from aerial_nni.inference.arrays import predict as predict
    from aerial_nni.recipes import RECIPES as RECIPES
    from aerial_nni.reporting.folder import load_run as load_run
    from aerial_nni.training.checkpoint import load_checkpoint as load_checkpoint

_PLACES = {
    "RECIPES": "recipes:RECIPES",
    "load_checkpoint": "training.checkpoint:load_checkpoint",
    "load_run": "reporting.folder:load_run",
    "open_dataset": "data:open_dataset",
    "predict": "inference.arrays:predict",
    "AnnealTuner": "tuners.anneal:AnnealTuner",
    "BOHBTuner": "tuners.bohb:BOHBTuner",
    "DNGOTuner": "tuners.dngo:DNGOTuner",
    "EvolutionTuner": "tuners.evolution:EvolutionTuner",
    "GPTuner": "tuners.gp:GPTuner",
    "GridTuner": "tuners.random_grid:GridTuner",
    "HyperbandTuner": "tuners.hyperband:HyperbandTuner",
    "MetisTuner": "tuners.metis:MetisTuner",
    "RandomTuner": "tuners.random_grid:RandomTuner",
    "SMACTuner": "tuners.smac:SMACTuner",
    "TPETuner": "tuners.tpe:TPETuner",
}
"""Where each name comes from. It is imported when it is first asked for: `--help` has no time."""

__all__ = ["__version__", *_PLACES]


def __getattr__(name: str) -> Any:
    """What is offered here, imported now (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, own = _PLACES[name].partition(":")
    found = getattr(importlib.import_module(f"{__name__}.{module}"), own)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """All names, imported or not."""
    return sorted({*globals(), *__all__})
