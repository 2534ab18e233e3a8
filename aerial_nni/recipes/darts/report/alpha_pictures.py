"""Alpha, the weights of the operations: by epoch, at the end, and in one mixed operation."""

import math
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from aerial_nni.models.genotype import places
from aerial_nni.models.operations import EDGES, NONE
from aerial_nni.recipes.darts.report.reading import Discovery
from aerial_nni.recipes.darts.report.shape_picture import colour_of
from aerial_nni.reporting.style import (
    GREY,
    INK,
    PALE,
    VERMILLION,
    epoch_axis,
    legend_below,
    new_figure,
    styled,
)

PANELS = 6
"""Places whose weights are shown by epoch."""


def edges(found: Discovery) -> list[str]:
    """The places of edges, in the order of the network."""
    genotype = found.main.genotype
    return [label for label, table in places(genotype.depth, genotype.nodes) if table is EDGES]


def shown_place(found: Discovery) -> str:
    """The edge that serves as the example: the most decided one."""
    return found.decided(edges(found))[0]


def in_words(place: str) -> str:
    """A place as a title: `encoder 1, 0 → 2`."""
    block, *ends = place.split("_")
    name = f"{block[:-1]} {block[-1]}"
    return f"{name}, {'in' if ends[1] == '0' else ends[1]} → {ends[0]}" if ends else name


def _dashes(name: str) -> Literal["-", "--", ":"]:
    return ":" if name == NONE else "--" if name.endswith("5") else "-"


@styled
def draw_mixed(found: Discovery) -> Figure:
    """One mixed operation: left what is added up, right how much of each, at the end."""
    shares = found.final(shown_place(found))
    names = list(shares)
    chosen = found.main.genotype.choices()[shown_place(found)]
    figure = new_figure(3.2)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1), sharey=True)
    rows, middle = np.arange(len(names)), (len(names) - 1) / 2
    left.set_axis_off()
    for row, name in zip(rows, names, strict=True):
        width = 0.6 + 9 * shares[name]
        left.plot([0.0, 1.0, 2.0, 3.0], [middle, row, row, middle], color=colour_of(name),
                  linewidth=width, alpha=0.75, zorder=1)  # fmt: skip
        left.text(1.5, row, name, ha="center", va="center", fontsize=8.5,
                  fontweight="bold" if name == chosen else "normal",
                  bbox={"facecolor": "white", "edgecolor": colour_of(name),
                        "boxstyle": "round,pad=0.25"})  # fmt: skip
    for x, text in ((0.0, "x"), (3.0, "+")):
        left.plot(x, middle, "o", markersize=17, color="white", markeredgecolor=INK, zorder=3)
        left.text(x, middle, text, ha="center", va="center", zorder=4)
    left.set_xlim(-0.2, 3.2)
    left.set_ylim(len(names) - 0.4, -0.6)
    left.set_title(f"{in_words(shown_place(found))}: all run, and are added up")
    right.barh(rows, [shares[name] for name in names], height=0.6,
               color=[colour_of(name) for name in names])  # fmt: skip
    right.axvline(1 / len(names), color=GREY, linestyle=":", linewidth=1.2)
    for row, name in zip(rows, names, strict=True):
        right.text(1.03 * max(shares.values()), row, f"{shares[name]:.4f}", va="center", fontsize=8,
                   fontweight="bold" if name == chosen else "normal")  # fmt: skip
    right.set_yticks(rows, names)
    right.tick_params(labelleft=True)
    right.set_xlim(0, 1.2 * max(shares.values()))
    right.grid(visible=False, axis="y")
    right.set_xlabel(f"weight after epoch {found.main.epoch}; dotted: an even choice")
    return figure


@styled
def draw_alpha(found: Discovery) -> Figure:
    """The weights of the most decided edges by epoch, a panel each, in one scale."""
    chosen = found.main.genotype.choices()
    shown = found.decided(edges(found))[:PANELS]
    columns = min(3, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = new_figure(2.1 * rows + 0.6)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    epochs = found.main.searched.history["epoch"]
    for number, axes in enumerate(grid.flat):
        if number >= len(shown):
            axes.set_axis_off()
            continue
        place = shown[number]
        for name, values in found.alphas[place].items():
            axes.plot(epochs, values, color=colour_of(name), linestyle=_dashes(name),
                      linewidth=2.4 if name == chosen[place] else 1.0)  # fmt: skip
        epoch_axis(axes, epochs)
        warm_up(axes, found)
        axes.set_title(f"{in_words(place)}: {chosen[place]}")
        axes.set_xlabel("epoch" if number + columns >= len(shown) else "")
    for row in grid:
        row[0].set_ylabel("weight")
    legend_below(figure, [Line2D([], [], color=colour_of(name), linestyle=_dashes(name), label=name)
                          for name in EDGES], columns=9)  # fmt: skip
    return figure


def warm_up(axes: Axes, found: Discovery) -> None:
    """A pale ground under the epochs in which the architecture rests."""
    if epochs := found.main.searched.options.get("warmup", 0):
        axes.axvspan(0, epochs + 0.5, color=PALE, alpha=0.6, linewidth=0, zorder=0)


@styled
def draw_final(found: Discovery) -> Figure:
    """The weight of every operation in every place at the end, the chosen ones marked."""
    genotype = found.main.genotype
    tables: dict[tuple[str, ...], list[str]] = {}
    for label, table in places(genotype.depth, genotype.nodes):
        tables.setdefault(tuple(table), []).append(label)
    (edge_names, edge_labels), *ways = tables.items()
    figure = new_figure(0.21 * max(len(edge_labels), 8) + 1.3)
    grid = figure.add_gridspec(len(ways), 2, width_ratios=(2, 1))
    # A scale of its own for each table: an even choice is 1/9 here and 1/2 there.
    left = figure.add_subplot(grid[:, 0])
    left.set_title("Edges")
    _map(left, found, edge_names, edge_labels)
    for row, (names, labels) in enumerate(ways):
        axes = figure.add_subplot(grid[row, 1])
        if row == 0:
            axes.set_title("Between blocks")
        _map(axes, found, names, labels)
    return figure


def _map(axes: Axes, found: Discovery, names: tuple[str, ...], labels: list[str]) -> None:
    shares = np.array([[found.final(label)[name] for name in names] for label in labels])
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=max(shares.max(), 1.5 / len(names)),
                aspect="auto", interpolation="nearest")  # fmt: skip
    chosen = found.main.genotype.choices()
    middle = 0.6 * max(shares.max(), 1.5 / len(names))
    for row, label in enumerate(labels):
        for column, value in enumerate(shares[row]):
            axes.text(column, row, f"{value:.3f}".lstrip("0"), ha="center", va="center",
                      fontsize=6.5, color="white" if value > middle else INK)  # fmt: skip
        if chosen[label] in names and chosen[label] != NONE:
            place = names.index(chosen[label])
            axes.plot([place - 0.48, place + 0.48, place + 0.48, place - 0.48, place - 0.48],
                      [row - 0.45, row - 0.45, row + 0.45, row + 0.45, row - 0.45],
                      color=VERMILLION, linewidth=1.4)  # fmt: skip
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(labels)), [in_words(label) for label in labels])
    axes.tick_params(length=0, labelsize=7)
    axes.grid(visible=False)
