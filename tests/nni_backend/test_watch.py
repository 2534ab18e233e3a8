"""Each way in which an experiment ends, with a server that says what the test tells it to."""

import dataclasses
import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from made_records import a_record, good_folder

from aerial_nni.config.run_folder_schema import Best, TrialRow
from aerial_nni.nni_backend import hang_detection, rest_client, watch
from aerial_nni.nni_backend.process_reaper import MARK
from aerial_nni.nni_backend.records import Record
from aerial_nni.nni_backend.server import Status
from aerial_nni.nni_backend.stop_conditions import End, Patience
from aerial_nni.nni_backend.watch import Watch


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
        self.looked: Callable[[int], None] = lambda number: None
        """Called at each look, with its number."""
        self.looks = 0

    def status(self, *, seconds: float) -> Status:
        self.looks += 1
        self.looked(self.looks)
        if self.silent:
            raise rest_client.NoAnswer("no connection")
        return Status(self.state, self.errors)

    def ask(self, path: str, *, seconds: float) -> Any:
        if path == "/trial-jobs":
            return self.jobs
        return {"execDuration": self.spent, "params": dict(self.params)}

    def reap(self) -> None:
        pass

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
    server: FakeServer, folder: Path, before: tuple[TrialRow, ...] = (), **patience: Any
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
    assert end == End(state="DONE", reason="all trials ended: 1 of 2 are good", over=False)
    assert record.best == Best(id="t0", score=0.5, folder="t0")
    assert "trial t1 failed" in progress.lines[0]


def test_done_without_a_good_trial_is_a_failure_that_shows_the_log(
    server: FakeServer, tmp_path: Path
):
    server.state, server.jobs = "DONE", [job("t0", "FAILED")]
    output = tmp_path / "nni" / "abcdefgh" / "environments" / "local-env" / "trials" / "t0"
    output.mkdir(parents=True)
    (output / "trial.stderr").write_text("ValueError: the reason\n")
    end, _, _ = watched(server, tmp_path)
    assert (end.state, end.reason) == ("FAILED", "all trials ended: 0 of 1 are good")
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


def test_failures_of_trials_that_a_person_added_are_none_of_the_search(
    server: FakeServer, tmp_path: Path
):
    added = {"parameter_id": None, "parameter_source": "customized", "parameters": {"lr": "oops"}}
    packed = {"hyperParameters": [json.dumps(added)]}
    mine = [{**job(f"c{number}", "FAILED"), **packed} for number in range(3)]
    server.jobs = [job("t0", "FAILED"), *mine, job("t1", "FAILED")]
    server.state = "DONE"
    end, record, _ = watched(server, tmp_path, failures=3)
    assert "0 of" in end.reason and "in a row" not in end.reason
    assert [trial.added for trial in record.trials].count(True) == 3


def test_failures_in_a_row(server: FakeServer, tmp_path: Path):
    server.jobs = [job("t0", "SUCCEEDED"), *(job(f"t{n}", "FAILED") for n in (1, 2, 3))]
    end, _, progress = watched(server, tmp_path, failures=3)
    assert (end.state, end.reason) == ("FAILED", "3 trials in a row failed")
    assert len(progress.lines) == 3


def test_failures_from_before_a_resume_do_not_count(server: FakeServer, tmp_path: Path):
    server.jobs = [job(f"t{n}", "FAILED") for n in (1, 2, 3, 4)]
    server.state = "DONE"
    before = tuple(
        TrialRow(id=f"t{n}", sequence=n, state="FAILED", parameters={}) for n in (1, 2, 3)
    )
    end, _, progress = watched(server, tmp_path, before, failures=3)
    assert end.reason == "all trials ended: 0 of 4 are good"
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
    monkeypatch.setattr(hang_detection, "MEASURE", 0.0)
    server.jobs, server.process = jobs, psutil.Process()
    end, _, _ = watched(server, tmp_path, idle=0.1)
    assert end.state == "FAILED"
    assert end.reason.startswith(reason)


def test_a_manager_that_died(server: FakeServer, tmp_path: Path):
    server.silent, server.exit_code = True, 7
    end, _, _ = watched(server, tmp_path)
    assert (end.state, end.reason) == ("FAILED", "NNI's manager ended with exit code 7")
    assert "what the manager said last" in end.details


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other at once."""
    monkeypatch.setattr(watch, "POLL", 0.05)
    monkeypatch.setattr(watch, "QUIET", 0.0)
    monkeypatch.setattr(hang_detection, "MEASURE", 0.0)


@pytest.mark.usefixtures("quick")
def test_a_manager_that_lives_and_does_not_answer_is_waited_for(server: FakeServer, tmp_path: Path):
    def answer_at_last(number: int) -> None:
        server.silent = number < 20

    server.looked, server.state, server.jobs = answer_at_last, "DONE", [job("t0", "SUCCEEDED")]
    good_folder(tmp_path / "t0", 0.5)
    end, _, progress = watched(server, tmp_path)
    assert (end.state, end.over) == ("DONE", True)
    assert len(progress.lines) == 1
    assert "NNI's manager does not answer as it should" in progress.lines[0]


@pytest.mark.long
@pytest.mark.usefixtures("quick")
def test_while_anything_moves_a_silent_manager_is_waited_for(server: FakeServer, tmp_path: Path):
    history = tmp_path / "t0" / "history.csv"
    history.parent.mkdir()

    def go_silent(number: int) -> None:
        server.silent = number > 1
        if number < 40:  # two seconds, four times as long as is borne without a move
            history.write_text("epoch")
            os.utime(history, (number, number))

    server.looked, server.jobs, server.process = go_silent, [job("t0", "RUNNING")], psutil.Process()
    end, _, _ = watched(server, tmp_path, idle=0.5)
    assert server.looks >= 40
    assert (end.state, end.over) == ("FAILED", False)
    assert "manager has not answered, nor has anything moved" in end.reason


@pytest.mark.long
def test_processor_time_of_a_trial_is_a_move_and_that_of_tensorboard_is_none():
    busy = [sys.executable, "-c", "while True: pass"]
    marks = {**os.environ, MARK: "stillness-a"}
    board = subprocess.Popen(busy, env=marks)
    trial = None
    try:
        while sum(psutil.Process(board.pid).cpu_times()) < 2.5:
            time.sleep(0.1)
        assert hang_detection._processor_time("stillness-a") == 0
        trial = subprocess.Popen(busy, env={**marks, "NNI_TRIAL_JOB_ID": "t0"})
        while not hang_detection._processor_time("stillness-a"):
            time.sleep(0.1)
    finally:
        for process in filter(None, (board, trial)):
            process.kill()
            process.wait()


ODD: list[tuple[str, Any]] = [
    ("jobs", {"error": "no"}),
    ("jobs", [{"trialJobId": "t0"}]),
    ("jobs", None),
    ("params", {}),
    ("params", None),
    ("spent", "long"),
]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("name", "value"), ODD)
def test_an_odd_answer_is_told_once_and_ends_nothing(
    server: FakeServer, tmp_path: Path, name: str, value: Any
):
    server.jobs = [job("t0", "SUCCEEDED")]
    good_folder(tmp_path / "t0", 0.5)
    right = getattr(server, name)

    def answer_oddly(number: int) -> None:
        server.state = "DONE" if number >= 8 else "RUNNING"  # DONE for a second ends the watch
        setattr(server, name, value if 2 <= number < 8 else right)

    server.looked = answer_oddly
    end, record, progress = watched(server, tmp_path)
    assert (end.state, server.looks >= 8) == ("DONE", True)
    assert [line for line in progress.lines if "as it should" in line] == progress.lines[:1]
    assert record.best is not None


@pytest.mark.usefixtures("quick")
def test_a_record_that_cannot_be_written_is_told_and_ends_nothing(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Record, "save", fail)
    server.state, server.jobs = "DONE", [job("t0", "SUCCEEDED")]
    good_folder(tmp_path / "t0", 0.5)
    end, _, progress = watched(server, tmp_path)
    assert end.state == "DONE"
    assert "not up to date: [Errno 28] No space left on device" in progress.lines[0]


@pytest.mark.usefixtures("quick")
def test_time_in_which_the_watch_itself_stood_still_does_not_count(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A suspended machine, a container that was paused, a launcher that was stopped."""
    frozen = 0.0
    monkeypatch.setattr(hang_detection.time, "monotonic", lambda: time.perf_counter() + frozen)

    def freeze(number: int) -> None:
        nonlocal frozen
        if number == 10:
            frozen = 3600.0
        if number == 20:
            server.state, server.jobs = "DONE", [job("t0", "SUCCEEDED")]

    good_folder(tmp_path / "t0", 0.5)
    server.looked, server.jobs, server.process = freeze, [job("t0", "RUNNING")], psutil.Process()
    end, _, _ = watched(server, tmp_path)
    assert end.state == "DONE"


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


@pytest.mark.parametrize(("spent", "seconds"), [(0.001, 0.5), (0.04, 2.0), (3.0, 10.0)])
def test_looks_that_cost_more_are_rarer(spent: float, seconds: float):
    assert watch.pause(spent) == pytest.approx(seconds)
