"""The baseline: one trial per seed, everything else equal."""

from collections.abc import Mapping, Sequence
from typing import Any

from aerial_nni.config.options import BadOption, TrialOptions
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.workload import Part


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


def check_seeds(seeds: Sequence[int]) -> None:
    """Raises `BadOption` unless these can be the seeds of so many trials that are else equal."""
    for seed in seeds:
        if seeds.count(seed) > 1:
            raise BadOption(f"the seed {seed} is given twice; the same trial twice tells nothing")
        if seed < 0:
            raise BadOption(f"seed={seed} is below 0; give 0 or more")


def check_final_seeds(seeds: Sequence[int], *, search: int) -> None:
    """Raises `BadOption` unless these can be the seeds of final trials after a search with one."""
    check_seeds(seeds)
    if search in seeds:
        raise BadOption(
            f"the seed {search} is the search's: the best trial was picked by its luck with it, "
            "and what it is compared with was not; give the final trials other seeds, or the "
            "search another --seed"
        )


def final_seeds(search: int) -> tuple[int, ...]:
    """Three seeds for final trials where none are given, none of them the search's."""
    return tuple(seed for seed in (1, 2, 3, 4) if seed != search)[:3]
