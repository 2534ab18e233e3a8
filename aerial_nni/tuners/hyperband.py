"""Hyperband: many configurations for a few epochs, the best of them for more.

Li et al. 2018, "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization",
algorithm 1. A trial is told by the parameter `TRIAL_BUDGET` after how many epochs to stop; a
configuration that is promoted comes again with a larger one, and the trial may go on where it was.
What it reports at its end is its score within these epochs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import nni
import numpy as np

from aerial_nni.tuners.brackets import Brackets, Entry
from aerial_nni.tuners.dispatcher_patches import NotYet
from aerial_nni.tuners.space import Config
from aerial_nni.tuners.trial import BUDGET, PROMOTED, RANDOM, Trials
from aerial_nni.tuners.tuner import BadTuner, SpaceTuner

STOPPED = "EARLY_STOPPED"
"""NNI's state of trials that an assessor ended: in the event of an end, the status of a result."""


class HyperbandTuner(SpaceTuner):
    """Brackets of configurations that are drawn at random.

    Args:
        optimize_mode: "maximize" or "minimize" the reported result.
        seed: of all random choices.
        max_budget: epochs of a full training, R.
        min_budget: fewest epochs that tell anything.
        eta: one in `eta` is promoted, to `eta` times the epochs.
        startup: trials that are spread evenly before configurations are drawn at random.
        trials: the experiment's number of trials, into which the brackets fit; every promotion is
            a trial of its own. None: brackets repeat for ever.
    """

    def __init__(
        self,
        optimize_mode: str = "maximize",
        seed: int = 0,
        *,
        max_budget: int = 27,
        min_budget: int = 1,
        eta: int = 3,
        startup: int | None = None,
        trials: int | None = None,
    ) -> None:
        super().__init__(optimize_mode, seed, startup=startup, trials=trials)
        if eta < 2 or int(eta) != eta:
            raise BadTuner(f"eta={eta} promotes too many; give a whole number from 2")
        if not 1 <= min_budget <= max_budget:
            problem = f"min_budget={min_budget} and max_budget={max_budget}"
            raise BadTuner(f"{problem}; give whole epochs with 1 <= min_budget <= max_budget")
        self.max_budget, self.min_budget, self.eta = int(max_budget), int(min_budget), int(eta)
        self.brackets = self._new_brackets()

    def propose(self, generator: np.random.Generator) -> np.ndarray:
        """A uniform draw, shape (d,)."""
        self.origin = RANDOM
        return generator.random(len(self.space.parameters))

    def default_startup(self) -> int:
        """None: every configuration is drawn at random."""
        return 0

    def update_search_space(self, search_space: Mapping[str, Any]) -> None:
        """Takes a search space and begins new brackets in it. Raises `BadSpace`."""
        super().update_search_space(search_space)
        self.brackets = self._new_brackets()

    def generate_parameters(self, parameter_id: int, **_: Any) -> Config:
        """The next configuration, or one that is promoted, with its `TRIAL_BUDGET`.

        Raises:
            NotYet: all that is left depends on trials that run.
            nni.NoMoreTrialError: every configuration of a finite space was tried.
        """
        entry = self._next_entry()
        assert entry.config is not None
        parameters = {**entry.config, BUDGET: entry.budget}
        entry.trial = self._add(parameters, id=parameter_id)
        return parameters

    def trial_end(
        self,
        parameter_id: int,
        success: bool,
        *,
        parameters: Mapping[str, Any] | None = None,
        event: str = "",
        **_: Any,
    ) -> None:
        """A trial that ends without a result has failed; one that was stopped early ranks last."""
        super().trial_end(parameter_id, success, parameters=parameters)
        trial = self._find(parameter_id, parameters)
        if trial is not None and event == STOPPED:
            trial.failed = True  # its loss is of fewer epochs than the others', but is learnt

    def observed(self, budget: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, d) and losses (n,) of all trials that ended, or of those of one budget."""
        trials = self.trials
        if budget is not None:
            trials = Trials([t for t in trials if (t.budget or self.max_budget) == budget])
        return trials.observed(len(self.space.parameters))

    def import_data(self, data: Sequence[Mapping[str, Any]]) -> None:
        """Learns results of trials of an earlier run, each in its place in the brackets.

        As in `trial_end`, a trial that was stopped early ranks last.
        """
        for entry in data:
            known = len(self.trials)
            super().import_data([entry])
            for trial in self.trials.all[known:]:
                trial.failed |= entry.get("status") == STOPPED
            self._adopt(known)

    def resumed(self, parameters: Mapping[str, Any]) -> None:
        """A trial of an earlier run goes on: its result will come."""
        known = len(self.trials)
        super().resumed(parameters)
        self._adopt(known)

    def _new_brackets(self) -> Brackets:
        return Brackets(
            self.max_budget, min_budget=self.min_budget, eta=self.eta, trials=self.budget
        )

    def _adopt(self, known: int) -> None:
        """Gives the trials that came after the first `known`, and had a budget, their places."""
        for trial in self.trials.all[known:]:
            if trial.budget is not None:
                self.brackets.adopt(trial)

    def _next_entry(self) -> Entry:
        while True:
            planned = sum(not trial.added for trial in self.trials)
            self.brackets.elsewhere = planned - len(list(self.brackets))
            entry = self.brackets.next()
            if entry is None and self.brackets.waiting:
                raise NotYet("the next suggestion depends on trials that run")
            if entry is None:
                raise nni.NoMoreTrialError("every configuration of the search space was tried")
            if entry.config is not None:
                self.origin = PROMOTED
                return entry
            try:
                entry.config = self.space.config(self.next_places())
                return entry
            except nni.NoMoreTrialError:
                self.brackets.close(entry)
