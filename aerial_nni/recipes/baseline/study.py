"""The baseline: one trial per seed, everything else equal."""

from collections.abc import Mapping, Sequence
from typing import Any

from aerial_nni.config.options import TrialOptions
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.workload import Part
from aerial_nni.recipes.engine.seeds import check_seeds


def baseline(options: TrialOptions, seeds: Sequence[int] = ()) -> Definition:
    """The experiment that trains with `options` once per seed; without seeds, with theirs."""
    seeds = list(seeds) or [options.seed]
    check_seeds(seeds)
    return Definition(
        kind="baseline",
        name=f"baseline on {options.data}",
        options=options,
        space={"seed": {"_type": "choice", "_value": seeds}},
        tuner=fixed_list([{"seed": seed} for seed in seeds]),
        trials=len(seeds),
        module="aerial_nni.trials.baseline",
        work=[Part(trials=len(seeds), epochs=options.epochs)],
    )


def fixed_list(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The tuner that hands out these trials, one after the other, and searches nothing."""
    return {
        "class_name": "aerial_nni.tuners.fixed_list.ListedTuner",
        "class_args": {"points": list(points)},
    }
