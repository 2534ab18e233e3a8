"""What an architecture search brings to the page over all kinds of experiments."""

import dataclasses
from statistics import fmean

from aerial_nni.recipes.darts.report.reading import read_discovery
from aerial_nni.reporting.folder import Experiment, ResultUnusable
from aerial_nni.reporting.format import pluralize
from aerial_nni.reporting.overview.rows import Made, row_of
from aerial_nni.reporting.style import GREEN

RANDOMS = "random architectures"
MARKS = {"derived network": "o", RANDOMS: "v", "U-Net of its size": "s"}


def read_rows(experiment: Experiment) -> Made:
    """The derived network, random architectures and the U-Net of its size."""
    found = read_discovery(experiment)
    if not found.main.runs:
        raise ResultUnusable(f"no derived network of {experiment.folder} was trained to its end")
    order = found.main.searched.options["order"]
    scores = {RANDOMS: found.random_scores}  # of each architecture; of the others of each run
    rows = []
    groups = (found.main.runs, found.randoms, found.hand_made)
    for (name, marker), runs in zip(MARKS.items(), groups, strict=True):
        if not runs:
            continue
        control = name != next(iter(MARKS))
        row = row_of(name, runs, colour=GREEN, marker=marker, control=control)
        seconds = found.seconds(runs)
        rows.append(
            dataclasses.replace(
                row,
                scores=scores.get(name, row.scores),
                seconds=fmean(seconds) if seconds else None,
            )
        )
    return Made(
        experiment=experiment,
        rows=rows,
        method=f"DARTS, {order} order, {pluralize(len(found.search.tried), 'search trial')}",
        shown=found.shown[0],
    )
