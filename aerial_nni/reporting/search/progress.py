"""How the search went: every score, the best so far, and what it had cost until then."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from aerial_nni.reporting.format import pluralize
from aerial_nni.reporting.search.marks import focus, mark, name_of
from aerial_nni.reporting.search.search import Search
from aerial_nni.reporting.search.search_trial import Tried
from aerial_nni.reporting.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    VERMILLION,
    legend_below,
    new_figure,
    styled,
)
from aerial_nni.tuners.trial import DEFAULT


@styled
def plot_progress(search: Search) -> Figure:
    """Scores and the best so far: left by trial, right by the epochs trained until then."""
    figure = new_figure(3.9)
    left, right = figure.subplots(1, 2, sharey=True)
    costs = np.cumsum([tried.epochs for tried in search.tried]).astype(float)
    numbers = np.array([float(tried.number) for tried in search.tried])
    low, high = _limits(search)
    for axes, places in ((left, numbers), (right, costs)):
        _draw_trials(axes, search, places, low=low)
        _draw_default(axes, search)
        axes.set_ylim(low, high)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    left.set_xlabel("trial")
    right.set_xlabel("epochs trained until then, all trials together")
    left.set_ylabel("mean IoU on the validation patches")
    left.set_title(f"By trial{_epochs(search)}")
    right.set_title("By cost")
    legend_below(figure, _handles(search, low=low), columns=4)
    return figure


def _limits(search: Search) -> tuple[float, float]:
    low, high = focus(search.scores)
    defaults = search.scores_of(DEFAULT)
    low, high = min([low, *defaults]), max([high, *defaults])
    room = 0.08 * (high - low) + 1e-3
    return low - 1.6 * room, high + room


def _epochs(search: Search) -> str:
    """How long the trials were, where all were alike."""
    lengths = {tried.length for tried in search.scored}
    return f" of {pluralize(lengths.pop(), 'epoch')}" if len(lengths) == 1 else ""


def best_so_far(tried: tuple[Tried, ...]) -> np.ndarray:
    """The highest score up to each trial, shape (n,); NaN before the first one."""
    scores = np.array([np.nan if trial.score is None else trial.score for trial in tried])
    return np.fmax.accumulate(scores)


def _draw_trials(axes: Axes, search: Search, places: np.ndarray, *, low: float) -> None:
    axes.step(places, best_so_far(search.tried), where="post", color=VERMILLION, linewidth=2)
    for place, tried in zip(places, search.tried, strict=True):
        face = BLUE if tried.chosen else "white"
        if tried.score is None:
            axes.plot(place, 0.03, "x", color=GREY, transform=axes.get_xaxis_transform())
        elif tried.score < low:
            axes.plot(place, 0.03, "v", color=BLUE, markerfacecolor=face,
                      transform=axes.get_xaxis_transform())  # fmt: skip
        elif tried.state == "EARLY_STOPPED":
            axes.plot(place, tried.score, "D", color=ORANGE, markersize=4.5)
        else:
            axes.plot(place, tried.score, "o", color=BLUE, markersize=5, markerfacecolor=face)
    if 0 < search.startup < len(places):
        border = (places[search.startup - 1] + places[search.startup]) / 2
        axes.axvspan(min(places[0], 0), border, color=PALE, alpha=0.6, linewidth=0, zorder=0)
    axes.set_xlim(min(0.0, places[0] - 0.5), places[-1] + 0.02 * (places[-1] - places[0]) + 0.5)


def _draw_default(axes: Axes, search: Search) -> None:
    """The default options as a line at the mean of their runs, with their range."""
    if scores := search.scores_of(DEFAULT):
        axes.axhline(float(np.mean(scores)), color=INK, linestyle="--", linewidth=1.3)
        axes.axhspan(min(scores), max(scores), color=INK, alpha=0.12, linewidth=0)


def _handles(search: Search, *, low: float) -> list[Line2D]:
    tried = search.tried
    handles = [Line2D([], [], color=VERMILLION, linewidth=2, label="best so far")]
    for chosen, face in ((False, "white"), (True, BLUE)):
        if group := [trial for trial in tried if trial.chosen is chosen]:
            handles.append(mark(name_of(group), "o", BLUE, face))
    if any(trial.state == "EARLY_STOPPED" and trial.score is not None for trial in tried):
        handles.append(mark("stopped early", "D", ORANGE))
    if any(trial.score is not None and trial.score < low for trial in tried):
        handles.append(mark("below the axis", "v", BLUE))
    if any(trial.score is None for trial in tried):
        handles.append(mark("no score", "x", GREY))
    if runs := search.retrained[DEFAULT]:
        label = f"default options, {pluralize(runs[0].metrics['epochs_run'], 'epoch')}"
        label += f", {len(runs)} seeds: mean and range" if len(runs) > 1 else ""
        handles.append(Line2D([], [], color=INK, linestyle="--", linewidth=1.3, label=label))
    return handles
