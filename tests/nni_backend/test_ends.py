"""What happens when processes are killed, trials fail, and people go on afterwards."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from fast_experiments import Launched, ask, fast, free_port, processes, wait_for

from aerial_nni.config import run_folder
from aerial_nni.nni_backend import (
    hang_detection,
    keep_ui_open,
    lifecycle,
    ports,
    records,
    stored_experiments,
)
from aerial_nni.nni_backend.lifecycle import Outcome, Settings
from aerial_nni.nni_backend.process_reaper import is_gone, is_manager
from aerial_nni.nni_backend.records import ExperimentRunning, Record
from aerial_nni.nni_backend.stop_conditions import Patience

pytestmark = pytest.mark.server

Run = Callable[..., Outcome]

TYPED = "python -m aerial_nni.run resume abc"


@pytest.fixture
def resume(runs: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Outcome]:
    settings = Settings(runs=runs, port=port, command_line=TYPED)
    return lambda experiment: stored_experiments.resume(settings, experiment)


def seeds_of(record: Record) -> list[int]:
    return sorted(trial.parameters["seed"] for trial in record.trials if trial.score is not None)


def test_a_killed_launcher_leaves_nothing_and_the_experiment_goes_on(
    runs: Path, port: int, resume: Callable[[str], Outcome], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "1.5")
    launched = Launched(runs, port, seeds=3)
    wait_for(lambda: len(launched.history()) == 2)  # the first has ended, the second is half done
    running = processes(launched.id)
    launched.process.kill()
    launched.end()
    wait_for(lambda: all(map(is_gone, running)))
    assert not processes(launched.id)
    assert ports.is_free(port)
    folder = runs / launched.id
    cut = records.load(folder)
    assert cut.state == "STOPPED"
    assert f"resume {launched.id}" in cut.reason
    first = next(trial for trial in cut.trials if trial.score is not None)
    written = (folder / first.id / run_folder.METRICS).stat().st_mtime_ns

    outcome = resume(launched.id)
    assert outcome.good
    assert [one.line for one in records.load(folder).resumes] == [TYPED]
    assert seeds_of(outcome.record) == [0, 1, 2]
    assert [trial.sequence for trial in outcome.record.trials] == [0, 1, 2]
    assert (folder / first.id / run_folder.METRICS).stat().st_mtime_ns == written
    second = outcome.record.trials[1]
    history = run_folder.read_history(folder / second.id / run_folder.HISTORY)
    assert len({row["process"] for row in history}) == 2  # it went on, it did not start again


def test_an_experiment_whose_trial_stands_still_is_ended(
    run_fast: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    monkeypatch.setattr(hang_detection, "MEASURE", 1.0)
    outcome = run_fast(fast(1), patience=Patience(idle=20.0))
    record = records.load(outcome.folder)
    again = f"go on with: python -m aerial_nni.run resume {record.id}"
    assert record.state == "FAILED"
    assert record.reason.startswith(f"no trial has moved for 20 s; {again}")
    assert [trial.score for trial in record.trials] == [None]
    assert not processes(record.id)
    assert ports.is_free(record.port)


def test_failed_trials_are_told_and_made_up_for_by_a_resume(
    run_fast: Run,
    resume: Callable[[str], Outcome],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
):
    monkeypatch.setenv("FAST_FAIL", "1")
    monkeypatch.setenv("FAST_DIE", "2")
    outcome = run_fast(fast(3))
    assert outcome.good  # one of three is
    again = f"go on with: python -m aerial_nni.run resume {outcome.record.id}"
    assert outcome.record.reason.startswith(f"all trials ended: 1 of 3 are good; {again}")
    told = capfd.readouterr().err
    assert "RuntimeError: seed 1 was told to fail" in told
    failed = outcome.record.trials[1]
    assert f"{failed.id}/trial.stderr" in told
    assert "python -m fast_trial --options" in told
    reason = (outcome.folder / failed.id / run_folder.FAILURE).read_text()
    assert reason == "RuntimeError: seed 1 was told to fail\n"
    died = outcome.record.trials[2]
    assert died.state == "FAILED"  # and not cancelled by the user, as NNI alone has it
    assert "error: killed by a signal" in told
    assert f"or, when this is over, {again}" in told
    assert f"{outcome.record.id} done: {outcome.record.reason}" in told
    assert "killed by a signal" in (outcome.folder / died.id / run_folder.FAILURE).read_text()

    monkeypatch.delenv("FAST_FAIL")
    monkeypatch.delenv("FAST_DIE")
    outcome = resume(outcome.record.id)
    assert seeds_of(outcome.record) == [0, 1, 2]
    again = next(t for t in outcome.record.trials if t.parameters["seed"] == 2 and t.score)
    assert again.id != died.id
    history = run_folder.read_history(outcome.folder / again.id / run_folder.HISTORY)
    assert len({row["process"] for row in history}) == 2  # it took over what the other had left
    assert not (outcome.folder / died.id).exists()
    assert outcome.record.reason == "all trials ended: 3 of 3 are good"  # of those planned
    assert len({trial.sequence for trial in outcome.record.trials}) == 5


def test_an_experiment_whose_trials_all_fail_is_no_success(
    run_fast: Run, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
):
    monkeypatch.setenv("FAST_FAIL", "0 1 2 3")
    outcome = run_fast(fast(4))
    assert not outcome.good
    assert outcome.record.state == "FAILED"
    assert outcome.record.reason.startswith("3 trials in a row failed; ")
    assert outcome.record.best is None
    told = capfd.readouterr().err
    assert "seed 2 was told to fail" in told
    assert told.splitlines()[-1] == f"{outcome.record.id} failed: {outcome.record.reason}"
    assert f"resume {outcome.record.id}" in told.splitlines()[-1]


def test_a_disk_without_room_ends_the_experiment_and_a_resume_goes_on(
    run_fast: Run, resume: Callable[[str], Outcome], capfd: pytest.CaptureFixture
):
    outcome = run_fast(fast(2), patience=Patience(disk=1 << 62))
    record = records.load(outcome.folder)
    assert record.state == "FAILED"
    assert "is nearly full" in record.reason
    assert f"resume {record.id}" in record.reason
    assert capfd.readouterr().err.splitlines()[-1] == f"{record.id} failed: {record.reason}"
    assert resume(record.id).good


def test_an_error_of_the_launcher_itself_says_how_to_go_on(
    run_fast: Run, runs: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
):
    def fail(*_: object) -> None:
        raise MemoryError("no room\nfor anything")

    monkeypatch.setattr(lifecycle.Watch, "run", fail)
    with pytest.raises(MemoryError):
        run_fast(fast(1))
    (folder,) = records.folders(runs)
    record = records.load(folder)
    assert record.state == "FAILED"
    assert record.reason.startswith("MemoryError: no room; go on with: ")
    assert f"resume {record.id}" in capfd.readouterr().err.splitlines()[-1]
    assert not processes(record.id)


@pytest.mark.parametrize("victim", ["dispatcher", pytest.param("manager", marks=pytest.mark.slow)])
def test_a_killed_part_of_nni_ends_the_experiment(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch, victim: str
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    launched = Launched(runs, port, seeds=1)

    def part() -> list[psutil.Process]:
        if not records.load(runs / launched.id).trials:
            return []
        wanted = processes(launched.id)
        if victim == "manager":
            return [process for process in wanted if is_manager(process)]
        return [process for process in wanted if "--exp_params" in process.cmdline()]

    wait_for(part)[0].kill()
    printed = launched.end()
    assert launched.process.returncode == 1
    assert "FAILED" in printed
    assert victim in printed
    assert f"resume {launched.id}" in printed.splitlines()[-1]
    assert f"resume {launched.id}" in launched.record.reason
    assert not processes(launched.id)


def the(victim: str, experiment: str) -> psutil.Process:
    """A process of an experiment, by what it does in it."""
    wanted = {"manager": "main.js", "dispatcher": "--exp_params", "trial": "fast_trial"}[victim]
    return wait_for(lambda: [p for p in processes(experiment) if wanted in str(p.cmdline())])[0]


@pytest.mark.slow
def test_a_manager_that_was_stopped_is_waited_for(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "2")
    launched = Launched(runs, port, seeds=2)
    wait_for(launched.history)
    manager = the("manager", launched.id)
    manager.suspend()
    assert launched.process.stdout is not None
    for line in launched.process.stdout:
        if "NNI's manager does not answer as it should" in line:
            break
    manager.resume()
    assert "DONE all trials ended: 2 of 2 are good" in launched.end()


@pytest.mark.slow
def test_a_manager_that_stays_stopped_ends_the_experiment(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    monkeypatch.setenv("FAST_IDLE", "40")
    launched = Launched(runs, port, seeds=1)
    the("trial", launched.id)
    the("manager", launched.id).suspend()
    printed = launched.end()
    assert "NNI's manager has not answered, nor has anything moved, for 40 s" in printed
    assert f"resume {launched.id}" in printed.splitlines()[-1]
    assert not processes(launched.id)


@pytest.mark.slow
@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("victim", ["manager", "dispatcher", "trial"])
def test_what_was_stopped_for_75_seconds_goes_on(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch, victim: str
):
    monkeypatch.setenv("FAST_SECONDS", "3")
    monkeypatch.setenv("FAST_RATES", "4")
    launched = Launched(runs, port)
    wait_for(launched.history)
    stopped, dispatcher = the(victim, launched.id), the("dispatcher", launched.id)
    stopped.suspend()
    time.sleep(75)
    stopped.resume()
    assert not is_gone(dispatcher)
    assert "DONE all trials ended: 4 of 4 are good" in launched.end()
    log = runs / records.NNI_DIRECTORY / launched.id / "log" / "dispatcher.log"
    assert "Retry" not in log.read_text()  # the dispatcher had no need to connect again


def test_the_time_limit_ends_a_running_trial_and_the_ui_stays_to_be_read(
    run_fast: Run,
    port: int,
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
):
    seen = []

    def look(*_: object) -> bool:
        seen.append((ask(port, "check-status")["status"], len(ask(port, "trial-jobs"))))
        return False

    monkeypatch.setenv("FAST_SECONDS", "600")
    monkeypatch.setattr(keep_ui_open, "wait_for_the_end", look)
    outcome = run_fast(fast(1), max_minutes=0.05, stay=True)
    assert not outcome.good
    assert outcome.record.state == "STOPPED"
    assert "the time limit of 0.05 minutes" in outcome.record.reason
    assert outcome.record.trials[0].state == records.CUT_OFF

    def look_once_more() -> bool:
        with pytest.raises(ExperimentRunning, match="is open in the web UI .* stop"):
            stored_experiments.resume(Settings(runs=runs, port=free_port()), outcome.record.id)
        url = records.load(runs / outcome.record.id).url
        stored_experiments.view(
            Settings(runs=runs, port=free_port()), outcome.record.id
        )  # starts no other
        assert capfd.readouterr().err.endswith(f"experiment {outcome.record.id}: {url}\n")
        return look()

    monkeypatch.setattr(stored_experiments, "wait_for_the_end", look_once_more)
    stored_experiments.view(Settings(runs=runs, port=port), outcome.record.id)
    assert seen == [("VIEWED", 1)] * 2
    assert not records.load(runs / outcome.record.id).alive
    assert not processes(outcome.record.id)


def test_a_closed_terminal_ends_the_experiment(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    launched = Launched(runs, port, seeds=1)
    folder = runs / launched.id
    wait_for(lambda: records.load(folder).trials)
    assert launched.process.stdout is not None
    launched.process.stdout.close()  # nobody reads what it prints any more
    launched.process.send_signal(signal.SIGHUP)
    launched.process.wait(60)
    record = records.load(folder)
    assert (record.state, record.trials[0].state) == ("STOPPED", records.CUT_OFF)
    assert "stopped by a signal" in record.reason
    assert not processes(launched.id)


def test_stop_ends_a_running_experiment_and_resume_refuses_it_before(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch, resume: Callable[[str], Outcome]
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    launched = Launched(runs, port, seeds=1)
    folder = runs / launched.id
    wait_for(lambda: records.load(folder).trials)
    assert records.load(folder).state == "RUNNING"
    with pytest.raises(records.ExperimentRunning, match=f"stop {launched.id}"):
        resume(launched.id)
    launched.process.send_signal(signal.SIGSTOP)  # Ctrl-Z
    record = stored_experiments.stop(runs, launched.id)
    launched.end()
    assert record.state == "STOPPED"
    assert "resume" in record.reason
    assert record.trials[0].state == records.CUT_OFF
    assert not processes(launched.id)
    assert ports.is_free(port)
