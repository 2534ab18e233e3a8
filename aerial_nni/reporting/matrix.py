"""The confusion matrix: how the pixels of each class were labelled."""

from dataclasses import dataclass

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.style import BLUE, GREY, INK, WIDTH, new_figure, styled, unit

_SHADES = LinearSegmentedColormap.from_list("white to blue", ["#FFFFFF", BLUE])


def row_shares(confusion: np.ndarray) -> np.ndarray:
    """Each row divided by its sum, shape (classes, classes); NaN for a class without pixels."""
    totals = confusion.sum(axis=1, keepdims=True).astype(float)
    shares: np.ndarray = np.divide(
        confusion, totals, out=np.full(confusion.shape, np.nan), where=totals > 0
    )
    return shares


@dataclass(frozen=True, kw_only=True)
class ConfusionInfo:
    """Pixels of each class by what they are called, shape (classes, classes): [true][predicted]."""

    classes: tuple[str, ...]
    pixels: np.ndarray
    shares: np.ndarray
    """Of the true class; NaN for one without pixels."""


def confusion_info(trial: Trial) -> ConfusionInfo:
    """The confusion matrix of a trial, in pixels and as shares."""
    pixels = trial.confusion
    return ConfusionInfo(classes=tuple(trial.classes), pixels=pixels, shares=row_shares(pixels))


@styled
def plot_confusion(trial: Trial) -> Figure:
    """Shares of the true class in each cell, with the pixel counts under them."""
    info = confusion_info(trial)
    confusion, classes, shares, count = info.pixels, info.classes, info.shares, len(info.classes)
    side = min(WIDTH - 1.6, max(4.2, 0.95 * count))
    figure = new_figure(0.78 * side + 0.7, width=side + 1.6)
    axes = figure.add_subplot()
    shown = axes.imshow(np.nan_to_num(shares), cmap=_SHADES, vmin=0, vmax=1, aspect="auto")
    size = 8.5 if count <= 8 else max(4.0, 8.5 * 8 / count)
    for true in range(count):
        for predicted in range(count):
            share, pixels = shares[true, predicted], confusion[true, predicted]
            first = "–" if np.isnan(share) else f"{100 * share:.1f} %"
            colour = "white" if share > 0.55 else INK
            weight = "bold" if true == predicted else "normal"
            axes.text(predicted, true - 0.13, first, ha="center", va="center", fontsize=size,
                      color=colour, fontweight=weight)  # fmt: skip
            axes.text(predicted, true + 0.22, short_count(pixels), ha="center", va="center",
                      fontsize=0.8 * size, color=colour)  # fmt: skip
    rotation = 0 if max(map(len, classes)) * count < 70 else 40
    axes.set_xticks(range(count), classes, rotation=rotation,
                    ha="center" if rotation == 0 else "right")  # fmt: skip
    axes.set_yticks(range(count), classes)
    axes.tick_params(length=0, pad=10)
    for place, swatch in enumerate(trial.palette):
        for corner, breadth, height in (
            ((place - 0.4, count - 0.47), 0.8, 0.06),
            ((-0.6, place - 0.4), 0.06, 0.8),
        ):
            axes.add_patch(
                Rectangle(corner, breadth, height, facecolor=unit(swatch), edgecolor=GREY,
                          linewidth=0.5, clip_on=False)
            )  # fmt: skip
    axes.grid(visible=False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title("Confusion matrix: share of each true class (pixels)")
    bar = figure.colorbar(shown, ax=axes, fraction=0.04, pad=0.02)
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)
    return figure


def short_count(pixels: int) -> str:
    """A count of pixels in at most five letters: 812, 41.6 k, 1.60 M."""
    if pixels < 1000:
        return str(int(pixels))
    value, letter = (pixels / 1e6, "M") if pixels >= 1e6 else (pixels / 1e3, "k")
    digits = max(0, 3 - len(str(int(value))))
    return f"{value:.{digits}f} {letter}"
