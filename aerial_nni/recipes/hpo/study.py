"""Hyper-parameter optimisation: a search by one method, then its best beside the default.

The final trials are longer and over several seeds: what a search found is a better configuration
only if it wins there too, at equal cost.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aerial_nni.config.errors import UserError
from aerial_nni.config.options import TrialOptions
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.recipes.engine import search
from aerial_nni.recipes.engine.search import Plan
from aerial_nni.recipes.engine.search_space import (
    FOLDER,
    NOT_SEARCHED,
    load_space,
    missing_from,
)
from aerial_nni.recipes.engine.study import Arm, define
from aerial_nni.recipes.hpo.recipe import HPO
from aerial_nni.tuners.methods import Method
from aerial_nni.tuners.trial import BEST, DEFAULT

FULL = FOLDER / "hpo.yaml"
"""The search space that a reduced one is measured against."""

ASSESSORS = ("none", "median-stop", "curve-fitting")


class ReasonMissing(UserError, ValueError):
    """A reduced search space was given without saying why."""


REFUSED = {name: why for name, why in NOT_SEARCHED.items() if name != "model"}
"""As `NOT_SEARCHED`; families of networks can be compared."""


def plan_of(data: str, *, seed: int) -> Plan:
    """What is planned where nothing else is said: see `HPO`."""
    return Plan(**search.plan_of(HPO, data, seed=seed))


def hpo(
    options: TrialOptions,
    method: Method,
    plan: Plan,
    *,
    space_file: Path | None = None,
    given: Collection[str] = (),
) -> Definition:
    """The experiment that searches around `options` with `method` and retrains the best.

    Options that are `given` stay as they are, whatever the search space says of them.

    Raises:
        BadSpace: the search space cannot be used, or not by this method.
        ReasonMissing: it is smaller than the full one and `plan.reason` is empty.
        BadOption: the final trials cannot have these seeds, or nothing is left to search.
    """
    definition = define(
        HPO,
        options,
        method,
        plan,
        name=f"{method.title} on {options.data}",
        usual_space=FULL,
        open_space=lambda path: load_space(path, options, refused=REFUSED),
        after=[Arm(name=BEST, found=True), Arm(name=DEFAULT)],
        space_file=space_file,
        given=given,
        assessor=_assessor(plan.assessor, options),
        facts={"reason": plan.reason, "assessor": plan.assessor},
    )
    _ask_for_a_reason(definition.space, options, plan.reason)
    missing = missing_from(definition.space, load_space(FULL, options))
    return replace(definition, method={**definition.method, "missing": missing})


def _ask_for_a_reason(space: Mapping[str, Any], options: TrialOptions, reason: str) -> None:
    full = load_space(FULL, options)
    if (missing := missing_from(space, full)) and not reason.strip():
        raise ReasonMissing(
            f"the search space is smaller than {FULL}: {'; '.join(missing)}. "
            'Say why, for the document: --reason "two cores: trials must stay short"'
        )


def _assessor(name: str, options: TrialOptions) -> dict[str, Any] | None:
    """NNI's configuration of an assessor, None for none."""
    if name == "none":
        return None
    if name == "median-stop":
        arguments = {"optimize_mode": "maximize", "start_step": max(1, options.epochs // 3)}
        return {"name": "Medianstop", "class_args": arguments}
    arguments = {
        "epoch_num": options.epochs,
        "start_step": max(2, options.epochs // 2),
        "threshold": 0.95,
        "gap": 1,
    }
    name = "aerial_nni.tuners.curve_fitting.CurveFittingAssessor"
    return {"class_name": name, "class_args": arguments}
