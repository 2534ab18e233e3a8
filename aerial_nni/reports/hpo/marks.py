"""How trials look in every figure of the document: drawn at random, guided, best, failed."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D

from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.style import GREY, INK, VERMILLION

COLOURS = "viridis"
"""Scores as colours: even steps in lightness, readable by people with colour-blindness."""

START, GUIDED, BEST = "start-up trial", "guided trial", "best trial"


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


def is_start(search: Search) -> np.ndarray:
    """Which of the scored trials were start-up trials, shape (n,), bool."""
    return np.array([tried.number <= search.startup for tried in search.scored])


def best_place(search: Search) -> int:
    """Place of the best trial among the scored ones; of the highest score if it is not there."""
    numbers = [tried.number for tried in search.scored]
    if search.best.number in numbers:
        return numbers.index(search.best.number)
    return int(search.scores.argmax())


def scatter(axes: Axes, search: Search, x: np.ndarray, y: np.ndarray, *, size: float = 30) -> None:
    """The scored trials as marks on a coloured ground: rings at start-up, discs when guided."""
    start = is_start(search)
    axes.scatter(x[start], y[start], s=size, facecolors="none", edgecolors="white", linewidths=2.6,
                 zorder=4)  # fmt: skip
    axes.scatter(x[start], y[start], s=size, facecolors="none", edgecolors=INK, linewidths=1.2,
                 zorder=5)  # fmt: skip
    axes.scatter(x[~start], y[~start], s=size, color=INK, edgecolors="white", linewidths=0.8,
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
    start = is_start(search)
    entries: list[Artist] = []
    if start.any():
        entries.append(_mark(START, marker="o", markerfacecolor="white", markeredgecolor=INK))
    if not start.all():
        entries.append(_mark(GUIDED, marker="o", color=INK))
    entries.append(_mark(BEST, marker="*", color=VERMILLION, markersize=11))
    if failed:
        entries.append(_mark("no score", marker="X", color=GREY))
    return entries


def _mark(label: str, **look: object) -> Line2D:
    return Line2D([], [], **{"linestyle": "", "markersize": 6, "label": label, **look})  # type: ignore[arg-type]
