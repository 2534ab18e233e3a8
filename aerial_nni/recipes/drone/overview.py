"""What a comparison of losses on drone scenes brings to the page over all kinds of experiments."""

from aerial_nni.recipes.drone.report.reading import FOUND, read_flight
from aerial_nni.reporting.folder import Experiment
from aerial_nni.reporting.overview.rows import Made, rows_of
from aerial_nni.reporting.style import SKY


def read_rows(experiment: Experiment) -> Made:
    """A row for each loss, and for what the search found with the best of them."""
    found = read_flight(experiment)
    rows = []
    for group in found.groups:
        best = group.name == FOUND
        name = "best of the drone search" if best else f"loss {group.name}"
        rows += rows_of({name: group.trials}, colour=SKY, marker="o" if best else "s")
    method = found.search.title if found.search else "no search"
    return Made(
        experiment=experiment,
        rows=rows,
        method=f"losses compared, {method}",
        shown=found.trial,
    )
