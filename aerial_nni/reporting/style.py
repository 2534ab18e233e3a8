"""How every figure looks: colours, sizes, the legend of the classes, and saving.

Figures are made with `matplotlib.figure.Figure` alone: there is no global figure and no window.
Lines are in colours that people with colour-blindness tell apart (Okabe & Ito 2008), and differ in
dashes or markers too. The dataset's own colours stand for classes and for nothing else.
"""

import functools
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from PIL import Image

from aerial_nni.config.run_folder import atomic
from aerial_nni.data.dataset import VOID
from aerial_nni.data.visualisation import coloured

WIDTH = 9.0
"""Inches of a figure as wide as the page."""
DPI = 120

BLUE, VERMILLION, GREEN, PINK, SKY, ORANGE = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00",
)  # fmt: skip
INK, GREY, PALE = "#1A1A1A", "#666666", "#E8E8E8"

TRAIN = {"color": BLUE, "linestyle": "-", "marker": "o"}
VALIDATION = {"color": VERMILLION, "linestyle": "-", "marker": "s"}
MEAN_IOU = {"color": INK, "linestyle": "-", "marker": "o"}
SOFT_JACCARD = {"color": PINK, "linestyle": "--", "marker": "^"}
PRECISION = {"color": BLUE, "linestyle": "-", "marker": "o"}
RECALL = {"color": ORANGE, "linestyle": "--", "marker": "s"}

# Any: later releases of matplotlib type the keys, earlier ones do not know the type.
_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
    "lines.markersize": 3.5,
    "hatch.linewidth": 0.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.parse_math": False,
}

_Drawing = TypeVar("_Drawing", bound=Callable[..., Any])


def styled(draw: _Drawing) -> _Drawing:
    """`draw` with the settings of this file in force while it runs, and no longer."""

    @functools.wraps(draw)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with mpl.rc_context(_RC):
            return draw(*args, **kwargs)

    return wrapper  # type: ignore[return-value]


def new_figure(height: float, *, width: float = WIDTH) -> Figure:
    """An empty figure of `width` by `height` inches that lays itself out."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


@styled
def save(figure: Figure, path: Path, *, photo: bool = False) -> Path:
    """Writes `figure` as PNG, atomically; with 256 colours unless it is a `photo`."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_rgba(buffer)
    width, height = figure.canvas.get_width_height()
    picture = Image.frombytes("RGBA", (width, height), buffer.getvalue()).convert("RGB")
    if not photo:
        picture = picture.quantize(256, dither=Image.Dither.NONE)
    with atomic(path) as temporary:
        picture.save(temporary, format="PNG", optimize=True)
    return path


def epoch_axis(axes: Axes, epochs: np.ndarray) -> None:
    """The x axis of a curve by epoch: whole numbers, room for a single epoch."""
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    margin = max(0.5, 0.02 * len(epochs))
    axes.set_xlim(epochs[0] - margin, epochs[-1] + margin)


def line(axes: Axes, x: np.ndarray, y: np.ndarray, label: str, look: dict[str, Any]) -> None:
    """One line; markers stand on at most some twenty points, so a single epoch is visible."""
    axes.plot(x, y, label=label, markevery=max(1, len(x) // 20), **look)


def unit(colour: tuple[int, int, int]) -> tuple[float, float, float]:
    """A colour of 0..255 as matplotlib's 0..1."""
    red, green, blue = colour
    return red / 255, green / 255, blue / 255


def void_pattern(height: int, width: int) -> np.ndarray:
    """White with grey diagonal stripes, shape (height, width, 3), uint8: how void is shown."""
    y, x = np.mgrid[:height, :width]
    period = max(6, min(height, width) // 20)
    stripe = (x + y) % period < max(1, period // 6)
    return np.where(stripe[..., None], 150, 255).astype(np.uint8).repeat(3, axis=2)


def colourise(index: np.ndarray, palette: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Class indices (h, w) as colours (h, w, 3), uint8, with void striped."""
    void = (index == VOID)[..., None]
    return np.where(void, void_pattern(*index.shape), coloured(index, palette))


def class_handles(
    classes: Sequence[str], palette: Sequence[tuple[int, int, int]], *, void: bool
) -> list[Artist]:
    """Legend entries of the classes in their colours, and of void as it is shown in pictures."""
    handles: list[Artist] = [
        Patch(facecolor=unit(colour), edgecolor=GREY, linewidth=0.5, label=name)
        for name, colour in zip(classes, palette, strict=True)
    ]
    if void:
        label = "void (not scored)"
        handles.append(Patch(facecolor="white", edgecolor=GREY, hatch="////", label=label))
    return handles


def legend_below(figure: Figure, handles: Sequence[Artist], *, columns: int = 8) -> None:
    """One legend for the whole figure, under it."""
    figure.legend(
        handles=list(handles),
        loc="outside lower center",
        ncols=min(columns, len(handles)),
        handlelength=1.4,
        handleheight=1.1,
        columnspacing=1.4,
    )


def class_title(axes: Axes, name: str, colour: tuple[int, int, int]) -> None:
    """Titles `axes` with a class: a chip of its colour and its name."""
    axes.set_title(f"     {name}")
    axes.add_patch(
        Rectangle(
            (0.0, 1.035),
            0.055,
            0.075,
            transform=axes.transAxes,
            facecolor=unit(colour),
            edgecolor=GREY,
            linewidth=0.5,
            clip_on=False,
        )
    )
