"""One run of `bench hpo`: a method on a problem with a seed, until its epochs are spent."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from aerial_nni.bench.hpo_contestants import METHODS
from aerial_nni.bench.hpo_opponents import Contestant
from aerial_nni.bench.hpo_problems import EPOCHS, FUNCTIONS, Problem, Training
from aerial_nni.bench.hpo_task import pixel_problem

PIXELS = "pixels"
"""Name of the real training beside those of `FUNCTIONS`."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be run. With `known`, only `trials` suggestions after so many results."""

    method: str
    problem: str
    seed: int
    trials: int
    known: int = 0
    data: str = "scenes"
    data_dir: str = ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of a job."""

    method: str
    problem: str
    seed: int
    trials: int
    known: int
    losses: tuple[float, ...]
    """Of the configurations that were trained for all epochs, in their order."""
    started: int
    """Configurations that were trained at all."""
    seconds: tuple[float, ...]
    """CPU time for each of `started`: until it was suggested, and for learning its losses."""


@cache
def find_problem(name: str, data: str, data_dir: str) -> Problem:
    """The problem of a job. Raises `KeyError` where there is none of this name."""
    return pixel_problem(data, data_dir) if name == PIXELS else FUNCTIONS[name]


@cache
def fingerprint(name: str, data: str, data_dir: str) -> str:
    """The fingerprint of a problem, worked out once."""
    return find_problem(name, data, data_dir).fingerprint()


def run(job: Job) -> Run:
    """Does a job."""
    problem = find_problem(job.problem, job.data, job.data_dir)
    contestant = METHODS[job.method].start(problem, job.seed, job.known + job.trials)
    if job.known:
        known = problem.some(job.known, seed=job.seed)
        contestant.learn([(config, problem.loss(config)) for config in known])
    ledger, losses, seconds = search(contestant, problem, epochs=job.trials * EPOCHS)
    return Run(
        method=job.method,
        problem=job.problem,
        seed=job.seed,
        trials=job.trials,
        known=job.known,
        losses=tuple(losses),
        started=ledger.started,
        seconds=tuple(seconds),
    )


class Ledger:
    """Epochs that were spent. A configuration that is asked for more of them goes on."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._stopped: dict[str, tuple[Training, int]] = {}
        self.spent = 0
        self.started = 0

    def train(self, config: Mapping[str, Any], epochs: int) -> float:
        """The loss after `epochs`; trained so far or further already, it starts over."""
        key = json.dumps(config, sort_keys=True)
        training, done = self._stopped.pop(key, (None, 0))
        if training is None or done >= epochs:
            training, done = self._problem.start(config), 0
            self.started += 1
        self.spent += epochs - done
        if epochs < EPOCHS:
            self._stopped[key] = training, epochs
        return training(epochs)


def search(
    contestant: Contestant, problem: Problem, *, epochs: int
) -> tuple[Ledger, list[float], list[float]]:
    """Asks and tells until the epochs are spent; the losses of full trainings, and the seconds.

    They are CPU time: a run has one thread, and other programs may share the processor.
    """
    ledger = Ledger(problem)
    losses: list[float] = []
    seconds: list[float] = []
    while ledger.spent < epochs:
        started = time.process_time()
        config, length = contestant.ask()
        asked = time.process_time()
        loss = ledger.train(config, length)
        trained = time.process_time()
        contestant.tell(loss)
        if ledger.started > len(seconds):
            seconds.append(0.0)
        seconds[-1] += asked - started + time.process_time() - trained
        if length == EPOCHS and ledger.spent <= epochs:
            losses.append(loss)
    return ledger, losses, seconds
