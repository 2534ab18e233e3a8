"""What `doctor` says of scenes and labels: everything that is wrong, file by file."""

from collections.abc import Iterator

import numpy as np

from aerial_nni.data.dataset import VOID, Problem
from aerial_nni.data.datasets.geo.labels import Labels, load_labels
from aerial_nni.data.datasets.geo.town import Town


def examine(town: Town) -> Iterator[Problem]:
    """Every problem of a dataset: of its scenes, then of the labels of each area."""
    yield from town.problems
    for area in town.listing.areas:
        labels, problems = load_labels(area, town.listing, town.scenes_of(area), town.plane)
        yield from problems
        if not any(problem.fatal for problem in problems):
            town.known[area.name] = labels  # what is asked next need not read it again
            if labels.raster is not None:
                yield from labels.raster.problems()
            yield from _absent(labels, area.name)


def shapes_found(town: Town) -> Iterator[str]:
    """Of each area how many shapes of each class there are. Raises `LabelsUnusable`."""
    for area in town.listing.areas:
        labels = town.labels(area)
        names = town.listing.facts.classes
        counts = np.bincount(labels.classes, minlength=VOID + 1).tolist()
        shapes = [f"{name} {count:,}" for name, count in zip(names, counts, strict=False)]
        shapes += [f"void {counts[VOID]:,}"] * bool(counts[VOID])
        if labels.raster is not None:
            shapes.append(f"and the raster {labels.raster.grid.path.name}")
        yield f"{f'area {area.name}: ' if area.name else ''}shapes of {', '.join(shapes)}"


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
