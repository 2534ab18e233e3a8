"""Two shared parts as text, for documents that are no templates yet."""

from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.render import render
from aerial_nni.reporting.shown_run import ShownRun


def selection(trial: Trial) -> str:
    """That the best epoch was chosen on the images it is scored on, with the last one beside it."""
    return render("reporting/templates/selection.md.j2", run=ShownRun(trial=trial)).strip()


def orientation(trial: Trial) -> str:
    """What others reached on this dataset; empty where nothing is known."""
    return render("reporting/templates/orientation.md.j2", run=ShownRun(trial=trial)).strip()
