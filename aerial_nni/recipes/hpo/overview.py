"""What a search for options brings to the page over all kinds of experiments."""

from aerial_nni.reporting.folder import Experiment
from aerial_nni.reporting.overview.rows import Made, rows_of
from aerial_nni.reporting.search.search import read_search
from aerial_nni.reporting.style import BLUE
from aerial_nni.tuners.trial import BEST, DEFAULT


def read_rows(experiment: Experiment) -> Made:
    """The best configuration, and the default options as its control."""
    search = read_search(experiment)
    again = "" if search.retrained[BEST] else ", not trained again"
    controls = {"default options beside it": search.retrained[DEFAULT]}
    return Made(
        experiment=experiment,
        rows=[
            *rows_of({"best of HPO": search.shown}, colour=BLUE),
            *rows_of(controls, colour=BLUE, marker="s", control=True),
        ],
        method=f"{search.title}{again}",
        shown=search.shown[0],
    )
