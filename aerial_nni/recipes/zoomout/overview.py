"""What zoom-out brings to the page over all kinds of experiments."""

from aerial_nni.recipes.zoomout.phases import SUPERPIXELS, UNET, ZOOMOUT
from aerial_nni.recipes.zoomout.report.reading import read_comparison
from aerial_nni.reporting.folder import Experiment
from aerial_nni.reporting.overview.rows import Made, rows_of
from aerial_nni.reporting.style import PINK

ROWS = {
    ZOOMOUT: ("zoom-out", "o"),
    SUPERPIXELS: ("zoom-out over superpixels", "D"),
    UNET: ("U-Net beside it", "s"),
}
"""Phase -> what its runs are called here, and their mark."""


def read_rows(experiment: Experiment) -> Made:
    """Zoom-out, superpixels, and the U-Net as their control."""
    found = read_comparison(experiment)
    rows = []
    for group in found.groups:
        name, marker = ROWS[group.name]
        control = group.name == UNET
        rows += rows_of({name: group.trials}, colour=PINK, marker=marker, control=control)
    method = found.search.title if found.search else "no search"
    return Made(
        experiment=experiment,
        rows=rows,
        method=f"frozen features, {method}",
        shown=found.trial,
    )
