import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from fast_experiments import ask, free_port, no_data, processes

from aerial_nni.nni_backend import keep_ui_open
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.nni_backend.launch import launch
from aerial_nni.nni_backend.lifecycle import Outcome, Settings
from aerial_nni.nni_backend.process_reaper import sweep
from aerial_nni.nni_backend.records import NNI_DIRECTORY

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def fast_trials_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trials' Python finds the fast trial, as it would an installed package."""
    paths = [str(HERE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(dict.fromkeys(paths)))


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    """A runs directory; whatever a failing test leaves running is ended."""
    folder = tmp_path / "the runs"  # the space is on purpose
    yield folder
    nni = folder / NNI_DIRECTORY
    for experiment in nni.iterdir() if nni.is_dir() else ():
        sweep(experiment.name, besides=(os.getpid(),))


@pytest.fixture
def run_fast(runs: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Runs an experiment of fast trials in this process, to its end, without a document."""

    def run(definition: Definition, **settings: object) -> Outcome:
        chosen = Settings(**{"runs": runs, "port": port, **settings})  # type: ignore[arg-type]
        return launch(definition, chosen, prepare=no_data)

    return run


@pytest.fixture
def asked_at_the_end(port: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """NNI's answers to GET requests, asked when all trials have ended; give `stay=True`."""
    answers: dict[str, Any] = {}

    def look(*_: object) -> bool:
        experiment = ask(port, "experiment")["id"]
        for path in ("trial-jobs", "export-data", "metric-data"):
            answers[path] = ask(port, path)
        connections = [c for p in processes(experiment) for c in p.net_connections("inet")]
        answers["hosts"] = {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}
        answers["programs"] = {process.exe() for process in processes(experiment)}
        return False

    monkeypatch.setattr(keep_ui_open, "wait_for_the_end", look)
    return answers


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Any]]:
    """What the recording tuner has heard."""
    path = tmp_path / "heard"
    path.touch()
    monkeypatch.setenv("FAST_HEARD", str(path))
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]
