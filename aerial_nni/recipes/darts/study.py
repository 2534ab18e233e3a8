"""Architecture search: search trials, then the derived networks beside random and hand-made ones.

Is what was found better than chance? All final trials are trained alike, over the same seeds.
"""

import dataclasses
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.config.options import BadOption, TrialOptions, flag, option_value
from aerial_nni.models.genotype import random_genotype, space_size
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.workload import Part, workload
from aerial_nni.recipes.darts.options import SearchOptions
from aerial_nni.recipes.darts.recipe import DARTS
from aerial_nni.recipes.engine import search
from aerial_nni.recipes.engine.search import Plan as SearchPlan
from aerial_nni.recipes.engine.search import arguments_of
from aerial_nni.recipes.engine.search_space import (
    FOLDER,
    NOT_SEARCHED,
    is_own,
    load_space,
    without_given,
)
from aerial_nni.recipes.engine.seeds import check_final_seeds
from aerial_nni.tuners.methods import choose_method

SPACE = FOLDER / "darts.yaml"

TRAINED_ALIKE = ("optimizer", "lr", "weight_decay", "schedule")
"""Options that final trials take from the defaults of a trial: the search's fit a supernet."""

IN_COMMON = ("width", "depth", "nodes", "space_to_depth", "upsampling")
"""Options that say how large a network of the experiment is."""

REFUSED = NOT_SEARCHED | {
    name: "networks of different shapes cannot be compared: leave it out and give "
    f"{flag(name, 0)[0]}"
    for name in IN_COMMON
}
"""As `NOT_SEARCHED`, for the search of an architecture."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is searched, and what follows."""

    trials: int
    """Search trials."""
    seeds: Sequence[int]
    """Of the final trials of each derived network and of the hand-made U-Net."""
    randoms: int
    """Random architectures."""
    random_seeds: int = 1
    """From how many of the seeds each of them is trained."""
    epochs: int
    """Of a final trial."""
    concurrency: int = 1
    reason: str = ""
    """Why the search was made smaller than the defaults."""


def plan_of(data: str, *, seed: int) -> Plan:
    """What is planned where nothing else is said: see `DARTS`."""
    return Plan(**search.plan_of(DARTS, data, seed=seed))


def search_seeds(first: int, plan: Plan) -> list[int]:
    """A seed for each search trial, from `first` on, none of them that of a final trial."""
    free = (seed for seed in itertools.count(first) if seed not in plan.seeds)
    return list(itertools.islice(free, plan.trials))


def darts(
    options: SearchOptions,
    plan: Plan,
    *,
    space_file: Path | None = None,
    given: Collection[str] = (),
) -> Definition:
    """The experiment that searches around `options` and trains what it finds beside controls.

    Options that are `given` stay as they are, whatever the search space says of them.

    Raises:
        BadSpace: the search space cannot be used.
        BadOption: the options or the seeds cannot be used.
    """
    check_final_seeds(plan.seeds, search=options.seed)
    if plan.random_seeds > len(plan.seeds):
        raise BadOption(
            f"random_seeds={plan.random_seeds}, but there are {len(plan.seeds)} seeds; give "
            f"--random-seeds {len(plan.seeds)}, or more --seeds"
        )
    if options.model != "unet":
        raise BadOption(
            "the architecture is what is searched here; to train one: "
            "python -m aerial_nni.run baseline --model derived --genotype genotype.json"
        )
    options = dataclasses.replace(options, search=True)
    space = load_space(space_file or SPACE, options, refused=REFUSED)
    space, fixed = without_given(space, options, given, empty=True)
    seeds = search_seeds(options.seed, plan)
    if not space:
        space = {"seed": {"_type": "choice", "_value": seeds}}
    method = choose_method(name="gp")
    guide = SearchPlan(trials=plan.trials, seeds=plan.seeds, epochs=options.epochs)
    arguments = arguments_of(options, method, guide)
    usual = TrialOptions()
    training = {name: getattr(usual, name) for name in TRAINED_ALIKE}
    network = {name: option_value(options, name) for name in IN_COMMON}
    depth = network["depth"]
    finals = (plan.trials + 1) * len(plan.seeds) + plan.randoms * plan.random_seeds
    return Definition(
        kind="darts",
        name=f"architecture search on {options.data}",
        options=options,
        space=space,
        tuner={
            "class_name": "aerial_nni.recipes.darts.search_tuner.ArchitectureTuner",
            "class_args": {
                "tuner": {"class_name": method.class_name, "class_args": arguments},
                "search": plan.trials,
                "search_seeds": seeds,
                "seeds": list(plan.seeds),
                "randoms": plan.randoms,
                "random_seeds": plan.random_seeds,
                "training": {**training, "epochs": plan.epochs, "search": False},
                "network": network,
                "seed": options.seed,
            },
        },
        space_file=space_file or SPACE,
        concurrency=plan.concurrency,
        trials=plan.trials + finals,
        module="aerial_nni.trials.darts",
        work=work_of(options, plan, space, training={**training, "epochs": plan.epochs}),
        method={
            "name": method.name,
            "title": "DARTS",
            "class_name": method.class_name,
            "class_args": arguments,
            "search_trials": plan.trials,
            "own_space": is_own(space_file, SPACE),
            "search_seeds": seeds,
            "seeds": list(plan.seeds),
            "randoms": plan.randoms,
            "random_seeds": plan.random_seeds,
            "final_epochs": plan.epochs,
            "given": fixed,
            "architectures": str(space_size(depth, options.nodes)),
            "reason": plan.reason,
        },
    )


def work_of(
    options: SearchOptions, plan: Plan, space: Mapping[str, Any], *, training: Mapping[str, Any]
) -> tuple[Part, ...]:
    """What is trained: a drawn architecture stands for all that are found or drawn later."""
    depth = option_value(options, "depth")
    generator = np.random.default_rng(plan.seeds[0])
    drawn = random_genotype(generator, depth=depth, nodes=options.nodes)
    derived = {**training, "search": False, "model": "derived", "genotype": drawn.text()}
    plain = {**training, "search": False, "model": "unet"}
    networks = plan.trials * len(plan.seeds) + plan.randoms * plan.random_seeds
    points = [derived] * networks + [plain] * len(plan.seeds)
    return workload(options, space, searched=plan.trials, points=points)
