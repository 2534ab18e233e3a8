"""What each kind of distillation compares: the teacher's and the student's side of one patch."""

import numpy as np
import torch
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from aerial_nni.data.dataset import VOID
from aerial_nni.recipes.distill.losses import pooled
from aerial_nni.recipes.distill.report.reading import Distillation
from aerial_nni.recipes.distill.report.soft_answers import show_map, shown_temperature, softened
from aerial_nni.reporting.style import VERMILLION, class_handles, legend_below, new_figure, styled

SHARE = 0.3
"""Of the patch: the class that is shown has about so much of it."""


def shown_class(found: Distillation) -> int:
    """The class whose maps are shown: one that covers a good part of the patch, not all of it."""
    truth = found.example(found.richest).truth
    shares = np.bincount(truth[truth != VOID], minlength=len(found.student.classes)) / truth.size
    return int(np.abs(shares - SHARE).argmin())


@styled
def draw_kinds(found: Distillation) -> Figure:
    """A column for each kind, the teacher above and the student below, in one scale."""
    shown, temperature = shown_class(found), shown_temperature(found)
    valid = found.example(found.richest).truth != VOID
    models = [found.logits(name, found.richest) for name in ("teacher", "student")]
    name = found.student.classes[shown]
    shares = [np.maximum(_over_pixels(z[shown], valid, temperature), 1e-9) for z in models]
    node = _node(models[0][shown], valid)
    columns = (
        (f"soft: probability of\n{name} among the classes",
         [softened(z, temperature)[shown] for z in models]),
        (f"logits: the number\nfor {name}", [z[shown] for z in models]),
        (f"channel: share of {name}\namong the pixels, log₁₀", list(map(np.log10, shares))),
        ("pair: likeness (cosine)\nto the marked place",
         [_likeness(z, valid, node) for z in models]),
    )  # fmt: skip
    figure = new_figure(5.3)
    grid = figure.subplots(2, len(columns))
    for column, (title, maps) in zip(grid.T, columns, strict=True):
        hidden = valid if maps[0].shape == valid.shape else np.ones(maps[0].shape, bool)
        seen = np.concatenate([values[hidden] for values in maps])
        norm = Normalize(*np.percentile(seen, (1, 99)))
        for axes, values in zip(column, maps, strict=True):
            show_map(axes, np.where(hidden, values, np.nan), norm)
        column[0].set_title(title, loc="center")
        figure.colorbar(column[1].images[-1], ax=column[1], location="bottom", pad=0.03,
                        aspect=22, shrink=0.9)  # fmt: skip
    for axes, label in zip(grid[:, 0], ("teacher", "student"), strict=True):
        axes.set_ylabel(label)
    for axes in grid[:, -1]:
        axes.plot(node[1], node[0], "s", markersize=7, markerfacecolor="none",
                  markeredgecolor=VERMILLION, markeredgewidth=1.8)  # fmt: skip
    chip = class_handles([name], [found.student.palette[shown]], void=False)
    legend_below(figure, chip)
    return figure


def _over_pixels(values: np.ndarray, valid: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax of one class's map over its valid pixels, (h, w)."""
    flat = np.where(valid, values / temperature, -np.inf)
    powers = np.exp(flat - flat.max())
    shares: np.ndarray = powers / powers.sum()
    return shares


def _nodes(logits: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The logits as features on the grid of `pair`, (classes, grid, grid)."""
    features, counted = torch.from_numpy(logits)[None], torch.from_numpy(valid)[None]
    return pooled(features, counted)[0].numpy()


def _node(values: np.ndarray, valid: np.ndarray) -> tuple[int, int]:
    """The place on the grid at which one class's logit is highest."""
    grid = _nodes(values[None], valid)[0]
    row, column = np.unravel_index(int(grid.argmax()), grid.shape)
    return int(row), int(column)


def _likeness(logits: np.ndarray, valid: np.ndarray, node: tuple[int, int]) -> np.ndarray:
    """Cosine of each place on the grid to one of them, (grid, grid)."""
    nodes = _nodes(logits, valid)
    lengths = np.linalg.norm(nodes, axis=0)
    dots = np.einsum("c,chw->hw", nodes[:, node[0], node[1]], nodes)
    likeness: np.ndarray = dots / np.maximum(lengths * lengths[node], 1e-6)
    return likeness
