"""A study as an experiment: what is compared first, a search, and final trials of what it found.

Each arm is trained from the same seeds with everything else fixed. Arms before the search are
compared with each other and the search goes on with the best of them; those after it have the
configuration that it found, or the options as they are.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aerial_nni.config.options import TrialOptions
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.workload import workload
from aerial_nni.recipes.engine.recipe import Recipe
from aerial_nni.recipes.engine.search import (
    Plan,
    epochs_of_search,
    fixed_list,
    searching,
)
from aerial_nni.recipes.engine.search_space import is_own, without_given
from aerial_nni.recipes.engine.seeds import check_final_seeds, check_seeds
from aerial_nni.tuners.methods import Method
from aerial_nni.tuners.trial import PHASE


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Trials that differ in their seeds alone."""

    name: str
    """The phase of its trials."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What is its own."""
    found: bool = False
    """Whether it has the configuration that the search found beneath them."""
    first: Mapping[str, Any] = field(default_factory=dict)
    """What the trial of the first seed has besides; 0 in the others."""

    def points(self, seeds: Sequence[int], epochs: int) -> list[dict[str, Any]]:
        """Its trials' parameters."""
        start = {"_from": "best"} if self.found else {}
        return [
            {
                **start,
                PHASE: self.name,
                "epochs": epochs,
                **self.options,
                **(self.first if seed == seeds[0] else dict.fromkeys(self.first, 0)),
                "seed": seed,
            }
            for seed in seeds
        ]


def points_of(arms: Iterable[Arm], plan: Plan) -> list[dict[str, Any]]:
    """The trials of all arms, one arm after the other."""
    return [point for arm in arms for point in arm.points(plan.seeds, plan.epochs)]


def define(
    recipe: Recipe,
    options: TrialOptions,
    method: Method,
    plan: Plan,
    *,
    name: str,
    usual_space: Path,
    open_space: Callable[[Path], Mapping[str, Any]],
    facts: Mapping[str, Any],
    before: Sequence[Arm] = (),
    after: Sequence[Arm] = (),
    space_file: Path | None = None,
    given: Collection[str] = (),
    assessor: Mapping[str, Any] | None = None,
) -> Definition:
    """The experiment that compares the arms `before`, searches, and trains those `after`.

    Options that are `given` stay as they are, whatever the search space says of them. Without
    trials of a search (`plan.trials` 0) all arms are trained with the options as they are. `facts`
    are what the record says besides of how configurations are chosen.

    Raises:
        BadSpace: the search space cannot be used, or not by this method.
        BadOption: the final trials cannot have these seeds, or nothing is left to search.
    """
    grid, finals = points_of(before, plan), points_of(after, plan)
    fixed: dict[str, Any] = {}
    if plan.trials:
        check_final_seeds(plan.seeds, search=options.seed)
        space, fixed = without_given(open_space(space_file or usual_space), options, given)
        tuner, how = searching(options, method, plan, space=space, finals=finals)
        if grid:
            tuner["class_name"] = "aerial_nni.tuners.ablation_then_search.GridFirstTuner"
            alike = {"seed": None, "epochs": None} | {
                key: None for arm in before for key in arm.first
            }
            tuner["class_args"] |= {"grid": grid, "alike": list(alike)}
    else:
        check_seeds(plan.seeds)
        space = {"seed": {"_type": "choice", "_value": list(plan.seeds)}}
        finals = [{key: point[key] for key in point if key != "_from"} for point in finals]
        tuner, how = fixed_list([*grid, *finals]), {"name": "none", "title": "No search"}
    return Definition(
        kind=recipe.kind,
        name=name,
        options=options,
        space=space,
        tuner=tuner,
        assessor=assessor,
        space_file=(space_file or usual_space) if plan.trials else None,
        concurrency=plan.concurrency,
        trials=len(grid) + plan.trials + len(finals),
        module=recipe.trial,
        work=workload(
            options,
            space,
            searched=plan.trials,
            points=[*grid, *finals],
            epochs=epochs_of_search(options, method, plan),
        ),
        method={
            **how,
            "search_trials": plan.trials,
            "own_space": is_own(space_file, usual_space),
            "seeds": list(plan.seeds),
            "final_epochs": plan.epochs,
            "given": fixed,
            **facts,
        },
    )
