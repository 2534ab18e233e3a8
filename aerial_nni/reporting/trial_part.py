"""The shared parts on the one run that is shown, for documents that are no templates yet."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.format import score
from aerial_nni.reporting.gallery import PREDICTION
from aerial_nni.reporting.render import render
from aerial_nni.reporting.shown_run import ShownRun, plot_run


def draw_trial(
    trials: Sequence[Trial],
    *,
    name: str = PREDICTION,
    others: Mapping[str, Sequence[np.ndarray]] | None = None,
) -> dict[str, Figure]:
    """The figures of `trials[0]` by name: see `plot_run`."""
    return plot_run(ShownRun.of(trials), name=name, others=others)


def explain_trial(trial: Trial, links: Mapping[str, str], *, seeds: int) -> list[str]:
    """Examples, curves, classes, confusions and costs, in Markdown."""
    run = ShownRun(trial=trial, others=(trial,) * (seeds - 1))
    return [render("reporting/templates/run.md.j2", run=run, links=links).strip()]


def which_of(trial: Trial, seeds: int) -> str:
    """Which run is shown, of so many that differ in their seed."""
    seed = f"seed {trial.options['seed']}"
    if seeds == 1:
        return seed
    return f"the one with the highest score of {seeds} ({score(trial.metrics['score'])}, {seed})"
