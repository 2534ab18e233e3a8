"""What `doctor` says of scenes and labels: everything that is wrong, file by file."""

from collections.abc import Iterator

import numpy as np
from rasterio.windows import Window

from aerial_nni.data.dataset import Problem
from aerial_nni.data.geo.labels import Labels, classes_of, load_labels
from aerial_nni.data.geo.town import Town
from aerial_nni.rasters import open_raster

SIDE = 2048
"""Pixels of the parts by which a raster of labels is looked through."""


def examine(town: Town) -> Iterator[Problem]:
    """Every problem of a dataset: of its scenes, then of the labels of each area."""
    yield from town.problems
    for area in town.listing.areas:
        labels, problems = load_labels(area, town.listing, town.scenes_of(area), town.plane)
        yield from problems
        if not any(problem.fatal for problem in problems):
            yield from _raster_values(labels)
            yield from _absent(labels, area.name)


def _raster_values(labels: Labels) -> Iterator[Problem]:
    """A value in a raster of labels that is no class; the whole raster is read, part by part."""
    if labels.raster is None:
        return
    with open_raster(labels.raster.path) as file:
        for y in range(0, file.height, SIDE):
            for x in range(0, file.width, SIDE):
                part = Window(x, y, min(SIDE, file.width - x), min(SIDE, file.height - y))
                valid = file.dataset_mask(window=part) > 0
                try:
                    classes_of(file.read(1, window=part), valid, labels.listing.values, "it")
                except ValueError as error:
                    text, _, mend = str(error).partition("; ")
                    yield Problem(where=str(labels.raster.path), text=text, mend=mend)
                    return


def _absent(labels: Labels, area: str) -> Iterator[Problem]:
    """Classes that no shape of an area has, where there is nothing else that could show them."""
    listing, there = labels.listing, set(np.unique(labels.classes).tolist())
    absent = [
        name
        for index, name in enumerate(listing.facts.classes)
        if index not in there and index != listing.background
    ]
    if absent and labels.raster is None:
        yield Problem(
            where=f"area {area}" if area else str(listing.root),
            text=f"no shape is of the class {', '.join(absent)}",
            mend="nothing needs to be done if that is meant",
            fatal=False,
        )
