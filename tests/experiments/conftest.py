import dataclasses
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from aerial_nni.experiments import conduct
from aerial_nni.experiments.baseline import baseline
from aerial_nni.experiments.conduct import Outcome, Settings
from aerial_nni.experiments.definition import Definition
from aerial_nni.experiments.guard import members
from aerial_nni.experiments.launch import launch
from aerial_nni.experiments.records import NNI_DIRECTORY
from aerial_nni.options import TrialOptions

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Fast trials are found by the trials' Python, as an installed package would be."""
    paths = [str(HERE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))


@pytest.fixture
def port() -> int:
    return free_port()


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    """A runs directory; whatever a failing test leaves running is ended."""
    folder = tmp_path / "the runs"  # the space is on purpose
    yield folder
    from aerial_nni.experiments.guard import sweep

    nni = folder / NNI_DIRECTORY
    for experiment in nni.iterdir() if nni.is_dir() else ():
        sweep(experiment.name, besides=(os.getpid(),))


def fast(seeds: int, *, epochs: int = 2, lr: list[float] | None = None) -> Definition:
    """A baseline whose trials take a second. With `lr`, one trial for each of these instead."""
    definition = baseline(TrialOptions(epochs=epochs), range(seeds))
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


def no_data(options: TrialOptions, folder: Path) -> TrialOptions:
    """Fast trials need no data."""
    folder.mkdir(parents=True)
    return options


@pytest.fixture
def run_fast(runs: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Runs an experiment of fast trials in this process, to its end, without a document."""
    monkeypatch.setattr(conduct, "write_document", lambda *_: None)

    def run(definition: Definition, **settings: object) -> Outcome:
        chosen = Settings(**{"runs": runs, "port": port, **settings})  # type: ignore[arg-type]
        return launch(definition, chosen, prepare=no_data)

    return run


class Launched:
    """An experiment of fast trials whose launcher is another process."""

    def __init__(self, runs: Path, port: int, *, seeds: int, concurrency: int = 1) -> None:
        self.runs, self.port = runs, port
        script = str(HERE / "launch_fast.py")
        arguments = [str(runs), str(port), str(seeds), str(concurrency)]
        self.process = subprocess.Popen(
            [sys.executable, script, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def id(self) -> str:
        """The experiment's id, as soon as there is one."""
        return wait_for(lambda: [path.parent for path in self.runs.glob("*/experiment.json")])[
            0
        ].name

    def history(self) -> list[Path]:
        """History files that have been written."""
        return sorted(self.runs.glob(f"{self.id}/*/history.csv"))

    def end(self) -> str:
        """Waits for the launcher; what it printed."""
        printed, _ = self.process.communicate(timeout=120)
        return printed


def wait_for(condition: Callable[[], object], *, seconds: float = 60.0) -> object:
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return value


def processes(experiment: str) -> list[psutil.Process]:
    """What runs of an experiment, besides this process."""
    return members(experiment, besides=(os.getpid(),))
