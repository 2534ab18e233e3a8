"""What a soft answer is: the teacher's probabilities of one validation patch, by temperature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from aerial_nni.data.dataset import VOID
from aerial_nni.recipes.distill.report.reading import Distillation
from aerial_nni.reporting.gallery import show_picture
from aerial_nni.reporting.style import (
    INK,
    class_handles,
    colourise,
    legend_below,
    new_figure,
    styled,
    unit,
)

SHADES = "viridis"
"""Numbers as colours: even steps in lightness, readable by people with colour-blindness."""
EXAMPLE_TEMPERATURE = 4.0
"""Shown where the kind that was used has none."""
SURE = 0.9
"""A probability from which on the teacher is sure."""
QUANTILES = (0.1, 0.9, 0.99)
"""Pixels that are shown: those at these quantiles of the teacher's uncertainty."""


def softened(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax over the classes, the first axis, of logits divided by the temperature."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=0))
    shares: np.ndarray = powers / powers.sum(axis=0)
    return shares


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Uncertainty in bits, over the first axis: 0 where one class is sure."""
    bits: np.ndarray = -(probabilities * np.log2(np.maximum(probabilities, 1e-12))).sum(axis=0)
    return bits


@dataclass(frozen=True)
class SoftAnswer:
    """What the teacher says of the shown patch; shares are of its pixels that are not void."""

    number: int
    """Of the patch among the examples."""
    temperature: float
    sure: float
    """Where one class has more than `SURE` at a temperature of 1."""
    sure_softened: float
    bits: float
    """Mean entropy at a temperature of 1."""
    bits_softened: float
    most_bits: float
    right: float
    """Where the most probable class is the true one."""
    pixels: list[tuple[int, int]]
    """Rows and columns of those that are shown."""


def soft_answer(found: Distillation) -> SoftAnswer | None:
    """The teacher's answer in numbers; None where it was not kept."""
    if not found.answers:
        return None
    example, logits = found.example(found.richest), found.logits("teacher", found.richest)
    valid, temperature = example.truth != VOID, shown_temperature(found)
    plain, soft = (softened(logits, t)[:, valid] for t in (1.0, temperature))
    return SoftAnswer(
        number=example.number,
        temperature=temperature,
        sure=float(np.mean(plain.max(axis=0) > SURE)),
        sure_softened=float(np.mean(soft.max(axis=0) > SURE)),
        bits=float(entropy(plain).mean()),
        bits_softened=float(entropy(soft).mean()),
        most_bits=float(np.log2(len(logits))),
        right=float(np.mean(logits.argmax(axis=0)[valid] == example.truth[valid])),
        pixels=shown_pixels(found),
    )


def shown_temperature(found: Distillation) -> float:
    """The temperature of the run, or an example where its kind has none."""
    return float(found.lesson["temperature"]) if found.softened else EXAMPLE_TEMPERATURE


def shown_pixels(found: Distillation) -> list[tuple[int, int]]:
    """Rows and columns of the pixels at `QUANTILES`, of those that are not void."""
    place = found.richest
    unsure = entropy(softened(found.logits("teacher", place), 1.0))
    valid = np.flatnonzero(found.example(place).truth != VOID)
    order = valid[np.argsort(unsure.ravel()[valid], kind="stable")]
    chosen = [order[round(quantile * (len(order) - 1))] for quantile in QUANTILES]
    width = unsure.shape[1]
    return [(int(pixel) // width, int(pixel) % width) for pixel in chosen]


@styled
def draw_soft_answer(found: Distillation) -> Figure:
    """One patch: input, truth, the teacher's class; its probability at two T; its uncertainty."""
    example, palette = found.example(found.richest), found.student.palette
    logits, temperature = found.logits("teacher", found.richest), shown_temperature(found)
    figure = new_figure(6.4)
    grid = figure.subplots(2, 3)
    hidden = example.truth == VOID
    answer = np.where(hidden, VOID, logits.argmax(axis=0)).astype(np.uint8)
    pictures = (
        ("input", example.image),
        ("truth: one class for each pixel", colourise(example.truth, palette)),
        ("teacher: most probable class", colourise(answer, palette)),
    )
    for axes, (title, picture) in zip(grid[0], pictures, strict=True):
        show_picture(axes, picture)
        axes.set_title(title, loc="center")
    _mark_pixels(grid[0][0], shown_pixels(found))
    plain, soft = softened(logits, 1.0), softened(logits, temperature)
    bits = float(np.log2(len(logits)))
    maps = (
        ("probability of that class, T = 1", plain.max(axis=0), 1.0),
        (f"the same, T = {temperature:.3g}", soft.max(axis=0), 1.0),
        (f"uncertainty, T = {temperature:.3g}", entropy(soft), bits),
    )
    for axes, (title, values, highest) in zip(grid[1], maps, strict=True):
        show_map(axes, np.where(hidden, np.nan, values), Normalize(0, highest))
        axes.set_title(title, loc="center")
    for axes, label, highest in (
        (grid[1, :2], "probability", 1.0),
        (grid[1, 2:], "entropy, bits", bits),
    ):
        bar = figure.colorbar(ScalarMappable(Normalize(0, highest), SHADES), ax=list(axes),
                              location="bottom", aspect=40, shrink=0.9, pad=0.02)  # fmt: skip
        bar.set_label(label)
    void = bool(hidden.any())
    legend_below(figure, class_handles(found.student.classes, palette, void=void))
    return figure


def show_map(axes: Axes, values: np.ndarray, norm: Normalize) -> None:
    """Numbers as shades, (h, w), without ticks; NaN stays white."""
    show_picture(axes, np.zeros((*values.shape, 3), np.uint8) + 255)
    axes.imshow(values, cmap=SHADES, norm=norm, interpolation="nearest")


def _mark_pixels(axes: Axes, pixels: Sequence[tuple[int, int]]) -> None:
    for number, (y, x) in enumerate(pixels, start=1):
        axes.plot(x, y, "o", markersize=7, markerfacecolor="none", markeredgecolor="white",
                  markeredgewidth=2.6)  # fmt: skip
        axes.plot(x, y, "o", markersize=7, markerfacecolor="none", markeredgecolor=INK,
                  markeredgewidth=1.2)  # fmt: skip
        right, below = np.array(axes.images[0].get_array()).shape[1] / 2 < x, y < 20
        axes.annotate(str(number), (x, y), xytext=(-10 if right else 10, -9 if below else 8),
                      textcoords="offset points", fontsize=9, fontweight="bold", color=INK,
                      ha="center", va="center",
                      bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8,
                            "pad": 0.8})  # fmt: skip


@styled
def draw_temperatures(found: Distillation) -> Figure:
    """The marked pixels' probabilities at several temperatures, a bar each."""
    used = shown_temperature(found)
    temperatures = sorted({1.0, 2.0, 4.0, 8.0} - {t for t in (2.0, 4.0, 8.0) if abs(t - used) < 0.5}
                          | {used})  # fmt: skip
    logits, truth = found.logits("teacher", found.richest), found.example(found.richest).truth
    classes, palette = found.student.classes, found.student.palette
    figure = new_figure(2.9)
    panels = figure.subplots(1, len(QUANTILES), sharey=True)
    for number, (axes, (y, x)) in enumerate(zip(panels, shown_pixels(found), strict=True), 1):
        for row, temperature in enumerate(temperatures):
            left = 0.0
            for share, colour in zip(softened(logits[:, y, x], temperature), palette, strict=True):
                axes.barh(row, share, left=left, height=0.72, color=unit(colour), edgecolor="white",
                          linewidth=0.6)  # fmt: skip
                left += float(share)
        axes.set_title(f"pixel {number}: {classes[truth[y, x]]}")
        axes.set_xlim(0, 1)
        axes.set_xlabel("probability of the teacher")
        axes.grid(visible=False)
    marked = [f"T = {t:.3g}" + (" (used)" if t == used and found.softened else "")
              for t in temperatures]  # fmt: skip
    panels[0].set_yticks(range(len(temperatures)), marked)
    panels[0].invert_yaxis()
    legend_below(figure, class_handles(classes, palette, void=False))
    return figure
