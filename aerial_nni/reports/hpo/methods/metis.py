"""Method 6, Metis: its text, mean and uncertainty, and which trials explored or exploited."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from aerial_nni.reports.hpo.methods.gp import (
    GPChapter,
    fitted,
    foresight_part,
    on_pair,
    predicted,
)
from aerial_nni.reports.hpo.methods.metis_text import CHOICE, IDEA, LIMITS, MODEL
from aerial_nni.reports.hpo.methods.plane import Surface
from aerial_nni.reports.hpo.search import Search
from aerial_nni.reports.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILLION,
    legend_below,
    new_figure,
    styled,
)
from aerial_nni.reports.words import percent, some

BACKGROUND = 400
"""Random configurations among which a trial's prediction is ranked."""
EDGE = 0.9
"""From this rank on a trial counts as one of the best predicted, or of the least known."""


@dataclass(frozen=True, kw_only=True)
class Purposes:
    """Ranks of each guided trial when it was chosen, 0 to 1, each of shape (k,)."""

    numbers: np.ndarray
    mean: np.ndarray
    """Share of random configurations with a lower predicted score."""
    deviation: np.ndarray
    """Share of random configurations that were better known."""

    @property
    def exploited(self) -> np.ndarray:
        """Trials that were among the best predicted."""
        return self.mean >= EDGE

    @property
    def explored(self) -> np.ndarray:
        """Trials that were among the least known."""
        return self.deviation >= EDGE


def purposes(search: Search) -> Purposes:
    """Ranks by the models fitted to the trials before each guided one."""
    generator = np.random.default_rng(0)
    anywhere = generator.random((BACKGROUND, len(search.space.parameters)))
    points = np.array([search.space.snap(point) for point in anywhere])
    guided = [tried for tried in search.tried if tried.number > max(2, search.startup)]
    guided = [tried for tried in guided if search.inside(tried)]
    rows = []
    for tried in guided:
        model = fitted(search, *search.observed(before=tried.number))
        mean, deviation = predicted(model, points)
        own = predicted(model, search.space.encode(tried.config)[None])
        rows.append(
            (tried.number, float(np.mean(mean < own[0])), float(np.mean(deviation < own[1])))
        )
    numbers, means, deviations = np.array(rows).reshape(-1, 3).T
    return Purposes(numbers=numbers, mean=means, deviation=deviations)


@styled
def draw_purposes(search: Search, found: Purposes) -> Figure:
    """Every guided trial by how good and how unknown it was when it was chosen."""
    figure = new_figure(4.3, width=7.0)
    axes = figure.add_subplot()
    axes.add_patch(Rectangle((-0.03, EDGE), 1.06, 1.03 - EDGE, facecolor=BLUE, alpha=0.12))
    axes.add_patch(Rectangle((EDGE, -0.03), 1.03 - EDGE, 1.06, facecolor=GREEN, alpha=0.15))
    marks = axes.scatter(found.deviation, found.mean, c=found.numbers, cmap="magma_r", s=46,
                         edgecolors=INK, linewidths=0.6, zorder=3)  # fmt: skip
    for number, x, y in zip(found.numbers, found.deviation, found.mean, strict=True):
        if number == search.best.number:
            axes.plot(x, y, "*", color=VERMILLION, markersize=17, markeredgecolor="white",
                      zorder=4, linestyle="")  # fmt: skip
    if len(found.numbers):
        figure.colorbar(marks, ax=axes, pad=0.01, aspect=30).set_label("number of the trial")
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("share of random configurations that were better known")
    axes.set_ylabel("share of random configurations\nthat were predicted to be worse")
    axes.set_title("What each guided trial was for")
    legend_below(figure, [
        Patch(facecolor=BLUE, alpha=0.15, edgecolor=GREY, label="exploitation: best tenth"),
        Patch(facecolor=GREEN, alpha=0.18, edgecolor=GREY, label="exploration: least known tenth"),
        Line2D([], [], color=VERMILLION, marker="*", linestyle="", markersize=11,
               label="best trial"),
    ])  # fmt: skip
    return figure


class MetisChapter(GPChapter):
    """The tuner's own model, and what it was asked for."""

    @cached_property
    def purposes(self) -> Purposes:
        """What each guided trial was for."""
        return purposes(self.search)

    def draw(self) -> dict[str, Figure]:
        """Mean and uncertainty, what each trial was for, and predictions against outcomes."""
        figures = super().draw()
        del figures["method-slices"]
        return figures | {"method-purposes": draw_purposes(self.search, self.purposes)}

    def _surfaces(self) -> list[Surface]:
        return [
            Surface(
                title="What the model expects",
                label="predicted mean IoU",
                values=lambda points: predicted(self.model, points)[0],
                peak="best predicted here: exploitation",
            ),
            Surface(
                title="How little it knows",
                label="deviation of the prediction, mean IoU",
                values=lambda points: predicted(self.model, points)[1],
                colours="cividis",
                peak="least known here",
                marker="X",
            ),
        ]

    def explain(self, links: Mapping[str, str]) -> str:
        """The text, with how many trials explored and exploited."""
        surface = [
            "![Predicted mean IoU and its uncertainty over the two most important parameters, "
            f"with the trials]({links.get('method-surface')})",
            f"*Figure: the model fitted to all trials of this search, over {on_pair(self.search)}. "
            "Left the predicted mean IoU, right its uncertainty. The marks are the trials; their "
            "other parameters differ, so the colour under a mark is not its score.*",
        ]
        return "\n\n".join(
            [
                IDEA,
                MODEL,
                *(surface if "method-surface" in links else []),
                CHOICE,
                f"![Guided trials by predicted score and uncertainty]({links['method-purposes']})",
                "*Figure: each guided trial as the model saw it when it was chosen, fitted to the "
                f"trials before it and compared with {BACKGROUND} random configurations. At the "
                "top are trials that were predicted to be among the best tenth, at the right those "
                "of which least was known; a trial in the corner was both.*",
                f"### In this search\n\n{self._here()}",
                *foresight_part(self.foresight, links),
                LIMITS,
            ]
        )

    def _here(self) -> str:
        found = self.purposes
        count = max(1, len(found.numbers))
        both = int((found.exploited & found.explored).sum())
        exploited = int(found.exploited.sum()) - both
        explored = int(found.explored.sum()) - both
        rest = len(found.numbers) - exploited - explored - both
        return (
            f"Of {some(len(found.numbers), 'guided trial')} {exploited} "
            f"({percent(exploited / count)}) exploited: they were among the best tenth predicted. "
            f"{explored} explored: they were among the tenth least known. {both} did both, and "
            f"{rest} neither, such as those beside a doubtful trial. The record does not hold the "
            "purpose for which a trial was chosen; this is read from the model."
        )
