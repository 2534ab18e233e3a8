"""The maintained libraries, driven directly: Optuna and SMAC3, each told what it can be told.

A contestant is asked for a configuration and the epochs it is to be trained for, and told the
loss. All that is set here beside the seed is what helps the library: that the loss is
deterministic, the number of trials, and that SMAC learns after every trial, not every eighth.
"""

import shutil
import tempfile
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from aerial_nni.bench.hpo_problems import EPOCHS, Space
from aerial_nni.config.errors import UserError

Config = dict[str, Any]
History = Sequence[tuple[Config, float]]
"""Configurations and their losses after a full training."""

ETA = 3
"""Of the configurations trained for so many epochs, one in three goes on."""


class NotComparable(UserError, ValueError):
    """A search space has a kind of parameter that a library is not given here."""


class Contestant(Protocol):
    """One run of one method on one problem; it minimises."""

    def ask(self) -> tuple[Config, int]:
        """A configuration and the number of epochs, in all, that it is to be trained for."""

    def tell(self, loss: float) -> None:
        """The loss of what was asked for last."""

    def learn(self, history: History) -> None:
        """Takes in trials that somebody else made."""


class Optuna:
    """Optuna with one of its samplers; with a pruner, a trial goes on epoch by epoch."""

    def __init__(self, space: Space, *, seed: int, sampler: str, pruned: bool = False) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        samplers: dict[str, Callable[[], Any]] = {
            "tpe": lambda: optuna.samplers.TPESampler(seed=seed),
            "gp": lambda: optuna.samplers.GPSampler(seed=seed, deterministic_objective=True),
        }
        pruner = optuna.pruners.HyperbandPruner(1, EPOCHS, ETA) if pruned else None
        self._study = optuna.create_study(sampler=samplers[sampler](), pruner=pruner)
        self._distributions = {name: _distribution(name, spec) for name, spec in space.items()}
        self._pruned = pruned
        self._trial: Any = None
        self._epochs = 0

    def ask(self) -> tuple[Config, int]:
        """The next trial, or one more epoch of the present one."""
        if self._trial is None:
            self._trial = self._study.ask(self._distributions)
            self._epochs = 0
        self._epochs = self._epochs + 1 if self._pruned else EPOCHS
        return dict(self._trial.params), self._epochs

    def tell(self, loss: float) -> None:
        """Ends the trial, unless it has epochs before it and the pruner lets it go on."""
        from optuna.trial import TrialState

        self._trial.report(loss, self._epochs)
        if self._epochs == EPOCHS:
            self._study.tell(self._trial, loss)
        elif self._trial.should_prune():
            self._study.tell(self._trial, state=TrialState.PRUNED)
        else:
            return
        self._trial = None

    def learn(self, history: History) -> None:
        """Adds finished trials to the study."""
        from optuna.trial import create_trial

        for config, loss in history:
            trial = create_trial(params=config, distributions=self._distributions, value=loss)
            self._study.add_trial(trial)


def _distribution(name: str, spec: Mapping[str, Any]) -> Any:
    """Optuna's distribution of an entry of NNI's search space."""
    from optuna import distributions as of

    values = spec["_value"]
    if spec["_type"] == "choice":
        return of.CategoricalDistribution(values)
    if spec["_type"] == "randint":
        return of.IntDistribution(values[0], values[1] - 1)
    if spec["_type"] == "qloguniform" and values[2] == 1:
        return of.IntDistribution(values[0], values[1], log=True)
    if spec["_type"] == "quniform":
        return of.FloatDistribution(values[0], values[1], step=values[2])
    if spec["_type"] in ("uniform", "loguniform"):
        return of.FloatDistribution(values[0], values[1], log=spec["_type"] == "loguniform")
    raise NotComparable(f"{name}: {spec['_type']} of {values} has no counterpart in Optuna")


class Smac:
    """SMAC3's facade for hyper-parameters, or with `fidelity` the one for several budgets."""

    def __init__(self, space: Space, *, seed: int, trials: int, fidelity: bool = False) -> None:
        from ConfigSpace import ConfigurationSpace
        from smac import Scenario

        self._steps = {
            name: spec["_value"][2] for name, spec in space.items() if spec["_type"] == "quniform"
        }
        configurations = ConfigurationSpace(seed=seed)
        configurations.add([_smac_parameter(name, spec) for name, spec in space.items()])
        folder = tempfile.mkdtemp(prefix="aerial-bench-")  # SMAC must have one
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._scenario = Scenario(
            configurations,
            deterministic=True,
            # The budget of epochs ends a run of several fidelities; this only must not do so.
            n_trials=trials * EPOCHS if fidelity else trials,
            seed=seed,
            output_directory=Path(folder),
            min_budget=1 if fidelity else None,
            max_budget=EPOCHS if fidelity else None,
        )
        self._fidelity = fidelity
        self._facade = self._new_facade()
        self._asked: Any = None

    def _new_facade(self, **design: Any) -> Any:
        """The facade; `design` goes to its initial design."""
        from smac import HyperparameterOptimizationFacade, MultiFidelityFacade

        facade = MultiFidelityFacade if self._fidelity else HyperparameterOptimizationFacade
        return facade(
            self._scenario,
            _never_with_budget if self._fidelity else _never,
            initial_design=facade.get_initial_design(self._scenario, **design),
            config_selector=facade.get_config_selector(self._scenario, retrain_after=1),
            logging_level=False,
            overwrite=True,
        )

    def ask(self) -> tuple[Config, int]:
        """SMAC's next trial."""
        self._asked = self._facade.ask()
        config = {
            name: _plain(value) * self._steps[name] if name in self._steps else _plain(value)
            for name, value in dict(self._asked.config).items()
        }
        return config, round(self._asked.budget or EPOCHS)

    def tell(self, loss: float) -> None:
        """Adds the trial that was asked for."""
        from smac.runhistory import TrialValue

        self._facade.tell(self._asked, TrialValue(cost=loss), save=False)

    def learn(self, history: History) -> None:
        """Adds finished trials to the run history, in place of all but one of the first design."""
        from ConfigSpace import Configuration
        from smac.runhistory import TrialInfo, TrialValue

        self._facade = self._new_facade(n_configs=1)
        budget = float(EPOCHS) if self._fidelity else None
        for config, loss in history:
            values = {
                name: round(value / self._steps[name]) if name in self._steps else value
                for name, value in config.items()
            }
            trial = Configuration(self._scenario.configspace, values)
            info = TrialInfo(config=trial, seed=0, budget=budget)
            self._facade.tell(info, TrialValue(cost=loss), save=False)


def _plain(value: Any) -> Any:
    """A value without NumPy, in which ConfigSpace hands out numbers."""
    return value.item() if hasattr(value, "item") else value


def _never(config: Any, seed: int = 0) -> float:
    """SMAC wants a function to call; it is never called, since trials are asked for."""
    raise AssertionError("SMAC calls the function itself")


def _never_with_budget(config: Any, seed: int = 0, budget: float = 0) -> float:
    """The same for several fidelities: SMAC looks at the names of the arguments."""
    return _never(config, seed)


def _smac_parameter(name: str, spec: Mapping[str, Any]) -> Any:
    """ConfigSpace's parameter for an entry of NNI's search space; steps are counted."""
    from ConfigSpace import Categorical, Float, Integer

    values = spec["_value"]
    if spec["_type"] == "choice":
        return Categorical(name, values)
    if spec["_type"] == "randint":
        return Integer(name, (values[0], values[1] - 1))
    if spec["_type"] == "qloguniform" and values[2] == 1:
        return Integer(name, (values[0], values[1]), log=True)
    if spec["_type"] == "quniform":
        low, high, step = values
        return Integer(name, (round(low / step), round(high / step)))
    if spec["_type"] in ("uniform", "loguniform"):
        return Float(name, (values[0], values[1]), log=spec["_type"] == "loguniform")
    raise NotComparable(f"{name}: {spec['_type']} of {values} has no counterpart in ConfigSpace")
