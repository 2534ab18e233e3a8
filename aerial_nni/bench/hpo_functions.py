"""Standard functions to minimise, plain and with mixed kinds of parameters.

What takes a configuration is meant for the search space of the same name in
`aerial_nni.bench.hpo_problems`, which also has each least value.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

Config = Mapping[str, Any]


def branin(x1: float, x2: float) -> float:
    """Branin-Hoo on [-5, 10] x [0, 15] (Dixon & Szegoe 1978); three minima of 0.397887."""
    valley = x2 - 5.1 / (4 * math.pi**2) * x1**2 + 5 / math.pi * x1 - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x1) + 10


HARTMANN_WEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN_SCALES = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
HARTMANN_CENTRES = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann6(x: np.ndarray) -> float:
    """Hartmann on the unit cube, x of shape (6,) (Dixon & Szegoe 1978); minimum -3.322368."""
    squares = (HARTMANN_SCALES * (x - HARTMANN_CENTRES) ** 2).sum(axis=1)
    return -float(HARTMANN_WEIGHTS @ np.exp(-squares))


def branin_mixed(config: Config) -> float:
    """Branin with x1 on a logarithmic scale, x2 a whole number, and four views of it.

    `mirror` turns x1 around and adds 2, `flip` turns x2 around and adds 4, `both` adds 6.
    """
    x1 = -5 + 15 * (math.log10(config["rate"]) + 4) / 4
    x2 = float(config["steps"])
    mirrored, flipped = config["view"] in ("mirror", "both"), config["view"] in ("flip", "both")
    value = branin(5 - x1 if mirrored else x1, 15 - x2 if flipped else x2)
    return value + 2 * mirrored + 4 * flipped


LABELS = {"oak": 0.4, "elm": 1.0, "ash": 0.0, "fir": 0.6, "yew": 0.2, "box": 0.8}
"""Labels of `hartmann6_mixed`, in an order that says nothing of their values."""


def hartmann6_mixed(config: Config) -> float:
    """Hartmann with one coordinate in steps, one whole, one logarithmic and one of labels."""
    logarithmic = math.log10(config["e"]) / 3 + 1
    whole = config["d"] / 20
    x = [config["a"], config["b"], config["c"], whole, logarithmic, LABELS[config["f"]]]
    return hartmann6(np.array(x))


def _rosenbrock(x: float, y: float) -> float:
    return (100 * (y - x**2) ** 2 + (x - 1) ** 2) / 300


def _camel(x: float, y: float) -> float:
    return ((4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2) / 10


def _beale(x: float, y: float) -> float:
    return sum((c - x + x * y**power) ** 2 for power, c in enumerate((1.5, 2.25, 2.625), 1)) / 50


SURFACES = {"rosenbrock": _rosenbrock, "camel": _camel, "beale": _beale}


def func2c(config: Config) -> float:
    """Func-2C: the sum of two surfaces, each chosen by a label (Ru et al. 2020, sec. 5).

    The second label has three names for the same surface, as it has there. The least value is
    a fifth of the six-hump camel's -1.031628.
    """
    x, y = 2 * config["x"], 2 * config["y"]
    return sum(SURFACES[config[name].split()[0]](x, y) for name in ("first", "second"))


BEST_LR = {"sgd": -0.5, "adam": -3.5, "adamw": -3.0, "rmsprop": -4.0}
PENALTY = {"sgd": 0.1, "adam": 0.05, "adamw": 0.0, "rmsprop": 0.2}
CHANCE = math.log(6)


def training(config: Config) -> float:
    """A loss that behaves like that of a training, from 0.35 up to that of chance, ln 6.

    Each optimizer has a learning rate of its own, lower for wider networks; width and depth make
    up for each other; wider networks want more dropout; weight decay matters to adamw only; a
    learning rate more than sixteen times too high diverges. The best is adamw at 1e-3, width 64,
    depth 4, dropout 0.2, weight decay 1e-3: there every term is 0.
    """
    optimizer = config["optimizer"]
    octaves = math.log2(config["width"] / 64)
    rate = math.log10(config["lr"]) - BEST_LR[optimizer] + 0.15 * octaves
    if rate > 1.2:
        return CHANCE
    decay = math.log10(config["weight_decay"]) + 3 if optimizer == "adamw" else 0.0
    badness = (
        0.3 * rate**2
        + 0.05 * (octaves + 0.8 * (config["depth"] - 4)) ** 2
        + 0.03 * octaves**2
        + 2.0 * (config["dropout"] - 0.2 - 0.1 * octaves) ** 2
        + 0.01 * decay**2
        + PENALTY[optimizer]
    )
    return 0.35 + (CHANCE - 0.35) * -math.expm1(-badness)
