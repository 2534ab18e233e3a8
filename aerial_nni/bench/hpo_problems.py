"""What `bench hpo` minimises: search spaces, losses, least values, and learning curves.

Every problem can be trained for 1 to `EPOCHS` epochs, and at `EPOCHS` its loss is the function
itself. Before that a function looks like a learning curve: a power law (Domhan et al. 2015,
table 1, pow3) with a rate and an offset of each configuration's own, so that early losses rank
configurations roughly, never exactly.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from aerial_nni.bench import hpo_functions as functions
from aerial_nni.bench.hpo_functions import Config
from aerial_nni.tuners.space import Space as SearchSpace

Space = dict[str, dict[str, Any]]
"""A search space in NNI's format."""

Training = Callable[[int], float]
"""Epochs in all -> loss. Called with rising epochs: what was trained goes on."""

EPOCHS = 27
"""Full length of a training: it can be cut to a third three times."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something to minimise over a search space."""

    name: str
    space: Space
    start: Callable[[Config], Training]
    optimum: float | None
    """Least loss; None where it is not known."""
    text: str
    """What it is and where it is from, for the document."""

    def loss(self, config: Config) -> float:
        """The loss after a full training."""
        return self.start(config)(EPOCHS)

    def some(self, count: int, *, seed: int = 0) -> list[dict[str, Any]]:
        """Configurations drawn at random, the same for everybody."""
        cube = SearchSpace.parse(self.space)
        draws = np.random.default_rng(seed).random((count, len(self.space)))
        return [cube.decode(unit) for unit in draws]

    def fingerprint(self) -> str:
        """Digest of the space and of some losses: another problem has another one."""
        losses = [f"{after(epochs):.6g}" for after in map(self.start, self.some(2))
                  for epochs in (1, EPOCHS)]  # fmt: skip
        return hashlib.sha256(json.dumps([self.space, losses]).encode()).hexdigest()[:16]


def curve(value: float, spread: float, config: Config) -> Training:
    """A learning curve that ends in `value` at `EPOCHS`; `spread` is the scale of the losses.

    loss(r) = value + spread * (offset + wobble(r)) * (r^-rate - EPOCHS^-rate) / (1 - EPOCHS^-rate)
    """
    rate = 0.5 + _own_number(config, "rate")
    offset = 0.5 + _own_number(config, "offset")
    end = EPOCHS**-rate

    def after(epochs: int) -> float:
        if epochs >= EPOCHS:
            return value
        wobble = 0.2 * (_own_number(config, f"epoch {epochs}") - 0.5)
        loss: float = value + spread * (offset + wobble) * (epochs**-rate - end) / (1 - end)
        return loss

    return after


def _own_number(config: Config, purpose: str) -> float:
    """A number from 0 to 1 that belongs to a configuration and a purpose, the same every time."""
    text = json.dumps([purpose, sorted(config.items())])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def _problem(name: str, space: Space, loss: Callable[[Config], float], **facts: Any) -> Problem:
    """A function with learning curves; `facts`: spread, optimum and text."""
    spread = facts.pop("spread")
    return Problem(name=name, space=space, start=partial(_start, loss, spread), **facts)


def _start(loss: Callable[[Config], float], spread: float, config: Config) -> Training:
    return curve(float(loss(config)), spread, config)


def kind(name: str, *values: Any) -> dict[str, Any]:
    """An entry of a search space; `name` is NNI's `_type`."""
    return {"_type": name, "_value": list(values)}


UNIT = kind("uniform", 0.0, 1.0)

# `spread` is about the distance between the quartiles of the losses of random configurations.
FUNCTIONS = {
    problem.name: problem
    for problem in (
        _problem(
            "branin",
            {"x1": kind("uniform", -5.0, 10.0), "x2": kind("uniform", 0.0, 15.0)},
            lambda config: functions.branin(config["x1"], config["x2"]),
            spread=60.0,
            optimum=0.39788735772973816,
            text="Branin-Hoo, two floats (Dixon & Szegö 1978)",
        ),
        _problem(
            "hartmann6",
            {f"x{i}": UNIT for i in range(1, 7)},
            lambda config: functions.hartmann6(np.array([config[f"x{i}"] for i in range(1, 7)])),
            spread=0.4,
            optimum=-3.3223680114155147,
            text="Hartmann, six floats (Dixon & Szegö 1978)",
        ),
        _problem(
            "branin-mixed",
            {
                "rate": kind("loguniform", 1e-4, 1.0),
                "steps": kind("randint", 0, 16),
                "view": kind("choice", "plain", "mirror", "flip", "both"),
            },
            functions.branin_mixed,
            spread=60.0,
            optimum=0.4323359532492894,
            text="Branin with x1 = 15 (log10 rate + 4) / 4 - 5, x2 a whole number and four "
            "labelled views of it, three of which are turned around and lifted",
        ),
        _problem(
            "hartmann6-mixed",
            {
                "a": UNIT,
                "b": kind("quniform", 0.0, 1.0, 0.05),
                "c": UNIT,
                "d": kind("randint", 0, 21),
                "e": kind("loguniform", 1e-3, 1.0),
                "f": kind("choice", *functions.LABELS),
            },
            functions.hartmann6_mixed,
            spread=0.4,
            optimum=-3.221701721814337,
            text="Hartmann with one coordinate in steps of 0.05, one a whole number of twentieths, "
            "one the logarithm of a parameter, and one of six labels in no order",
        ),
        _problem(
            "func-2c",
            {
                "first": kind("choice", *functions.SURFACES),
                "second": kind("choice", *functions.SURFACES, "beale 2", "beale 3"),
                "x": kind("uniform", -1.0, 1.0),
                "y": kind("uniform", -1.0, 1.0),
            },
            functions.func2c,
            spread=0.8,
            optimum=-0.2063256906979755,
            text="Func-2C, two labels and two floats (Ru et al. 2020)",
        ),
        _problem(
            "training",
            {
                "lr": kind("loguniform", 1e-5, 1.0),
                "weight_decay": kind("loguniform", 1e-6, 1.0),
                "width": kind("qloguniform", 8, 512, 1),
                "depth": kind("randint", 1, 8),
                "dropout": kind("uniform", 0.0, 0.7),
                "optimizer": kind("choice", *functions.BEST_LR),
            },
            functions.training,
            spread=0.5,
            optimum=0.35,
            text="a formula that behaves like the loss of a training: learning rate and weight "
            "decay (logarithmic), width (whole, logarithmic), depth (whole), dropout, optimizer",
        ),
    )
}
