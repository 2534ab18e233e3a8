"""What a model says over two parameters, the others held at the best trial's values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from aerial_nni.reporting.search.axes import MARGIN, parameter_axis
from aerial_nni.reporting.search.marks import (
    COLOURS,
    best_place,
    cross_out,
    handles,
    scatter,
    spread,
)
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.style import INK, legend_below, new_figure, styled
from aerial_nni.tuners.acquisition import Acquisition

SIDE = 81
"""Points along each side of a surface."""
Values = Callable[[np.ndarray], np.ndarray]
"""Points (m, d) -> a value at each, (m,)."""


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One panel: what is drawn, and how."""

    title: str
    label: str
    values: Values
    colours: str = COLOURS
    decades: float | None = None
    """A logarithmic colour scale over this many powers of ten below the highest value."""
    peak: str = ""
    """What the highest point is called, empty where it is not marked."""
    marker: str = "P"


@styled
def plot_plane(search: Search, surfaces: Sequence[Surface]) -> Figure:
    """Panels beside each other over the two most important parameters, trials on top."""
    across, up = search.importance.order[:2]
    figure = new_figure(4.4)
    panels = figure.subplots(1, len(surfaces), squeeze=False)[0]
    peaks, failed = [], False
    for number, (axes, surface) in enumerate(zip(panels, surfaces, strict=True)):
        peaks.append(_draw(figure, axes, search, surface, (across, up)))
        failed = cross_out(axes, search, (across, up))
        scatter(axes, search, spread(search, across), spread(search, up))
        parameter_axis(axes, search.space.parameters[across])
        parameter_axis(axes, search.space.parameters[up], vertical=True)
        axes.grid(visible=False)
        axes.set_title(surface.title)
        if number:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
    entries: list[Artist] = [
        *handles(search, failed=failed),
        *(peak for peak in peaks if peak is not None),
    ]
    legend_below(figure, entries)
    return figure


def improvement_of(acquisition: Acquisition) -> Values:
    """The expected improvement in units of the mean IoU, given its logarithm."""
    return lambda points: np.exp(acquisition.values(points))


def plane(search: Search, pair: tuple[int, int]) -> np.ndarray:
    """Points of a grid over two coordinates, shape (SIDE * SIDE, d), through the best trial."""
    ticks = np.linspace(0, 1, SIDE)
    points = np.repeat(search.units[best_place(search)][None], SIDE * SIDE, axis=0)
    points[:, pair[0]] = np.tile(ticks, SIDE)
    points[:, pair[1]] = np.repeat(ticks, SIDE)
    return points


def _draw(
    figure: Figure, axes: Axes, search: Search, surface: Surface, pair: tuple[int, int]
) -> Line2D | None:
    """The coloured surface with its bar; returns the legend's entry of its highest point."""
    points = plane(search, pair)
    snapped = np.array([search.space.snap(point) for point in points])
    values = surface.values(snapped).reshape(SIDE, SIDE)
    low, high = _limits(values, surface.decades)
    norm = Normalize(low, high) if surface.decades is None else LogNorm(low, high)
    edges = np.linspace(-0.5, SIDE - 0.5, SIDE + 1) / (SIDE - 1)
    mesh: ScalarMappable = axes.pcolormesh(
        np.clip(edges, -MARGIN, 1 + MARGIN), np.clip(edges, -MARGIN, 1 + MARGIN),
        np.maximum(values, low), norm=norm, cmap=surface.colours, rasterized=True,
    )  # fmt: skip
    bar = figure.colorbar(mesh, ax=axes, location="top", aspect=38, pad=0.01, shrink=0.95)
    if surface.decades is not None:
        bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0e}"))
        bar.ax.xaxis.set_minor_formatter(NullFormatter())
    bar.ax.tick_params(labelsize=7)
    bar.set_label(surface.label, fontsize=8)
    if not surface.peak:
        return None
    place = int(values.argmax())
    across, up = snapped[place, pair[0]], snapped[place, pair[1]]
    return axes.plot(across, up, surface.marker, color="white", markersize=10, linestyle="",
                     markeredgecolor=INK, markeredgewidth=1.2, zorder=7,
                     label=surface.peak)[0]  # fmt: skip


def _limits(values: np.ndarray, decades: float | None) -> tuple[float, float]:
    """Lowest and highest value of a colour scale."""
    low, high = float(values.min()), float(values.max())
    if decades is not None:
        high = max(high, 1e-12)
        return high / 10**decades, high
    return low, max(high, low + 1e-6)
