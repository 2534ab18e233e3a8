"""Parallel coordinates: each trial a line through the values it had, coloured by its score."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from aerial_nni.reporting.search.axes import ticks
from aerial_nni.reporting.search.marks import COLOURS, best_place, colours, focus, spread
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.style import GREY, INK, VERMILLION, legend_below, new_figure, styled


@styled
def plot_coordinates(search: Search) -> Figure:
    """One axis for each parameter, the most important one first, and the score at the right."""
    names = search.importance.first
    figure = new_figure(4.6)
    axes = figure.add_subplot()
    lines = _heights(search, names)
    norm = colours(search.scores)
    shades = mpl.colormaps[COLOURS](norm(search.scores))
    best = best_place(search)
    across = np.arange(len(names) + 1)
    for place in np.argsort(search.scores, kind="stable"):
        if place != best:
            axes.plot(across, lines[place], color=shades[place], linewidth=1.2, alpha=0.85)
    axes.plot(across, lines[best], color="white", linewidth=4.5)
    axes.plot(across, lines[best], color=VERMILLION, linewidth=2.4)
    by_name = {parameter.name: parameter for parameter in search.space.parameters}
    for place, name in enumerate(names):
        _axis(axes, place, ticks(by_name[name]))
    _axis(axes, len(names), _score_ticks(search))
    shown = [f"{name}\n(log)" if by_name[name].log else name for name in names]
    axes.set_xticks(across, [*shown, "mean IoU"])
    axes.tick_params(axis="x", length=0, pad=8)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xlim(-0.55, len(names) + 0.25)
    axes.set_ylim(-0.04, 1.04)
    bar = figure.colorbar(ScalarMappable(norm, COLOURS), ax=axes, pad=0.01, aspect=40)
    below = search.scores.min() < focus(search.scores)[0]
    bar.set_label("mean IoU; all below in the darkest colour" if below else "mean IoU")
    legend_below(figure, [
        Line2D([], [], color=VERMILLION, linewidth=2.4, label="best trial"),
        Line2D([], [], color=GREY, linewidth=1.2, label="another trial, coloured by its score"),
    ])  # fmt: skip
    return figure


def _heights(search: Search, names: list[str]) -> np.ndarray:
    """Where each trial crosses each axis, shape (n, d + 1), 0 to 1; categories are spread."""
    columns = [spread(search, search.space.names.index(name)) for name in names]
    low, high = focus(search.scores)
    columns.append(np.clip((search.scores - low) / (high - low), 0, 1))
    return np.stack(columns, axis=1)


def _score_ticks(search: Search) -> list[tuple[float, str]]:
    low, high = focus(search.scores)
    return [(share, f"{low + share * (high - low):.3f}") for share in np.linspace(0, 1, 6)]


def _axis(axes: Axes, place: int, marks: list[tuple[float, str]]) -> None:
    """A vertical axis with its values written to the left of it."""
    axes.plot([place, place], [0, 1], color=INK, linewidth=1.2, zorder=4)
    for height, text in marks:
        axes.plot([place - 0.03, place], [height, height], color=INK, linewidth=1, zorder=4)
        axes.text(place - 0.05, height, text.replace("-", "-\n", 1) if len(text) > 10 else text,
                  ha="right", va="center", fontsize=7, color=INK, zorder=5,
                  bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none",
                        "pad": 0.6})  # fmt: skip
