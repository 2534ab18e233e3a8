"""A search by a method, then final trials: its plan, its tuner, and what the record says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aerial_nni.config.options import TrialOptions
from aerial_nni.nni_backend.workload import granted_epochs
from aerial_nni.recipes.engine.recipe import Recipe
from aerial_nni.recipes.engine.seeds import final_seeds
from aerial_nni.tuners.methods import Method


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is searched, and what follows."""

    trials: int
    """Trials of the search."""
    seeds: Sequence[int]
    """Seeds of the final trials, of the best configuration and of the default each."""
    epochs: int
    """Epochs of a final trial."""
    concurrency: int = 1
    """Trials at once where nothing else is said."""
    reason: str = ""
    """Why the search space is reduced."""
    assessor: str = "none"
    """Who stops trials early."""


def plan_of(recipe: Recipe, data: str, *, seed: int) -> dict[str, Any]:
    """The fields of a plan where nothing else is said; no final trial has the search's `seed`."""
    values = recipe.planned(data)
    values["seeds"] = final_seeds(seed, values["seeds"])
    values["epochs"] = values.pop("final_epochs")
    return values


def searching(
    options: TrialOptions,
    method: Method,
    plan: Plan,
    *,
    space: Mapping[str, Any],
    finals: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tuner of a search and of its final trials, and what the record says of the method."""
    arguments = arguments_of(options, method, plan)
    tuner = {
        "class_name": "aerial_nni.tuners.search_then_retrain.PhasedTuner",
        "class_args": {
            "tuner": {"class_name": method.class_name, "class_args": arguments},
            "search": plan.trials,
            "finals": list(finals),
        },
    }
    startup = method.startup(space, arguments)
    return tuner, {
        "index": method.index,
        "name": method.name,
        "title": method.title,
        "class_name": method.class_name,
        "class_args": {**arguments, "startup": startup},
    }


def epochs_of_search(options: TrialOptions, method: Method, plan: Plan) -> float:
    """Epochs of a trial of the search in the mean."""
    if not method.multi_fidelity:
        return options.epochs
    return granted_epochs(options.epochs, plan.trials)


def arguments_of(options: TrialOptions, method: Method, plan: Plan) -> dict[str, Any]:
    """What the method's tuner is made with."""
    arguments: dict[str, Any] = {
        "optimize_mode": "maximize",
        "seed": options.seed,
        "trials": plan.trials,
    }
    if method.multi_fidelity:
        arguments["max_budget"] = options.epochs
    return arguments


def fixed_list(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The tuner that hands out these trials, one after the other, and searches nothing."""
    return {
        "class_name": "aerial_nni.tuners.fixed_list.ListedTuner",
        "class_args": {"points": list(points)},
    }
