"""The baseline: one trial per seed, everything else equal."""

from collections.abc import Sequence

from aerial_nni.experiments.definition import Definition
from aerial_nni.options import BadOption, TrialOptions


def baseline(options: TrialOptions, seeds: Sequence[int] = ()) -> Definition:
    """The experiment that trains with `options` once per seed; without seeds, with theirs."""
    seeds = list(seeds) or [options.seed]
    check_seeds(seeds)
    return Definition(
        kind="baseline",
        name=f"baseline on {options.data}",
        options=options,
        space={"seed": {"_type": "choice", "_value": seeds}},
        tuner={
            "class_name": "aerial_nni.tuners.listed.ListedTuner",
            "class_args": {"points": [{"seed": seed} for seed in seeds]},
        },
        trials=len(seeds),
        module="aerial_nni.trials.baseline",
    )


def check_seeds(seeds: Sequence[int]) -> None:
    """Raises `BadOption` unless these can be the seeds of so many trials that are else equal."""
    for seed in seeds:
        if seeds.count(seed) > 1:
            raise BadOption(f"the seed {seed} is given twice; the same trial twice tells nothing")
        if seed < 0:
            raise BadOption(f"seed={seed} is below 0; give 0 or more")
