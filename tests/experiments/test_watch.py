"""Each way in which an experiment ends, with a server that says what the test tells it to."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from made_records import a_record, good_folder

from aerial_nni.experiments import rest, stillness
from aerial_nni.experiments.patience import End, Patience
from aerial_nni.experiments.records import Record, Trial
from aerial_nni.experiments.server import Status
from aerial_nni.experiments.watch import Watch


class FakeServer:
    """What a watch asks NNI's server."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.state, self.errors = "RUNNING", ()
        self.jobs: list[dict[str, Any]] = []
        self.spent = 0
        self.params: dict[str, Any] = {
            "maxTrialNumber": 1,
            "trialConcurrency": 1,
            "maxExperimentDuration": "60s",
        }
        self.exit_code: int | None = None
        self.silent = False
        self.elsewhere = False
        self.fetched: list[str] = []
        self.process: psutil.Process | None = None

    def status(self) -> Status:
        if self.silent:
            raise rest.NoAnswer("no connection")
        return Status(self.state, self.errors)

    def ask(self, path: str) -> Any:
        if path == "/trial-jobs":
            return self.jobs
        return {"execDuration": self.spent, "params": dict(self.params)}

    def fetch_output(self, trial: str) -> None:
        self.fetched.append(trial)

    def dispatcher(self) -> psutil.Process | None:
        return self.process


class Silent:
    """Progress that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def update(self, record: Record) -> None:
        pass

    def say(self, line: str) -> None:
        self.lines.append(line)

    def close(self) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    logs = tmp_path / "log"
    logs.mkdir()
    (logs / "dispatcher.log").write_text("what the dispatcher said last\n")
    (logs / "manager.err").write_text("what the manager said last\n")
    return FakeServer(logs)


def job(name: str, state: str, **more: Any) -> dict[str, Any]:
    packed = '{"parameter_id": 0, "parameters": {"seed": 3, "flip": false}}'
    number = int(name[1:])
    return {
        "trialJobId": name,
        "status": state,
        "sequenceId": number,
        "hyperParameters": [packed],
        "startTime": 1000 * number,
        "endTime": 2000 * number,
        **more,
    }


def watched(
    server: FakeServer, folder: Path, before: tuple[Trial, ...] = (), **patience: Any
) -> tuple[End, Record, Silent]:
    limits = {"trials": 4, "concurrency": 1, "max_minutes": 1}
    record = a_record(nni_directory=str(folder / "nni"), trials=list(before), limits=limits)
    progress = Silent()
    chosen = dataclasses.replace(Patience(), **patience)
    given = Watch(server, record, folder, progress=progress, patience=chosen)  # type: ignore[arg-type]
    return given.run(), record, progress


def test_done_with_a_good_trial(server: FakeServer, tmp_path: Path):
    server.state, server.jobs = "DONE", [job("t0", "SUCCEEDED"), job("t1", "FAILED")]
    good_folder(tmp_path / "t0", 0.5)
    end, record, progress = watched(server, tmp_path)
    assert end == End(state="DONE", reason="all trials ended: 1 of 2 are good")
    assert record.best == {"id": "t0", "score": 0.5, "folder": "t0"}
    assert "trial t1 failed" in progress.lines[0]


def test_done_without_a_good_trial_is_a_failure_that_shows_the_log(
    server: FakeServer, tmp_path: Path
):
    server.state, server.jobs = "DONE", [job("t0", "FAILED")]
    output = tmp_path / "nni" / "abcdefgh" / "environments" / "local-env" / "trials" / "t0"
    output.mkdir(parents=True)
    (output / "trial.stderr").write_text("ValueError: the reason\n")
    end, _, _ = watched(server, tmp_path)
    again = "go on with: python -m aerial_nni.run resume abcdefgh"
    assert (end.state, end.reason) == ("FAILED", f"all trials ended: 0 of 1 are good; {again}")
    assert "ValueError: the reason" in end.details
    assert str(output / "trial.stderr") in end.details
    by_hand = "python -m aerial_nni.trials.baseline --options"
    assert by_hand in end.details
    assert f"--seed 3 --no-flip --out {tmp_path / 't0'}" in end.details


def test_a_tuner_with_nothing_more_to_suggest(server: FakeServer, tmp_path: Path):
    server.state, server.jobs = "TUNER_NO_MORE_TRIAL", [job("t0", "SUCCEEDED")]
    good_folder(tmp_path / "t0", 0.5)
    end, _, _ = watched(server, tmp_path, settled=0.1)
    assert end.state == "DONE"
    assert "no more to suggest" in end.reason


def test_an_error_of_nni(server: FakeServer, tmp_path: Path):
    server.state, server.errors = "ERROR", ("the tuner raised",)
    end, _, _ = watched(server, tmp_path)
    assert (end.state, end.reason) == ("FAILED", "NNI reports an error: the tuner raised")
    assert "what the dispatcher said last" in end.details


def test_failures_in_a_row(server: FakeServer, tmp_path: Path):
    server.jobs = [job("t0", "SUCCEEDED"), *(job(f"t{n}", "FAILED") for n in (1, 2, 3))]
    end, _, progress = watched(server, tmp_path, failures=3)
    assert (end.state, end.reason) == ("FAILED", "3 trials in a row failed")
    assert len(progress.lines) == 3


def test_failures_from_before_a_resume_do_not_count(server: FakeServer, tmp_path: Path):
    server.jobs = [job(f"t{n}", "FAILED") for n in (1, 2, 3, 4)]
    server.state = "DONE"
    before = tuple(Trial(id=f"t{n}", sequence=n, state="FAILED", parameters={}) for n in (1, 2, 3))
    end, _, progress = watched(server, tmp_path, before, failures=3)
    assert end.reason.startswith("all trials ended: 0 of 4 are good; ")
    assert len(progress.lines) == 1


def test_a_dispatcher_that_died(server: FakeServer, tmp_path: Path):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    server.process = psutil.Process(process.pid)
    process.communicate()
    end, _, _ = watched(server, tmp_path)
    assert (end.state, end.reason) == ("FAILED", "NNI's dispatcher (the tuner) died")
    assert "what the dispatcher said last" in end.details


def test_a_dispatcher_that_died_before_it_was_seen(server: FakeServer, tmp_path: Path):
    end, _, _ = watched(server, tmp_path, settled=0.1)
    assert (end.state, end.reason) == ("FAILED", "NNI's dispatcher (the tuner) died")


@pytest.mark.parametrize(("good", "state"), [(True, "DONE"), (False, "STOPPED")])
def test_the_time_limit(server: FakeServer, tmp_path: Path, good: bool, state: str):
    server.spent, server.jobs = 61, [job("t0", "RUNNING")]
    if good:
        good_folder(tmp_path / "t0", 0.5)
    end, _, _ = watched(server, tmp_path)
    assert end.state == state
    assert "the time limit of 1 minutes was reached" in end.reason


def test_a_full_disk(server: FakeServer, tmp_path: Path):
    end, _, _ = watched(server, tmp_path, disk=1 << 62)
    assert end.state == "FAILED"
    assert "nearly full" in end.reason


@pytest.mark.parametrize(
    ("jobs", "reason"),
    [([job("t0", "RUNNING")], "no trial has moved"), ([], "NNI has started no trial")],
)
def test_nothing_moves(
    server: FakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    jobs: list[dict[str, Any]],
    reason: str,
):
    monkeypatch.setattr(stillness, "MEASURE", 0.0)
    server.jobs = jobs
    end, _, _ = watched(server, tmp_path, idle=0.1, nothing=0.1)
    assert end.state == "FAILED"
    assert end.reason.startswith(reason)


def test_a_manager_that_died(server: FakeServer, tmp_path: Path):
    server.silent, server.exit_code = True, 7
    end, _, _ = watched(server, tmp_path)
    assert (end.state, end.reason) == ("FAILED", "NNI's manager ended with exit code 7")
    assert "what the manager said last" in end.details


def test_a_manager_that_does_not_answer(server: FakeServer, tmp_path: Path):
    server.silent = True
    end, _, _ = watched(server, tmp_path, silence=0.1)
    assert end.state == "FAILED"
    assert "has not answered" in end.reason


def test_a_server_that_was_stopped_elsewhere(server: FakeServer, tmp_path: Path):
    server.state = "STOPPING"
    end, _, _ = watched(server, tmp_path)
    assert end.state == "STOPPED"


def test_a_trial_that_ran_with_other_parameters_is_told(server: FakeServer, tmp_path: Path):
    server.state, server.jobs = "DONE", [job("t0", "SUCCEEDED")]
    good_folder(tmp_path / "t0", 0.5)
    (tmp_path / "t0" / "options.json").write_text('{"seed": 4, "flip": false}')
    _, _, progress = watched(server, tmp_path)
    assert progress.lines == ["warning: trial t0 ran with other parameters: {'seed': (3, 4)}"]
