"""The baseline: one trial per seed, everything else equal."""

from collections.abc import Sequence

from aerial_nni.config.options import TrialOptions
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.workload import Part
from aerial_nni.recipes.engine.search import fixed_list
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
