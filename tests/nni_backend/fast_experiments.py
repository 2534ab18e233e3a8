"""Experiments of fast trials, in this process or another, and questions to their servers."""

import dataclasses
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from aerial_nni.config.options import TrialOptions
from aerial_nni.nni_backend import records
from aerial_nni.nni_backend.address import running_on
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.ports import free_port as free_port
from aerial_nni.nni_backend.process_reaper import members
from aerial_nni.nni_backend.records import Record
from aerial_nni.recipes.baseline.study import baseline
from aerial_nni.recipes.engine.search import Plan
from aerial_nni.recipes.hpo.study import hpo
from aerial_nni.tuners.methods import METHODS

HERE = Path(__file__).parent


def fast(seeds: int, *, epochs: int = 2, lr: list[float] | None = None) -> Definition:
    """A baseline whose trials take a second. With `lr`, one trial for each of these instead."""
    definition = baseline(TrialOptions.of(epochs=epochs), range(seeds))
    definition = dataclasses.replace(definition, module="fast_trial")
    if lr is None:
        return definition
    points = {"points": [{"lr": value} for value in lr]}
    return dataclasses.replace(
        definition,
        space={"lr": {"_type": "choice", "_value": lr}},
        tuner={**definition.tuner, "class_args": points},
        trials=len(lr),
    )


def search(trials: int, *, rates: Sequence[float] = (0.001, 0.002, 0.003, 0.004)) -> Definition:
    """A random search over a few learning rates, by a tuner that writes down what it hears."""
    return dataclasses.replace(
        fast(1),
        space={"lr": {"_type": "choice", "_value": list(rates)}},
        tuner={"class_name": "recording_tuner.RecordingRandomTuner", "class_args": {"seed": 1}},
        trials=trials,
    )


def fast_search(
    name: str, *, trials: int = 4, seeds: Sequence[int] = (1, 2), recorded: bool = False
) -> Definition:
    """What `hpo` runs with a method, with trials of a second; its tuner may write as above."""
    method = METHODS[name]
    if recorded:
        own = f"recording_tuner.Recording{method.class_name.rsplit('.', 1)[1]}"
        method = dataclasses.replace(method, class_name=own)
    definition = hpo(TrialOptions.of(epochs=3), method, Plan(trials=trials, seeds=seeds, epochs=3))
    return dataclasses.replace(definition, module="fast_trial")


def no_data(options: TrialOptions, folder: Path) -> TrialOptions:
    """Fast trials need no data."""
    folder.mkdir(parents=True)
    return options


class Launched:
    """An experiment of fast trials whose launcher is another process."""

    def __init__(
        self,
        runs: Path,
        port: int | None,
        *,
        seeds: int = 1,
        concurrency: int = 1,
        host: str = "127.0.0.1",
    ) -> None:
        self.runs, self.port = runs, port
        script = str(HERE / "launch_fast.py")
        arguments = [str(runs), str(port), str(seeds), str(concurrency), host]
        self.process = subprocess.Popen(
            [sys.executable, script, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def id(self) -> str:
        """The experiment's id, as soon as there is one."""
        written = wait_for(lambda: list(self.runs.glob("*/experiment.json")))
        return written[0].parent.name

    @property
    def record(self) -> Record:
        """The experiment's record as it is now."""
        return records.load(self.runs / self.id)

    def history(self) -> list[Path]:
        """History files that have been written."""
        return sorted(self.runs.glob(f"{self.id}/*/history.csv"))

    def end(self) -> str:
        """Waits for the launcher; what it printed."""
        printed, _ = self.process.communicate(timeout=600)
        return printed


def wait_for(condition: Callable[[], Any], *, seconds: float = 240.0) -> Any:
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return value


def processes(experiment: str) -> list[psutil.Process]:
    """What runs of an experiment, besides this process."""
    return members(experiment, besides=(os.getpid(),))


def listening(experiment: str) -> list[tuple[str, int]]:
    """Addresses on which processes of an experiment listen."""
    found = []
    for process in processes(experiment):
        try:
            connections = process.net_connections(kind="inet")
        except psutil.Error:
            continue
        found += [tuple(c.laddr) for c in connections if c.status == psutil.CONN_LISTEN]
    return found


def api(port: int) -> str:
    """The REST interface of what runs on the port; without a secret where NNI runs alone."""
    return f"{running_on(port) or f'http://127.0.0.1:{port}'}/api/v1/nni"


def ask(port: int, path: str, value: object = None) -> Any:
    data = None if value is None else json.dumps(value).encode()
    headers = {"Content-Type": "application/json"}
    url = f"{api(port)}/{path}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, data, headers), timeout=10) as answer:
            return json.loads(answer.read())
    except (OSError, ValueError):  # not up yet
        return None
