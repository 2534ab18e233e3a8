"""Fabricated experiments of the kind `hpo`: every file a report reads, by a known function."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions, as_dict, changed
from aerial_nni.tuners.space import Space
from aerial_nni.tuners.trial import BUDGET, GUIDED, ORIGIN, STARTUP, visible

NAMES = ["Building", "Land", "Road"]

CLASSES = {"tpe": "TPE", "gp": "GP", "smac": "SMAC", "bohb": "BOHB", "dngo": "DNGO"}

METHODS = {
    1: ("tpe", "Tree-structured Parzen estimator"),
    2: ("anneal", "Simulated annealing"),
    3: ("evolution", "Regularised evolution"),
    4: ("smac", "SMAC: sequential model-based algorithm configuration"),
    5: ("hyperband", "Hyperband"),
    6: ("metis", "Metis"),
    7: ("bohb", "BOHB: Bayesian optimisation and Hyperband"),
    8: ("gp", "Gaussian process"),
    9: ("dngo", "DNGO: deep networks for global optimisation"),
}

SPACE = {
    "lr": {"_type": "loguniform", "_value": [0.0003, 0.02]},
    "weight_decay": {"_type": "loguniform", "_value": [0.0001, 0.3]},
    "batch": {"_type": "choice", "_value": [4, 8, 16]},
    "loss": {"_type": "choice", "_value": ["ce", "ce+dice", "ce+lovasz", "focal+dice"]},
    "class_weights": {"_type": "choice", "_value": ["none", "median-frequency", "inverse"]},
    "dropout": {"_type": "quniform", "_value": [0.0, 0.4, 0.05]},
}
COMMENTED = "# The learning rate matters most.\nlr: {_type: loguniform, _value: [0.0003, 0.02]}\n"

Asked = tuple[dict[str, Any], int]
"""A trial's parameters, and the epochs it goes on from."""


def score_of(config: dict[str, Any], *, epochs: int = 12, seed: int = 0) -> float | None:
    """The known function; None where training would have failed."""
    lr = float(config.get("lr", 3e-3))
    if lr > 0.016 and config.get("batch", 16) == 4:
        return None
    far = np.log10(lr / (2e-3 * config.get("batch", 16) / 8))
    score = 0.56 - 0.13 * far**2
    score -= 0.02 * abs(np.log10(float(config.get("weight_decay", 1e-2)) / 0.02))
    score += {"ce": -0.03, "ce+dice": 0.01, "ce+lovasz": 0.02}.get(config.get("loss", "ce"), 0.0)
    score -= {"none": 0.0, "median-frequency": 0.03}.get(config.get("class_weights", "none"), 0.06)
    score -= 0.3 * (float(config.get("dropout", 0.0)) - 0.1) ** 2
    late = 0.12 * (0.02 / lr) ** 0.25  # small rates catch up late
    score *= 1 - np.exp(-(epochs + 1) / (4 + 10 * late))
    text = repr(sorted(config.items())) + str(seed)
    noise = np.random.default_rng(list(text.encode())).normal(scale=0.006)
    return float(np.clip(score + noise, 0.03, 0.9))


@dataclass
class Plan:
    """What is fabricated."""

    index: int
    trials: int = 14
    startup: int = 5
    epochs: int = 4
    seeds: tuple[int, ...] = (1, 2, 3)
    final_epochs: int = 5
    space: dict[str, Any] | None = None
    examples: int = 10
    early: bool = False
    reason: str = ""
    suggest: Callable[["Plan", Space], Iterator[Asked]] | None = None
    guided: tuple[str, ...] = (GUIDED,)
    """Origins of the guided trials, in turn."""


def suggestions(plan: Plan, space: Space) -> Iterator[Asked]:
    """Random configurations first, then small steps from the best one known."""
    generator = np.random.default_rng(plan.index)
    best, config = -1.0, {}
    for number in range(plan.trials):
        start = number < plan.startup or best < 0
        if start:
            asked = space.sample(generator)
        else:
            unit = space.encode(config) + generator.normal(scale=0.15, size=len(space.parameters))
            asked = space.decode(np.clip(unit, 0, 1))
        score = score_of(asked, epochs=plan.epochs)
        if score is not None and score > best:
            best, config = score, asked
        yield {**asked, ORIGIN: STARTUP if start else plan.guided[number % len(plan.guided)]}, 0


def arguments(plan: Plan) -> dict[str, Any]:
    """What the tuner of a plan is made with."""
    given = {"optimize_mode": "maximize", "seed": 0, "trials": plan.trials, "startup": plan.startup}
    return {**given, **({"max_budget": plan.epochs} if plan.index in (5, 7) else {})}


def by_tuner(plan: Plan, space: Space) -> Iterator[Asked]:
    """What the method's own tuner suggests, asked without a server."""
    module, _, own = _class_name(METHODS[plan.index][0]).rpartition(".")
    tuner = getattr(importlib.import_module(module), own)(**arguments(plan))
    tuner.update_search_space(plan.space or SPACE)
    longest: dict[str, int] = {}
    for number in range(plan.trials):
        asked = tuner.generate_parameters(number)
        score = score_of(visible(asked), epochs=asked.get(BUDGET) or plan.epochs)
        if score is None:
            tuner.trial_end(number, False)
        else:
            tuner.receive_trial_result(number, asked, score)
        before = longest.get(repr(visible(asked)), 0)
        longest[repr(visible(asked))] = asked.get(BUDGET, 0)
        yield {**asked, ORIGIN: tuner.origin}, before


def make_search(
    runs: Path, make_trial: Callable[..., float], plan: Plan, *, name: str = "search00"
) -> Path:
    """The experiment's folder under `runs`."""
    folder = runs / name
    given = plan.space or SPACE
    space = Space.parse(given)
    base = changed(TrialOptions(), {"width": 4, "depth": 2, "epochs": plan.epochs, "data": "dubai",
                                    "data_dir": "/a/private/place"})  # fmt: skip
    make = plan.suggest or (by_tuner if plan.index in (5, 7) else suggestions)
    rows: list[dict[str, Any]] = []
    for asked, before in make(plan, space):
        rows.append(_trial(folder, make_trial, base, asked, before, len(rows), plan))
    scored = [row for row in rows if row["score"]]
    best = max(scored, key=lambda row: (row["parameters"].get(BUDGET, 0), row["score"]))
    chosen = {key: best["parameters"][key] for key in given}
    for phase, config in (("retrain best", chosen), ("retrain default", {})):
        for seed in plan.seeds:
            rows.append(
                _final(folder, make_trial, base, {**config, "seed": seed,
                       "epochs": plan.final_epochs, "_phase": phase}, len(rows), plan)
            )  # fmt: skip
    (folder / run_folder.SPACE).write_text(COMMENTED)
    title = METHODS[plan.index]
    top = max((row for row in rows if row["score"]), key=lambda row: row["score"])
    run_folder.write_json(
        folder / run_folder.EXPERIMENT,
        {"id": name, "kind": "hpo", "command_line": command(plan), "name": "hpo",
         "state": "DONE", "reason": "",
         "created": "2025-01-01T10:00:00", "ended": "2025-01-01T11:00:00",
         "options": as_dict(base), "space": given,
         "limits": {"trials": len(rows), "concurrency": 1, "max_minutes": 60}, "trials": rows,
         "method": {"index": plan.index, "name": title[0], "title": title[1],
                    "class_name": _class_name(title[0]), "class_args": arguments(plan),
                    "search_trials": plan.trials, "reason": plan.reason, "assessor": "none",
                    "own_space": bool(plan.reason),
                    "missing": ["width is not searched"] if plan.reason else [],
                    "seeds": list(plan.seeds), "final_epochs": plan.final_epochs},
         "best": {key: top[key] for key in ("id", "score", "folder")}},
    )  # fmt: skip
    return folder


def command(plan: Plan) -> str:
    """The command as it was typed."""
    words = f"python -m aerial_nni.run hpo --method-index {plan.index} --trials {plan.trials}"
    words += f" --data dubai --data-dir /a/private/place --epochs {plan.epochs}"
    reduced = f" --search-space /a/private/place/short.yaml --reason '{plan.reason}'"
    return words + (reduced if plan.reason else "")


def _trial(
    folder: Path,
    make_trial: Callable[..., float],
    base: TrialOptions,
    parameters: dict[str, Any],
    before: int,
    number: int,
    plan: Plan,
) -> dict[str, Any]:
    """A trial of the search, on the disk, and its row in the record."""
    config, epochs = visible(parameters), parameters.get(BUDGET, base.epochs)
    own = folder / f"t{number:03d}"
    row = {"id": own.name, "sequence": number, "state": "SUCCEEDED", "score": None,
           "parameters": {**parameters, "_phase": "search"}, "folder": own.name,
           "start": None, "end": None}  # fmt: skip
    wanted = score_of(config, epochs=epochs)
    if wanted is None:
        own.mkdir(parents=True)
        (own / run_folder.FAILURE).write_text("the loss is not a finite number at step 3\n")
        return row | {"state": "FAILED"}
    options = changed(base, {**config, "epochs": epochs})
    examples = 0 if plan.seeds else plan.examples
    row["score"] = make_trial(own, options, NAMES, absent=None, void=False, rule="image",
                              wanted=wanted, examples=examples)  # fmt: skip
    if before:
        given = run_folder.read_json(own / run_folder.OPTIONS)
        run_folder.write_json(own / run_folder.OPTIONS, {**given, "resumed_epochs": before})
    if plan.early and number % 4 == 3:
        (own / run_folder.METRICS).unlink()
        row |= {"state": "EARLY_STOPPED", "score": None}
    return row


def _final(
    folder: Path,
    make_trial: Callable[..., float],
    base: TrialOptions,
    parameters: dict[str, Any],
    number: int,
    plan: Plan,
) -> dict[str, Any]:
    own = folder / f"final{number:03d}"
    config = {key: value for key, value in parameters.items() if not key.startswith("_")}
    searched = {key: value for key, value in config.items() if key not in ("seed", "epochs")}
    wanted = score_of(searched, epochs=plan.final_epochs + 8, seed=config["seed"] + 1)
    score = make_trial(own, changed(base, config), NAMES, absent=None, void=False, rule="image",
                       examples=plan.examples, wanted=wanted)  # fmt: skip
    return {"id": own.name, "sequence": number, "state": "SUCCEEDED", "parameters": parameters,
            "score": score, "folder": own.name, "start": None, "end": None}  # fmt: skip


def _class_name(name: str) -> str:
    return f"aerial_nni.tuners.{name}.{CLASSES.get(name, name.capitalize())}Tuner"


_SHORT = {"trials": 14, "startup": 5, "epochs": 3, "seeds": (), "examples": 0}
PLANS = {index: Plan(index=index, **_SHORT) for index in (1, 2, 4, 8, 9)}
PLANS[3] = Plan(index=3, **_SHORT, suggest=by_tuner)
PLANS[6] = Plan(index=6, **_SHORT, guided=("exploration", "exploitation", "re-sampling"))
PLANS |= {
    index: Plan(index=index, **_SHORT | {"trials": 26, "startup": startup, "epochs": 9})
    for index, startup in ((5, 0), (7, 4))
}
"""A short search for each method."""
