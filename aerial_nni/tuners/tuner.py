"""What all methods share: an NNI tuner that only has to say which point to try next.

A method subclasses `SpaceTuner` and implements `propose`; one that must wait for results before it
can suggest more raises `dispatcher.NotYet`. It can be used from any NNI experiment:

    experiment.config.tuner = CustomAlgorithmConfig(
        class_name="aerial_nni.tuners.gp.GPTuner", class_args={"optimize_mode": "maximize"}
    )
"""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import nni
import numpy as np
from nni.tuner import Tuner
from nni.utils import extract_scalar_reward

from aerial_nni.config.errors import UserError
from aerial_nni.tuners import dispatcher_patches as nni_patches
from aerial_nni.tuners.initial_design import latin_hypercube, startup_count, untried_near
from aerial_nni.tuners.parameter import BadSpace
from aerial_nni.tuners.space import Config, Places, Space
from aerial_nni.tuners.trial import BUDGET, GUIDED, RANDOM, STARTUP, Trial, Trials, visible

nni_patches.repair()

log = logging.getLogger(__name__)

MODES = ("maximize", "minimize")


class BadTuner(UserError, ValueError):
    """A tuner was given arguments that it cannot use."""


class SpaceTuner(Tuner):
    """A tuner over the unit cube: start-up design, then `propose` for every trial.

    Suggestions repeat by seed: each has a generator of its own, made from the seed and the number
    of trials before it. A configuration is suggested once only. Losses are minimised inside.

    Args:
        optimize_mode: "maximize" or "minimize" the reported result.
        seed: of all random choices.
        startup: trials before the method guides; None: few, by budget and dimensions.
        trials: the experiment's number of trials, None where it is not known.
    """

    _accept_customized = True  # results of trials that a person added in the web UI are learnt

    def __init__(
        self,
        optimize_mode: str = "maximize",
        seed: int = 0,
        *,
        startup: int | None = None,
        trials: int | None = None,
    ) -> None:
        if optimize_mode not in MODES:
            problem = f"optimize_mode={optimize_mode!r} is not known"
            raise BadTuner(f"{problem}; choose one of {', '.join(MODES)}")
        if startup is not None and startup < 0:
            raise BadTuner(f"startup={startup} is below 0; give 0 or more, or leave it out")
        self._sign = -1.0 if optimize_mode == "maximize" else 1.0
        self._startup = startup
        self.seed = seed
        self.budget = trials
        self.trials = Trials()
        self.space: Space = Space(())
        self.origin = ""
        """Where the last suggestion comes from: one of the texts in `trial`, or the method's."""

    # What a method implements.

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """The point to try next, shape (d,) in the unit cube; called after the start-up.

        A method sets `origin` where no result guides the point, or to say more.
        """
        raise NotImplementedError

    def default_startup(self) -> int:
        """Trials of the start-up design where the user gave no number."""
        return startup_count(len(self.space.parameters), self.budget)

    # What a method reads.

    @property
    def startup(self) -> int:
        """Trials that are not guided by results."""
        return self.default_startup() if self._startup is None else self._startup

    def observed(self) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, d) and losses (n,) of all trials that ended; failed ones have the worst."""
        return self.trials.observed(len(self.space.parameters))

    def pending(self) -> np.ndarray:
        """Points of the trials that run, shape (p, d)."""
        return self.trials.pending(len(self.space.parameters))

    # NNI's interface.

    def update_search_space(self, search_space: Mapping[str, Any]) -> None:
        """Takes a search space; trials that lie in it are kept. Raises `BadSpace`."""
        self.space = Space.parse(search_space)
        known, self.trials = self.trials, Trials()
        for trial in known:
            parameters = {**trial.config, BUDGET: trial.budget}
            kept = self._add(parameters, id=trial.id, loss=trial.loss, failed=trial.failed)
            if kept is not None:
                kept.added = trial.added

    def generate_parameters(self, parameter_id: int, **_: Any) -> Config:
        """The next configuration.

        Raises:
            nni.NoMoreTrialError: every configuration of a finite space was tried.
        """
        config = self.space.config(self.next_places())
        self._add(config, id=parameter_id)
        return config

    def next_places(self) -> Places:
        """A configuration that was not handed out before. Raises `nni.NoMoreTrialError`."""
        number = len(self.trials)
        generator = np.random.default_rng([self.seed, number])
        ended = sum(not trial.pending for trial in self.trials)
        if number < self.startup or ended == 0:
            unit = self._untried_of_the_design()
            self.origin = STARTUP
            if unit is None:
                unit = generator.random(len(self.space.parameters))
                self.origin = RANDOM
        else:
            self.origin = GUIDED
            unit = self.propose(generator)
        places = untried_near(self.space, unit, self.trials.tried(), generator)
        if places is None:
            raise nni.NoMoreTrialError("every configuration of the search space was tried")
        return places

    def _untried_of_the_design(self) -> np.ndarray | None:
        """The next point of the start-up design, shape (d,); None: all were handed out."""
        if not self.startup:
            return None
        design = latin_hypercube(self.startup, len(self.space.parameters), seed=self.seed)
        tried = self.trials.tried()
        return next((p for p in design if self.space.at(p) not in tried), None)

    def receive_trial_result(
        self, parameter_id: int, parameters: Mapping[str, Any], value: Any, **_: Any
    ) -> None:
        """Learns a result: a number, or a dictionary with one under `default`.

        A result that is no finite number is that of a failed trial.
        """
        self._learn(parameter_id, parameters, value)

    def trial_end(
        self,
        parameter_id: int,
        success: bool,
        *,
        parameters: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """A trial that ends without a result has failed."""
        trial = self._find(parameter_id, parameters)
        if trial is not None and trial.pending:
            trial.failed = True

    def import_data(self, data: Sequence[Mapping[str, Any]]) -> None:
        """Learns results of trials of an earlier run: [{"parameter": ..., "value": ...}]."""
        for entry in data:
            if entry.get("value") is not None:
                self._learn(None, entry["parameter"], entry["value"])

    def resumed(self, parameters: Mapping[str, Any]) -> None:
        """A trial of an earlier run goes on: its result will come."""
        self._add(parameters)

    def failed(self, parameters: Mapping[str, Any]) -> None:
        """A trial of an earlier run failed: another makes up for it."""
        if trial := self._add(parameters, failed=True):
            trial.added = True

    def added(self, parameters: Mapping[str, Any]) -> None:
        """A person added a trial in the web UI: its result will come."""
        if trial := self._add(parameters):
            trial.added = True

    def _learn(self, id: int | None, parameters: Mapping[str, Any], value: Any) -> None:
        trial = self._find(id, parameters) or self._add(parameters, id=id)
        if trial is not None:
            trial.loss = self._loss(value)
            trial.failed = trial.loss is None

    def _find(self, id: int | None, parameters: Mapping[str, Any] | None) -> Trial | None:
        """The trial of that id, or one of those parameters that still waits for its result."""
        try:
            return self.trials.find(id, self._placed(parameters or {}))
        except BadSpace:
            return self.trials.find(id)

    def _placed(self, parameters: Mapping[str, Any]) -> Places:
        """Where a trial lies in the space.

        Raises:
            BadSpace: it lacks a parameter, or has one or a value that is not in the space.
        """
        unknown = [name for name in visible(parameters) if name not in self.space.names]
        if unknown:
            raise BadSpace(f"{', '.join(unknown)} is not searched")
        return self.space.places(parameters)

    def _add(
        self,
        parameters: Mapping[str, Any],
        *,
        id: int | None = None,
        loss: float | None = None,
        failed: bool = False,
    ) -> Trial | None:
        """Notes a trial; None, and a line in the log, where it does not lie in the space."""
        try:
            places = self._placed(parameters)
        except BadSpace as error:
            said = visible(parameters)
            log.warning("%s is left out: it is not in the search space: %s", said, error)
            return None
        trial = Trial(
            config=self.space.config(places),
            places=places,
            unit=self.space.units(places),
            id=id,
            loss=loss,
            failed=failed,
            budget=parameters.get(BUDGET),
        )
        self.trials.all.append(trial)
        return trial

    def _loss(self, value: Any) -> float | None:
        reward = reward_of(value)
        return None if reward is None else self._sign * reward


def reward_of(value: Any) -> float | None:
    """The number that a trial reports; None where it is no finite one: the trial has failed."""
    try:
        reward = float(extract_scalar_reward(value))
    except (RuntimeError, TypeError, ValueError, KeyError, OverflowError):
        return None
    return reward if math.isfinite(reward) else None
