"""How trials look in every figure of the document: chosen by results or not, best, failed."""

from collections.abc import Iterable

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.search.search_trial import Tried
from aerial_nni.reporting.style import GREY, INK, VERMILLION

COLOURS = "viridis"
"""Scores as colours: even steps in lightness, readable by people with colour-blindness."""
JITTER = 0.35
"""How far trials of one value are spread, as a share of its room."""


def focus(scores: np.ndarray) -> tuple[float, float]:
    """Lowest and highest score of an axis on which differences among good trials can be seen.

    A few trials far below the others would press these together: what lies more than two and a
    half times as far below the best as the median does is left out.
    """
    best, middle = float(scores.max()), float(np.median(scores))
    low = max(float(scores.min()), best - 2.5 * (best - middle))
    if best - low < 1e-6:
        low = best - 0.01
    return low, best


def colours(scores: np.ndarray) -> Normalize:
    """Scores to the range of the colour map, those below the focus in its lowest colour."""
    low, high = focus(scores)
    return Normalize(low, high, clip=True)


def is_chosen(search: Search) -> np.ndarray:
    """Which of the scored trials results chose, shape (n,), bool."""
    return np.array([tried.chosen for tried in search.scored])


def name_of(trials: Iterable[Tried]) -> str:
    """What a legend calls such trials: `start-up or random trial`."""
    return f"{' or '.join(dict.fromkeys(tried.kind for tried in trials))} trial"


def best_place(search: Search) -> int:
    """Place of the best trial among the scored ones."""
    return search.scored.index(search.best)


def spread(search: Search, column: int) -> np.ndarray:
    """One coordinate of the scored trials, shape (n,); equal ones of few values lie apart."""
    levels = search.space.parameters[column].levels
    if levels is None:
        return search.units[:, column]
    shifts = np.random.default_rng(column).uniform(-0.5, 0.5, len(search.scored))
    moved = search.units[:, column] + shifts * JITTER * min(1.0, levels / 3) / levels
    mirrored: np.ndarray = 1 - np.abs(1 - np.abs(moved))  # mirrored at 0 and 1
    return mirrored


def scatter(axes: Axes, search: Search, x: np.ndarray, y: np.ndarray, *, size: float = 30) -> None:
    """The scored trials as marks on a coloured ground: discs where results chose, else rings."""
    chosen = is_chosen(search)
    axes.scatter(x[~chosen], y[~chosen], s=size, facecolors="none", edgecolors="white",
                 linewidths=2.6, zorder=4)  # fmt: skip
    axes.scatter(x[~chosen], y[~chosen], s=size, facecolors="none", edgecolors=INK,
                 linewidths=1.2, zorder=5)  # fmt: skip
    axes.scatter(x[chosen], y[chosen], s=size, color=INK, edgecolors="white", linewidths=0.8,
                 zorder=5)  # fmt: skip
    place = best_place(search)
    axes.scatter(x[place], y[place], s=6 * size, marker="*", color=VERMILLION, edgecolors="white",
                 linewidths=1.0, zorder=6)  # fmt: skip


def cross_out(axes: Axes, search: Search, columns: tuple[int, int]) -> bool:
    """Trials without a score as crosses over two coordinates; whether there are any."""
    units = search.failed_units
    axes.plot(units[:, columns[0]], units[:, columns[1]], "X", color=GREY, markersize=7,
              markeredgecolor="white", markeredgewidth=0.8, zorder=5)  # fmt: skip
    return len(units) > 0


def handles(search: Search, *, failed: bool = False) -> list[Artist]:
    """Legend entries of the marks that occur; `failed`: of trials without a score too."""
    entries: list[Artist] = []
    for chosen, face in ((False, "white"), (True, INK)):
        if group := [tried for tried in search.scored if tried.chosen is chosen]:
            entries.append(mark(name_of(group), "o", INK, face))
    entries.append(mark("best trial", "*", VERMILLION, size=11))
    if failed:
        entries.append(mark("no score", "X", GREY))
    return entries


def mark(label: str, marker: str, colour: str, face: str = "", *, size: float = 6) -> Line2D:
    """A legend entry of a mark without a line."""
    return Line2D([], [], linestyle="", marker=marker, color=colour, label=label, markersize=size,
                  markerfacecolor=face or colour)  # fmt: skip
