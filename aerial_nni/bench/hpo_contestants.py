"""Who takes part in `bench hpo`: the nine methods, Random, and the libraries' own samplers."""

import ast
import hashlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import aerial_nni
from aerial_nni.bench.hpo_opponents import Config, Contestant, History, Optuna, Smac
from aerial_nni.bench.hpo_problems import EPOCHS, Problem
from aerial_nni.config.errors import with_extra
from aerial_nni.tuners.trial import BUDGET, visible


class Tuner:
    """One of our tuners, driven as NNI's server drives it."""

    def __init__(self, problem: Problem, *, name: str, **arguments: Any) -> None:
        module, _, kind = name.rpartition(".")
        make = getattr(importlib.import_module(module), kind)
        self._tuner = make(optimize_mode="minimize", **arguments)
        self._tuner.update_search_space(problem.space)
        self._number = -1
        self._parameters: Config = {}

    def ask(self) -> tuple[Config, int]:
        """The tuner's next suggestion, for its budget of epochs or for all of them."""
        self._number += 1
        self._parameters = self._tuner.generate_parameters(self._number)
        return visible(self._parameters), round(self._parameters.get(BUDGET, EPOCHS))

    def tell(self, loss: float) -> None:
        """The final result of the trial, then its end."""
        self._tuner.receive_trial_result(self._number, self._parameters, {"default": loss})
        self._tuner.trial_end(self._number, True, parameters=self._parameters, event="SUCCEEDED")

    def learn(self, history: History) -> None:
        """Imports the data as NNI does after a resume."""
        self._tuner.import_data(
            [{"parameter": config, "value": {"default": loss}} for config, loss in history]
        )


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to search. `start(problem, seed, trials)` begins a run of it."""

    name: str
    title: str
    start: Callable[[Problem, int, int], Contestant]
    module: str
    """What must be there to import; its code, or its version, is noted with every result."""
    fidelity: bool = False
    """Whether it trains some configurations for less than all epochs."""

    @property
    def ours(self) -> bool:
        """Whether it is a tuner of this package and not a library's."""
        return "." in self.module

    def check(self) -> None:
        """Raises `ExtraMissing` where the method cannot be imported."""
        with_extra(self.module, "bench")

    @cached_property
    def code(self) -> str:
        """What is measured: a digest of the method's code, or the library's version."""
        try:
            return f"{self.module} {version(self.module)}"
        except PackageNotFoundError:
            return digest(self.module)


def _ours(name: str, title: str, kind: str, *, module: str = "", fidelity: bool = False) -> Method:
    """A method of ours; with budgets, epochs end the search and the trials are not known before."""
    where = f"aerial_nni.tuners.{module or name}"

    def start(problem: Problem, seed: int, trials: int) -> Contestant:
        length = {"max_budget": EPOCHS} if fidelity else {"trials": trials}
        return Tuner(problem, name=f"{where}.{kind}", seed=seed, **length)

    return Method(name=name, title=title, start=start, module=where, fidelity=fidelity)


def _optuna(name: str, title: str, *, sampler: str, fidelity: bool = False) -> Method:
    def start(problem: Problem, seed: int, trials: int) -> Contestant:
        return Optuna(problem.space, seed=seed, sampler=sampler, pruned=fidelity)

    return Method(name=name, title=title, start=start, module="optuna", fidelity=fidelity)


def _smac(problem: Problem, seed: int, trials: int, *, fidelity: bool) -> Contestant:
    return Smac(problem.space, seed=seed, trials=trials, fidelity=fidelity)


METHODS = {
    method.name: method
    for method in (
        _ours("tpe", "TPE", "TPETuner"),
        _ours("anneal", "Anneal", "AnnealTuner"),
        _ours("evolution", "Evolution", "EvolutionTuner"),
        _ours("smac", "SMAC", "SMACTuner"),
        _ours("hyperband", "Hyperband", "HyperbandTuner", fidelity=True),
        _ours("metis", "Metis", "MetisTuner"),
        _ours("bohb", "BOHB", "BOHBTuner", fidelity=True),
        _ours("gp", "GP", "GPTuner"),
        _ours("dngo", "DNGO", "DNGOTuner"),
        _ours("random", "Random", "RandomTuner", module="random_grid"),
        _optuna("optuna-tpe", "Optuna TPE", sampler="tpe"),
        _optuna("optuna-gp", "Optuna GP", sampler="gp"),
        _optuna("optuna-hyperband", "Optuna TPE, Hyperband pruner", sampler="tpe", fidelity=True),
        Method(name="smac3", title="SMAC3", start=partial(_smac, fidelity=False), module="smac"),
        Method(
            name="smac3-hyperband",
            title="SMAC3 multi-fidelity",
            start=partial(_smac, fidelity=True),
            module="smac",
            fidelity=True,
        ),
    )
}
"""All who can take part, in the order of the table."""


def digest(module: str) -> str:
    """Digest of a module's code and that of everything of its package that it imports.

    Comments and layout do not enter it; docstrings do.
    """
    package = module.rpartition(".")[0]
    seen: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = Path(aerial_nni.__file__).parent.parent / f"{name.replace('.', '/')}.py"
        if name in seen or not path.is_file():
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        seen[name] = ast.dump(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package):
                waiting += [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [a.name for a in node.names if a.name.startswith(package)]
    text = "\n".join(f"{name} {seen[name]}" for name in sorted(seen))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
