"""What a baseline brings to the page over all kinds of experiments."""

from aerial_nni.reporting.folder import Experiment
from aerial_nni.reporting.overview.rows import Made, rows_of
from aerial_nni.reporting.style import INK


def read_rows(experiment: Experiment) -> Made:
    """One row: all trials differ in their seed alone."""
    return Made(
        experiment=experiment,
        rows=rows_of({"U-Net baseline": experiment.trials}, colour=INK, marker="s"),
        method="options as given",
        shown=experiment.best,
    )
