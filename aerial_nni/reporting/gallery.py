"""The segmented validation patches: input, truth, prediction, and where it is wrong."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from aerial_nni.data.dataset import VOID
from aerial_nni.reporting.folder import Example, Trial
from aerial_nni.reporting.style import (
    GREY,
    INK,
    VERMILLION,
    class_handles,
    colourise,
    legend_below,
    new_figure,
    styled,
    void_pattern,
)

ROWS = 5
"""Patches in one figure."""
PREDICTION = "prediction"
_ERROR = np.array([213, 94, 0], dtype=np.uint8)  # vermillion, as in the style

LOW = 1.1
"""Inches of a row at least, which its scores need."""


def error_map(example: Example) -> np.ndarray:
    """Wrong pixels coloured, right ones as the pale grey picture, void striped: (h, w, 3) uint8."""
    grey = example.image.mean(axis=2, keepdims=True)
    pale = (255 - (255 - grey) * 0.35).astype(np.uint8).repeat(3, axis=2)
    wrong = (example.truth != example.predicted)[..., None]
    errors = np.where(wrong, _ERROR, pale)
    void = (example.truth == VOID)[..., None]
    return np.where(void, void_pattern(*example.truth.shape), errors)


def plot_galleries(
    trial: Trial,
    *,
    name: str = PREDICTION,
    others: Mapping[str, Sequence[np.ndarray]] | None = None,
) -> list[Figure]:
    """Figures of up to `ROWS` examples each, in the order of the trial's list.

    `name` is what the trial's own predictions are called; `others` are those of other models by
    name, shape (h, w) for each example, and stand before them.
    """
    examples = trial.examples
    parts = math.ceil(len(examples) / ROWS)
    share = math.ceil(len(examples) / parts) if parts else 0
    void = any((example.truth == VOID).any() for example in examples)
    columns = {**(others or {}), name: [example.predicted for example in examples]}
    return [
        _draw(
            trial,
            examples[start : start + share],
            {name: masks[start : start + share] for name, masks in columns.items()},
            void=void,
        )
        for start in range(0, parts * share, share)
    ]


@styled
def _draw(
    trial: Trial,
    examples: Sequence[Example],
    predicted: Mapping[str, Sequence[np.ndarray]],
    *,
    void: bool,
) -> Figure:
    names = ("input", "truth", *predicted, "errors")
    width = max(7.4, 1.5 * len(names))
    high, wide = examples[0].truth.shape
    row_height = max(LOW, (width - 0.5) / len(names) * high / wide)
    figure = new_figure(len(examples) * row_height + 0.5, width=width)
    figure.set_layout_engine("constrained", rect=(0, 0, 0.98, 1))  # else the errors end at the edge
    grid = figure.subplots(len(examples), len(names), squeeze=False)
    for row, example, *masks in zip(grid, examples, *predicted.values(), strict=True):
        # Void is striped in predictions too: what was predicted there is not scored.
        shown = [np.where(example.truth == VOID, VOID, mask) for mask in masks]
        pictures = (
            example.image,
            *(colourise(mask, trial.palette) for mask in (example.truth, *shown)),
            error_map(example),
        )
        for axes, picture in zip(row, pictures, strict=True):
            show_picture(axes, picture)
        row[0].set_ylabel(
            f"{example.number}: mean IoU {_score(example.facts['mean_iou'])}\n"
            f"accuracy {_score(example.facts['pixel_accuracy'])}",
            fontsize=7.5,
            color=INK,
        )
    for axes, name in zip(grid[0], names, strict=True):
        axes.set_title(name, loc="center")
    handles = class_handles(trial.classes, trial.palette, void=void)
    handles.append(Patch(facecolor=VERMILLION, edgecolor=GREY, linewidth=0.5, label="wrong"))
    legend_below(figure, handles)
    return figure


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def show_picture(axes: Axes, picture: np.ndarray) -> None:
    """A picture without ticks, its own pixels kept."""
    axes.imshow(picture, interpolation="nearest" if max(picture.shape[:2]) < 100 else "antialiased")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
