"""Drone scenes: DeepLabV3 with several losses, then a search of the rest with the best of them.

The losses are compared over seeds with everything else fixed. The configuration that the search
finds is trained from the same seeds and as long, so the runs of its loss are its control.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aerial_nni.config.families.deeplab import RANDOM
from aerial_nni.config.options import BadOption
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.recipes.drone.loss_presets import COMPARED, PREFIX, VARIED, loss_name, options_of
from aerial_nni.recipes.drone.options import DroneOptions
from aerial_nni.recipes.drone.recipe import DRONE
from aerial_nni.recipes.engine import search
from aerial_nni.recipes.engine.search import Plan as SearchPlan
from aerial_nni.recipes.engine.search_space import FOLDER, is_own, load_space
from aerial_nni.recipes.engine.study import Arm, define
from aerial_nni.tuners.methods import Method
from aerial_nni.tuners.parameter import BadSpace
from aerial_nni.tuners.trial import BEST

log = logging.getLogger(__name__)

SPACE = FOLDER / "drone.yaml"


@dataclass(frozen=True, kw_only=True)
class Plan(SearchPlan):
    """How much is compared and searched, and what follows."""

    losses: Sequence[str] = COMPARED
    """Names or expressions as `drone.names.loss_name` takes them."""
    find_lr: int = 0
    """Steps of the learning-rate finder, in one run of each loss."""


def plan_of(data: str, *, seed: int) -> Plan:
    """What is planned where nothing else is said: see `DRONE`."""
    return Plan(**search.plan_of(DRONE, data, seed=seed))


def drone(
    options: DroneOptions,
    method: Method,
    plan: Plan,
    *,
    space_file: Path | None = None,
    given: Collection[str] = (),
) -> Definition:
    """The experiment that compares the losses of `plan` and searches around `options`.

    Options that are `given` stay as they are, whatever the search space says of them.
    Without trials of a search (`plan.trials` 0) the losses are compared and nothing follows.

    Raises:
        BadSpace: the search space cannot be used, or not by this method.
        BadOption: the runs cannot have these seeds or losses, or are of another network.
    """
    if options.model != "deeplab":
        raise BadOption(
            f"model={options.model}: the document of this comparison is about DeepLabV3; for "
            "another network: python -m aerial_nni.run hpo, or by hand: "
            f"python -m aerial_nni.trials.drone --model {options.model}"
        )
    if compared := sorted({*VARIED} & {*given}):
        raise BadOption(
            f"{' and '.join(compared)} would be the same for all runs, and losses are what is "
            "compared: give --losses, with names or with sums such as log-dice+5*focal"
        )
    return define(
        DRONE,
        options,
        method,
        plan,
        name=f"DeepLabV3 on {options.data}",
        usual_space=SPACE,
        open_space=lambda path: searched_space(options, path),
        before=loss_arms(plan),
        after=[Arm(name=BEST, found=True)] if plan.trials else [],
        space_file=space_file,
        given=given,
        facts={"losses": losses_of(plan), "find_lr": plan.find_lr},
    )


def losses_of(plan: Plan) -> list[str]:
    """Names of the losses of `plan`, each once. Raises `BadOption` for what is no loss."""
    return list(dict.fromkeys(map(loss_name, plan.losses)))


def loss_arms(plan: Plan) -> list[Arm]:
    """An arm for each loss; the first seed's runs also look for the learning rate."""
    return [
        Arm(name=f"{PREFIX}{name}", options=options_of(name), first={"find_lr": plan.find_lr})
        for name in losses_of(plan)
    ]


def searched_space(options: DroneOptions, path: Path) -> dict[str, Any]:
    """The file's search space; where all weights are drawn, all of them learn.

    Raises:
        BadSpace: it has the loss, which is compared before, or nothing that can be searched.
    """
    space = load_space(path, options)
    for name in VARIED:
        if name in space:
            raise BadSpace(f"{path}: {name} is compared before the search: give --losses")
    if getattr(options.network, "backbone_weights", RANDOM) == RANDOM and "trained" in space:
        why = f"with backbone_weights={RANDOM} a stage that does not learn stays as it was drawn"
        del space["trained"]
        if not space:
            raise BadSpace(
                f"{path} holds `trained` alone, and {why}; add other options, or give "
                "--backbone-weights coco or a FILE"
            )
        if is_own(path, SPACE):
            log.warning("trained of %s is not searched: %s", path, why)
    return space
