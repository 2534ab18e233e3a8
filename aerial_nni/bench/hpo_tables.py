"""From the runs of `bench hpo` to its tables: regrets, ranks, milliseconds."""

import statistics
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import rankdata

from aerial_nni.bench.hpo_contestants import METHODS
from aerial_nni.bench.hpo_problems import Problem
from aerial_nni.bench.hpo_runs import Run
from aerial_nni.bench.table import Part

Row = tuple[str | float, ...]


class Regrets:
    """Simple regrets: the best loss after a full training less the least loss there is.

    Args:
        runs: of every method on every problem with every seed.
        problems: by their name in the runs; where none knows its optimum, the best loss of all
            runs stands for it.
    """

    def __init__(self, runs: Sequence[Run], problems: Mapping[str, Problem]) -> None:
        best = {(r.method, r.problem, r.seed): min(r.losses, default=np.inf) for r in runs}
        self.problems = list(problems)
        self._methods = list(dict.fromkeys(r.method for r in runs))
        self._seeds = sorted({r.seed for r in runs})
        self._values = {}
        for name, problem in problems.items():
            losses = np.array([[best[m, name, s] for s in self._seeds] for m in self._methods])
            least = losses.min() if problem.optimum is None else problem.optimum
            self._values[name] = np.maximum(losses - least, 0)  # (methods, seeds)

    def of(self, method: str, problem: str) -> np.ndarray:
        """Regrets of all seeds, shape (seeds,); infinite where nothing was trained fully."""
        curve: np.ndarray = self._values[problem][self._methods.index(method)]
        return curve

    def mean_ranks(self, methods: Sequence[str]) -> dict[str, float]:
        """Mean over problems and seeds of the rank among `methods`; 1 is the best."""
        places = [self._methods.index(method) for method in methods]
        ranks = [rankdata(values[places], axis=0) for values in self._values.values()]
        means = np.mean(np.stack(ranks), axis=(0, 2))  # (problems, methods, seeds) -> (methods,)
        return dict(zip(methods, means.tolist(), strict=True))


def quartiles(values: np.ndarray) -> str:
    """Median and, in brackets, both quartiles."""
    low, high = np.quantile(values, (0.25, 0.75), method="closest_observation")  # some may be inf
    middle = statistics.median(values.tolist())
    return f"{middle:.2g} ({low:.2g} to {high:.2g})"


def by_trials(runs: Sequence[Run], regrets: Regrets, methods: Sequence[str]) -> list[Row]:
    """Rows of the methods that train every configuration fully, with what a suggestion costs."""
    ranks = regrets.mean_ranks(methods)
    rows: list[Row] = []
    for method in methods:
        seconds = [run.seconds for run in runs if run.method == method]
        mean = statistics.fmean(statistics.fmean(each) for each in seconds)
        last = statistics.median(each[-1] for each in seconds)
        cells = [quartiles(regrets.of(method, problem)) for problem in regrets.problems]
        rows.append((METHODS[method].title, *cells, ranks[method], 1000 * mean, 1000 * last))
    return rows


def by_epochs(runs: Sequence[Run], regrets: Regrets, methods: Sequence[str]) -> Part:
    """Multi-fidelity methods beside those that spend all epochs on every configuration."""
    ranks = regrets.mean_ranks(methods)
    rows: list[Row] = []
    for method in methods:
        own = [run for run in runs if run.method == method]
        cells = [quartiles(regrets.of(method, problem)) for problem in regrets.problems]
        started = statistics.median(run.started for run in own)
        finished = statistics.median(len(run.losses) for run in own)
        rows.append((METHODS[method].title, *cells, ranks[method], started, finished))
    return Part(
        title="Equal epochs",
        columns=("Method", *regrets.problems, "Mean rank", "Configurations", "Trained fully"),
        rows=tuple(rows),
    )


def by_size(runs: Sequence[Run]) -> Part:
    """Milliseconds of a suggestion when many results are known."""
    known = {run.known for run in runs}.pop()
    rows = [
        (METHODS[r.method].title, 1000 * statistics.median(r.seconds), 1000 * max(r.seconds))
        for r in runs
    ]
    return Part(
        title=f"A suggestion with {known} results known",
        columns=("Method", "Median CPU ms", "Slowest"),
        rows=tuple(rows),
    )
