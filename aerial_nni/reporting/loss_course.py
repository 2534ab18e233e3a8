"""The loss of a run: what it is made of, and how it went from epoch to epoch."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from aerial_nni.config.options import parse_loss
from aerial_nni.reporting.folder import Trial
from aerial_nni.training import losses

RISEN = 0.05
"""A rise of the validation loss above its lowest value that is called overfitting."""


def _default(function: Callable[..., Any], name: str) -> float:
    """The default of a loss's argument: what a formula prints is what is computed."""
    return float(inspect.signature(function).parameters[name].default)


@dataclass(frozen=True, kw_only=True)
class LossFacts:
    """What `loss.md.j2` says: the terms, and the settings that stand in their formulas."""

    name: str
    terms: tuple[tuple[float, str], ...]
    weights: str

    gamma: ClassVar[str] = f"{_default(losses.focal, 'gamma'):g}"
    alpha: ClassVar[str] = f"{_default(losses.tversky, 'alpha'):g}"
    beta: ClassVar[str] = f"{_default(losses.tversky, 'beta'):g}"
    smooth: ClassVar[str] = f"{_default(losses.tversky, 'smooth'):g}"
    twice_smooth: ClassVar[str] = f"{2 * _default(losses.tversky, 'smooth'):g}"

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "LossFacts":
        """The loss of a run with these options."""
        terms = tuple(parse_loss(options["loss"]))
        return cls(name=options["loss"], terms=terms, weights=options["class_weights"])

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the terms, each once."""
        return tuple(dict.fromkeys(name for _, name in self.terms))

    @property
    def formula(self) -> str:
        """The sum of the terms in LaTeX."""
        return " + ".join(
            (f"{factor:g}\\," if factor != 1 else "") + rf"L_\text{{{name}}}"
            for factor, name in self.terms
        )

    def has(self, *names: str) -> bool:
        """Whether one of the terms is among these."""
        return bool({*names} & {*self.kinds})


@dataclass(frozen=True, kw_only=True)
class Lowest:
    """Where the validation loss was lowest."""

    epoch: int
    loss: float
    last: bool


@dataclass(frozen=True, kw_only=True)
class LossCourse:
    """Training and validation loss by epoch."""

    train: np.ndarray
    val: np.ndarray
    lowest: Lowest | None
    """None where no epoch has a finite validation loss."""
    risen: float
    """How far the last validation loss is above the lowest, relative to it."""
    turned: bool
    """Whether training went on to fall where validation rose."""

    @property
    def epochs(self) -> int:
        """How many there are."""
        return len(self.train)

    @property
    def gap(self) -> float:
        """The last validation loss less the last training loss."""
        return float(self.val[-1] - self.train[-1])


def loss_course(trial: Trial) -> LossCourse:
    """How both losses of a run went; with a teacher, the training loss is that of the masks."""
    train, val = (trial.history[name] for name in (trial.label_loss, "val_loss"))
    if not np.isfinite(val).any():
        return LossCourse(train=train, val=val, lowest=None, risen=0.0, turned=False)
    place = int(np.nanargmin(val))
    risen = float(val[-1] / val[place] - 1)
    epoch = int(trial.history["epoch"][place])
    return LossCourse(
        train=train,
        val=val,
        lowest=Lowest(epoch=epoch, loss=float(val[place]), last=place == len(val) - 1),
        risen=risen,
        turned=risen > RISEN and bool(train[-1] < train[place]),
    )
