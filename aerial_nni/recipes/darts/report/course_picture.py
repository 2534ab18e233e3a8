"""How the search went: scores of what it derives, losses, how decided it is, and how large."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from aerial_nni.recipes.darts.report.alpha_pictures import warm_up
from aerial_nni.recipes.darts.report.reading import Discovery
from aerial_nni.reporting.group_comparison import longest
from aerial_nni.reporting.style import (
    GREY,
    INK,
    MEAN_IOU,
    ORANGE,
    TRAIN,
    VALIDATION,
    epoch_axis,
    line,
    new_figure,
    styled,
)

ENTROPY = {"color": INK, "linestyle": "-", "marker": "o"}
SKIPS = {"color": ORANGE, "linestyle": "--", "marker": "s"}


@styled
def draw_course(found: Discovery) -> Figure:
    """Four panels by epoch; the reported trial in front, the other search trials thin behind it."""
    figure = new_figure(5.4)
    (scores, losses), (decided, size) = figure.subplots(2, 2)
    limit = found.main.searched.options.get("max_skips")
    _lines(scores, found, [("mean_iou", "derived network", MEAN_IOU)])
    scores.set_title("Mean IoU of what is derived")
    scores.set_ylabel("mean IoU")
    _lines(losses, found, [("train_loss", "supernet, training", TRAIN),
                           ("val_loss", "derived network, validation", VALIDATION)])  # fmt: skip
    losses.set_title("Losses")
    losses.set_ylabel(f"loss ({found.main.searched.options['loss']}), no unit")
    _lines(decided, found, [("entropy", "entropy of alpha", ENTROPY),
                            ("skip_share", "share of skips", SKIPS)])  # fmt: skip
    if limit is not None and limit < 1:
        decided.axhline(limit, color=ORANGE, linestyle=":", linewidth=1.2,
                        label="share of skips that ends a search")  # fmt: skip
    decided.set_ylim(-0.03, 1.05)
    decided.set_title("How decided: 1 an even choice, 0 decided")
    decided.set_ylabel("0 to 1")
    _lines(size, found, [("expected_parameters", "expected parameters", MEAN_IOU)])
    if target := found.main.searched.options.get("target_params"):
        size.axhline(target, color=GREY, linestyle=":", linewidth=1.2, label="--target-params")
    size.set_title("Size, each operation by its weight")
    size.set_ylabel("parameters")
    size.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    for axes in (scores, losses, decided, size):
        warm_up(axes, found)
        axes.legend(loc="best")
    return figure


def _lines(axes: Axes, found: Discovery, columns: list[tuple[str, str, dict[str, Any]]]) -> None:
    trials = [tried.complete for tried in found.search.scored if tried.complete is not None]
    for trial in trials:
        for column, _, look in columns:
            if trial.folder != found.main.searched.folder:
                axes.plot(trial.history["epoch"], trial.history[column], color=look["color"],
                          linewidth=0.7, alpha=0.45, zorder=1)  # fmt: skip
    history = found.main.searched.history
    for column, label, look in columns:
        line(axes, history["epoch"], history[column], label, look)
    epoch_axis(axes, longest([*trials, found.main.searched]))
