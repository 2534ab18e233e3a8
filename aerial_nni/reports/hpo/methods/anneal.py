"""Method 2, simulated annealing: its text, and how the neighbourhood shrank."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from aerial_nni.reports.hpo.axes import parameter_axis
from aerial_nni.reports.hpo.marks import COLOURS, START, colours
from aerial_nni.reports.hpo.methods.anneal_text import CENTRE, IDEA, LIMITS, WIDTH
from aerial_nni.reports.hpo.methods.chapter import Chapter
from aerial_nni.reports.hpo.methods.replica import tuner_of
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.style import (
    BLUE,
    GREEN,
    INK,
    SKY,
    VERMILLION,
    legend_below,
    new_figure,
    styled,
)
from aerial_nni.reports.words import percent, some

ROWS = 3
"""Parameters whose values are drawn, the most important ones."""
CENTRES = 5
"""Trials that count as possible centres: the best ones so far."""


def width_after(search: Search, trials: int) -> float:
    """Width of the neighbourhood after so many trials, as a part of each parameter's range."""
    from aerial_nni.tuners.anneal import neighbourhood_width  # here, as it imports nni

    return neighbourhood_width(trials, shrink=tuner_of(search).shrink)


@styled
def draw_neighbourhood(search: Search) -> Figure:
    """Values of the most important parameters by trial, with the neighbourhood of the best one."""
    columns = search.importance.order[:ROWS]
    figure = new_figure(1.75 * len(columns) + 0.9)
    panels = figure.subplots(len(columns), 1, sharex=True, squeeze=False)[:, 0]
    for axes, column in zip(panels, columns, strict=True):
        _values(axes, search, column)
        parameter_axis(axes, search.space.parameters[column], vertical=True)
    panels[-1].set_xlabel("trial")
    panels[-1].xaxis.set_major_locator(MaxNLocator(12, integer=True))
    panels[0].set_title("Where each trial lay, and the neighbourhood of the best one before it")
    mappable = panels[0].collections[-1]
    bar = figure.colorbar(mappable, ax=list(panels), pad=0.01, aspect=40)
    bar.set_label("mean IoU")
    legend_below(figure, [
        Patch(facecolor=SKY, alpha=0.35, label="neighbourhood of the best trial so far"),
        Line2D([], [], color=INK, linewidth=1, label="best trial so far"),
        Line2D([], [], color=INK, marker="o", markerfacecolor="none", linestyle="", markersize=8,
               label=START),
        Line2D([], [], color=GREEN, marker="o", linestyle="", markersize=5,
               label="trial, coloured by its score"),
    ])  # fmt: skip
    return figure


def _values(axes: Axes, search: Search, column: int) -> None:
    """One parameter's values; discs are coloured by score, those of the start-up are rings."""
    parameter = search.space.parameters[column]
    numbers = np.array([tried.number for tried in search.scored])
    units = search.units[:, column]
    best = np.array([search.scores[: i + 1].argmax() for i in range(len(numbers))])
    edges = np.append(numbers + 0.5, numbers[-1] + 1.5)
    guided = numbers >= max(1, search.startup)
    if parameter.kind != "categorical":
        half = np.array([width_after(search, int(number)) / 2 for number in numbers])
        middle = np.clip(units[best], half, 1 - half)
        axes.fill_between(edges[:-1][guided], (middle - half)[guided], (middle + half)[guided],
                          step="post", color=SKY, alpha=0.35, linewidth=0)  # fmt: skip
    axes.step(edges[:-1], units[best], where="post", color=INK, linewidth=1)
    start = numbers <= search.startup
    axes.scatter(numbers[start], units[start], s=60, facecolors="none", edgecolors=INK, zorder=4)
    axes.scatter(numbers, units, s=26, c=search.scores, cmap=COLOURS, norm=colours(search.scores),
                 edgecolors="white", linewidths=0.6, zorder=5)  # fmt: skip


@styled
def draw_steps(search: Search) -> Figure:
    """How far each guided trial lay from the nearest middle, against half the width."""
    numbers, steps = step_lengths(search)
    figure = new_figure(3.0)
    axes = figure.add_subplot()
    trials = np.arange(1, len(search.tried) + 1)
    halves = [width_after(search, int(number) - 1) / 2 for number in trials]
    axes.plot(trials, halves, color=BLUE, label="half the width of the neighbourhood")
    axes.plot(numbers, steps, "o", color=VERMILLION, markersize=5, label="guided trial")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.set_xlabel("trial")
    axes.set_ylabel("distance, share of the range")
    axes.set_title(f"Distance from the nearest of the {CENTRES} best trials before it")
    axes.legend(loc="upper right")
    return figure


def step_lengths(search: Search) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the guided trials and their distances from a centre, each of shape (k,).

    The distance is the largest difference of one number; categories do not count.
    """
    counted = np.array([p.kind == "float" and not p.step for p in search.space.parameters])
    numbers, steps = [], []
    for place, tried in enumerate(search.scored):
        if tried.number <= search.startup or place == 0 or not counted.any():
            continue
        best = np.argsort(-search.scores[:place], kind="stable")[:CENTRES]
        half = width_after(search, tried.number - 1) / 2
        middles = np.clip(search.units[best][:, counted], half, 1 - half)
        apart = np.abs(middles - search.units[place][counted])
        numbers.append(tried.number)
        steps.append(float(apart.max(axis=1).min()))
    return np.array(numbers), np.array(steps)


def _here(search: Search) -> str:
    """What the steps of this search came to."""
    guided = [tried for tried in search.scored if tried.number > search.startup]
    best, records = -1.0, []
    for tried in search.scored:
        if tried.score is not None and tried.score > best:
            best = tried.score
            records.append(tried.number)
    later = [number for number in records if number > search.startup]
    last = f"{percent(width_after(search, len(search.tried)))} of each range"
    text = (
        f"### In this search\n\n{some(len(guided), 'guided trial')} followed the start-up; "
        f"{len(later)} of them raised the best score"
    )
    text += f" (trials {', '.join(map(str, later))})" if later else ""
    if later:
        width = percent(width_after(search, later[-1] - 1))
        text += f". When the last of these came, the neighbourhood was {width} of each range wide"
    return f"{text}. At the end it is {last}."


class AnnealChapter(Chapter):
    """The trials inside their shrinking neighbourhood."""

    def draw(self) -> dict[str, Figure]:
        """The values of every trial inside the neighbourhood, and the length of the steps."""
        return {
            "method-neighbourhood": draw_neighbourhood(self.search),
            "method-steps": draw_steps(self.search),
        }

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with how far the neighbourhood shrank."""
        tuner = tuner_of(self.search)
        share = 1 / tuner.average_rank
        centre = (
            CENTRE.replace("{rank}", f"{tuner.average_rank:g}")
            .replace("{share}", percent(share))
            .replace("{second}", percent(share * (1 - share)))
        )
        width = WIDTH.replace("{shrink}", f"{tuner.shrink:g}")
        for trials in (10, 30, 100):
            after = percent(width_after(self.search, trials))
            width = width.replace(f"{{after{trials}}}", after)
        return "\n\n".join([IDEA, centre, width, *self._figures(links), _here(self.search), LIMITS])

    def _figures(self, links: Mapping[str, str]) -> list[str]:
        return [
            "![Values of the most important parameters by trial, inside the neighbourhood of the "
            f"best trial so far]({links['method-neighbourhood']})",
            "*Figure: the values of every trial of this search, coloured by score. The band is "
            "the neighbourhood around the best trial until then; a trial outside it had another "
            "good trial as its centre. Categories have no band.*",
            "![Length of the steps against the width of the neighbourhood]"
            f"({links['method-steps']})",
            "*Figure: the largest difference, over all parameters without steps, from the middle "
            f"of the nearest neighbourhood among those of the {CENTRES} best trials before it. Up "
            "to the line a trial lies inside; above it, its centre was a trial of a lower rank.*",
        ]
