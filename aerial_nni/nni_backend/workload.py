"""Workload of an experiment: groups of trials that take about equally long.

    work = workload(options, space, searched=20, points=finals)

From it and the time of a step follows how long the experiment takes: see `estimate`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aerial_nni.config.options import TrialOptions
from aerial_nni.config.run_folder import as_json
from aerial_nni.tuners.brackets import Brackets
from aerial_nni.tuners.space import Space
from aerial_nni.tuners.trial import Trial

COSTLY = (
    *("model", "batch", "width", "depth", "space_to_depth", "loss"),
    *("nodes", "parts", "order"),
    *("kind", "layers"),
    *("backbone", "convolutions", "hidden", "samples", "trained", "auxiliary"),
)
"""Options on which the time of an epoch depends."""

DRAWN = 3
"""Configurations that stand for those that a search will choose, where they differ in time."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """So many trials of so many epochs. `changes` are options of some that stand for all."""

    trials: int
    epochs: float
    changes: Sequence[Mapping[str, Any]] = ({},)
    more_steps: int = 0
    """Steps that some trials take beside their epochs, all together."""


def workload(
    options: TrialOptions,
    space: Mapping[str, Any],
    *,
    searched: int,
    points: Sequence[Mapping[str, Any]],
    epochs: float = 0,
) -> tuple[Part, ...]:
    """The trials of a search around `options`, and those at the `points` that are trained beside.

    A point that says `_from` has the configuration that the search will find under it. `epochs`
    are those of a trial of the search, where they are not the options'.
    """
    drawn = drawn_from(space, seed=options.seed) if searched else [{}]
    parts = [Part(trials=searched, epochs=epochs or options.epochs, changes=drawn)]
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for point in points:
        groups.setdefault(as_json([_changes(point), "_from" in point]), []).append(point)
    for group in groups.values():
        found = drawn if "_from" in group[0] else [{}]
        parts.append(
            Part(
                trials=len(group),
                epochs=group[0].get("epochs", options.epochs),
                changes=[{**one, **_changes(group[0])} for one in found],
                more_steps=sum(point.get("find_lr", 0) for point in group),
            )
        )
    return tuple(part for part in parts if part.trials)


def drawn_from(space: Mapping[str, Any], *, seed: int) -> list[dict[str, Any]]:
    """What some configurations of the space say of options on which the time depends."""
    searched = {name: space[name] for name in COSTLY if name in space}
    if not searched:
        return [{}]
    generator = np.random.default_rng(seed)
    parsed = Space.parse(searched)
    return [parsed.sample(generator) for _ in range(DRAWN)]


def granted_epochs(full: int, trials: int) -> float:
    """Epochs of a trial of Hyperband or BOHB in the mean, those that it inherits left out."""
    brackets, epochs, number = Brackets(full, trials=trials), 0, 0
    while number < trials and (entry := brackets.next()):
        rungs = brackets.all[entry.bracket].rungs
        config = entry.config or {"number": number}
        entry.trial = Trial(config=config, unit=np.empty(0), loss=float(number))
        entry.config = config
        epochs += entry.budget - (rungs[entry.rung - 1].budget if entry.rung else 0)
        number += 1
    return epochs / number if number else full


def _changes(point: Mapping[str, Any]) -> dict[str, Any]:
    """What a point says of an epoch's time: not its seed, nor how many epochs there are."""
    left_out = ("seed", "epochs", "find_lr")
    return {key: point[key] for key in point if key[0] != "_" and key not in left_out}
