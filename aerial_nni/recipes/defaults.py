"""The options of each verb where nothing else is said, by the name of the data.

They are part of the help as well, so this module is quick to import. What is built in is for trying
things out: that must not take long, nor wait for a download.
"""

from typing import Any

from aerial_nni.config.options import BUILT_IN
from aerial_nni.recipes.drone.options import RANDOM as DRAWN
from aerial_nni.recipes.zoomout.options import RANDOM

NESTED = ("buildings",)
"""Datasets of which only whole areas can be held out."""


def split_of(data: str) -> dict[str, Any]:
    """How a dataset is divided where that is not by images."""
    rules = {"geo": "blocks", "torchgeo": "given"}
    name = data.partition(":")[0]
    return {"split": rules[name]} if name in rules else {}


def baseline(data: str) -> dict[str, Any]:
    """Of every trial: a first run ends within three minutes."""
    return {"epochs": 24} if data == "scenes" else split_of(data)


def hpo(data: str) -> dict[str, Any]:
    """Of a trial of the search: a first search ends in minutes."""
    if data == "scenes":
        return {"epochs": 6, "space_to_depth": 2}
    return {"epochs": 12, **split_of(data)}


def distill(data: str) -> dict[str, Any]:
    """Of a trial of the search, besides what is the teacher's."""
    return {"epochs": 4 if data == "scenes" else 12, **split_of(data)}


def darts(data: str) -> dict[str, Any]:
    """Of a search trial."""
    if data == "scenes":
        return {"epochs": 8, "depth": 2, "width": 8, "space_to_depth": 2}
    return {"epochs": 30, "depth": 3, **split_of(data)}


def zoomout(data: str) -> dict[str, Any]:
    """Of a trial of the search.

    The few patches of what is built in, and features that were never trained, want many samples and
    a small, slow classifier.
    """
    if data in BUILT_IN:
        return {"epochs": 3, "sample_epochs": 6, "samples": 30, "batch": 4, "hidden": 256,
                "lr": 3e-4, "backbone": "vgg11", "backbone_weights": RANDOM}  # fmt: skip
    return {"epochs": 4, **({"split": "tile"} if data in NESTED else split_of(data))}


def drone(data: str) -> dict[str, Any]:
    """Of a trial of the search; the learning-rate finder is of one run of each loss."""
    if data in BUILT_IN:
        return {"epochs": 3, "backbone": "mobilenet_v3_large", "backbone_weights": DRAWN,
                "head": 32, "batch": 4, "lr": 2e-3, "find_lr": 20}  # fmt: skip
    return {"epochs": 20, "batch": 4, "accumulate": 2, "find_lr": 200, **split_of(data)}
