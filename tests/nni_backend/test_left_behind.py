"""Whatever is killed together, nothing is left behind, and the experiment can go on."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest
from fast_experiments import Launched, ask, wait_for

from aerial_nni.nni_backend import ports, ranking, records
from aerial_nni.nni_backend.process_reaper import members

pytestmark = pytest.mark.server

SIGNS = {
    "manager": "main.js",
    "dispatcher": "--exp_params",
    "trial": "fast_trial",
    "tensorboard": "--logdir_spec",
}
"""Kind of process -> the end of a word of its command."""
KINDS = ("launcher", "guard", *SIGNS)


def kinds(launcher: subprocess.Popen, experiment: str) -> dict[str, psutil.Process]:
    """The processes of an experiment by their kind."""
    found = {"launcher": psutil.Process(launcher.pid)}
    for process in (*members(experiment), *psutil.Process(launcher.pid).children()):
        words = [word for word in process.cmdline() if word != "tied.py"]
        for kind, sign in {**SIGNS, "guard": "nni_backend.process_reaper"}.items():
            if any(word.endswith(sign) for word in words) and "bash" not in words[0]:
                found[kind] = process
    return found


def all_kinds(launcher: subprocess.Popen, experiment: str, port: int) -> dict[str, psutil.Process]:
    """The same, when each kind is there; TensorBoard is started for it."""
    trial = wait_for(lambda: ask(port, "trial-jobs"))[0]["trialJobId"]
    assert wait_for(lambda: ask(port, "tensorboard", {"trials": trial}))

    def complete() -> dict[str, psutil.Process] | None:
        try:
            found = kinds(launcher, experiment)
        except psutil.Error:
            return None
        return found if len(found) == len(KINDS) else None

    return wait_for(complete)


def kill(processes: Iterable[psutil.Process]) -> None:
    """Nothing runs between two kills: all are stopped first, the first-born first."""
    chosen = list(processes)
    for process in chosen:
        process.send_signal(signal.SIGSTOP)
    for process in chosen:
        process.kill()


def nothing_left(experiment: str, port: int) -> bool:
    return not members(experiment) and ports.is_free(port)


@pytest.mark.parametrize("killed", [("launcher", "guard"), ("launcher", "guard", "manager")])
def test_the_second_line_of_defence(
    runs: Path, port: int, killed: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    launched = Launched(runs, port)
    found = all_kinds(launched.process, launched.id, port)
    kill(found[kind] for kind in killed)
    launched.end()
    wait_for(lambda: nothing_left(launched.id, port))


def test_a_manager_that_has_only_just_begun_is_not_left_behind(runs: Path, port: int):
    launched = Launched(runs, port)
    experiment, found = launched.id, {}
    while "manager" not in found:
        with contextlib.suppress(psutil.Error):
            found = kinds(launched.process, experiment)
    found["manager"].suspend()
    kill(found[kind] for kind in ("launcher", "guard"))
    found["manager"].resume()
    launched.end()
    wait_for(lambda: nothing_left(experiment, port))


@pytest.mark.parametrize(
    ("leave", "kind"),
    [
        ("orphan", "manager"),
        ("orphan,tied", "trial"),
        pytest.param("orphan,tied", "manager", marks=pytest.mark.slow),
    ],
)
def test_nni_alone_leaves_them_behind(
    runs: Path, port: int, leave: str, kind: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "600")
    monkeypatch.setenv("AERIAL_NNI_LEAVE", leave)
    launched = Launched(runs, port)
    wait_for(lambda: list(runs.glob("*/*/options.json")))  # else the trial asks in vain, and ends
    found = all_kinds(launched.process, launched.id, port)
    kill(found[one] for one in KINDS[:3] if one != kind)
    launched.end()
    with pytest.raises(psutil.TimeoutExpired):
        found[kind].wait(10)


@pytest.mark.slow
def test_no_two_processes_that_are_killed_together_leave_anything(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAST_SECONDS", "0.1 600")
    launched = Launched(runs, port, seeds=5)
    experiment, launcher = launched.id, launched.process
    again = [sys.executable, "-m", "aerial_nni.run", "resume", experiment, "--exit"]
    again += ["--runs", str(runs), "--port", str(port)]
    for pair in itertools.combinations(KINDS, 2):
        found = all_kinds(launcher, experiment, port)
        kill(found[kind] for kind in pair)
        if not {"launcher", "manager", "dispatcher"}.intersection(pair):
            launcher.terminate()  # it goes on without them
        launcher.communicate(timeout=600)
        wait_for(lambda: nothing_left(experiment, port))
        launcher = subprocess.Popen(again, stdout=subprocess.DEVNULL, env=dict(os.environ))
    launcher.terminate()
    launcher.wait(600)
    monkeypatch.setenv("FAST_SECONDS", "0.1")
    subprocess.run(again, stdout=subprocess.DEVNULL, check=False)
    record = records.load(runs / experiment)
    good = [t for t in record.trials if ranking.is_good(runs / experiment / t.id)]
    # A trial that is killed beside a manager that lives has failed; the others go on.
    assert record.state == "DONE" and len(good) >= 2, record.reason
