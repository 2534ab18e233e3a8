"""Scores of the runs of an experiment's phases, for `--json` and in lines for a person."""

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aerial_nni.config import run_folder
from aerial_nni.nni_backend.records import Record
from aerial_nni.recipes.engine.recipe import Conclusion
from aerial_nni.reporting.format import pluralize
from aerial_nni.tuners.trial import PHASE

Scores = dict[str, dict[str, list[float]]]
"""Whose -> name of a score -> its values, of the runs that reached the end."""


def compared(
    record: Record,
    folder: Path,
    names: Mapping[str, str],
    scores_of: Callable[[Mapping[str, Any]], Mapping[str, float]],
) -> Scores:
    """Scores of the phases in `names`, under the names there."""
    found: Scores = {}
    for trial in record.trials:
        phase = str(trial.parameters.get(PHASE, ""))
        if phase in names and trial.score is not None and trial.folder:
            metrics = run_folder.read_json(folder / trial.folder / run_folder.METRICS)
            for name, value in scores_of(metrics).items():
                found.setdefault(names[phase], {}).setdefault(name, []).append(value)
    return found


def over_seeds(found: Scores, shown: tuple[str, ...] = ()) -> Conclusion:
    """Means over seeds in a line each, of the scores that are `shown`, else of all."""
    lines = []
    for name, scores in found.items():
        means = [
            f"{score} {statistics.fmean(values):.4f}"
            for score, values in scores.items()
            if not shown or score in shown
        ]
        seeds = pluralize(max(map(len, scores.values())), "seed")
        lines.append(f"{name}: {', '.join(means)} ({seeds})")
    return {"compared": found}, "\n".join(lines)
