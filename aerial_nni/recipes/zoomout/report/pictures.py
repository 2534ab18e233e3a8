"""Zoom-out in pictures: what the features of one pixel see, and the loss of the first stage."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from aerial_nni.models.zoomout import ZoomOut
from aerial_nni.recipes.zoomout.report.reading import Comparison
from aerial_nni.reporting.graph_trace import trace
from aerial_nni.reporting.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    SKY,
    TRAIN,
    VALIDATION,
    VERMILLION,
    epoch_axis,
    line,
    new_figure,
    styled,
)
from aerial_nni.training.checkpoint import load_checkpoint

COLOURS = (SKY, GREEN, ORANGE, VERMILLION, PINK, BLUE)


def receptive_fields_info(found: Comparison) -> list[tuple[int, int, int]]:
    """Stride, features and largest receptive field of each size of the frozen network's maps."""
    model, _ = load_checkpoint(found.trial.checkpoint)
    assert isinstance(model, ZoomOut)
    encoder = model.encoder
    bands, height, width = found.trial.metrics["model"]["input"]
    room = [side + -side % encoder.stride for side in (height, width)]
    steps = trace(encoder, bands=bands, height=room[0], width=room[1])
    largest: dict[int, int] = {1: 1}
    for step in steps:
        if step.kind == "conv":
            largest[round(step.spacing)] = step.field
    return [
        (stride, channels, largest.get(stride, 1))
        for stride, channels in zip(encoder.strides, encoder.channels, strict=True)
    ]


@styled
def plot_zoom_out(found: Comparison) -> Figure:
    """Left the squares that the features of one pixel see; right how many features see them."""
    figure = new_figure(3.8)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    fields = receptive_fields_info(found)
    example = max(found.trial.examples, key=lambda one: len(one.facts["classes"]), default=None)
    _, height, width = found.trial.metrics["model"]["input"]
    if example is not None:
        height, width = example.truth.shape
        left.imshow(example.image)
    row, column = height // 2, width // 2
    for (_, _, field), colour in zip(fields, COLOURS, strict=False):
        corner = (column - field / 2, row - field / 2)
        left.add_patch(Rectangle(corner, field, field, fill=False, edgecolor=colour, linewidth=2))
    left.plot([column], [row], marker="+", color=INK, markersize=9)
    left.set_xlim(0, width)
    left.set_ylim(height, 0)
    left.set_axis_off()
    left.set_title("What they see of a patch")
    names = [f"1 place for {stride}×{stride}\nsees {field}×{field}" for stride, _, field in fields]
    counts = [channels for _, channels, _ in fields]
    right.barh(names, counts, color=COLOURS[: len(fields)])
    right.invert_yaxis()
    for place, count in enumerate(counts):
        right.text(count, place, f" {count}", va="center", color=INK, fontsize=8.5)
    right.margins(x=0.12)
    right.set_xlabel("features of a pixel")
    right.set_title(f"{found.facts['dimension']:,} features, by the size of their map")
    return figure


@styled
def plot_first_stage(found: Comparison) -> Figure:
    """Training and validation loss of the first stage by epoch."""
    figure = new_figure(2.8)
    axes = figure.add_subplot()
    history = found.first_stage
    for column, label, look in (
        ("train_loss", "training samples, with dropout", TRAIN),
        ("val_loss", "validation samples", VALIDATION),
    ):
        line(axes, history["epoch"], history[column], label, look)
    best = found.facts["samples"]["epoch"]
    axes.axvline(best, color=GREY, linestyle=":", linewidth=1.2, label=f"kept: epoch {best}")
    epoch_axis(axes, history["epoch"])
    axes.set_ylabel(f"loss ({found.trial.options['loss']}), no unit")
    axes.set_title("The first stage: the classifier alone, on samples")
    axes.legend()
    return figure
