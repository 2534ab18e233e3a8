import os
import subprocess
import sys
import time

import psutil
import pytest

from aerial_nni.nni_backend.process_reaper import LAUNCH, MARK, members, sweep

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
]


def marked(experiment: str, command: list[str]) -> subprocess.Popen:
    return subprocess.Popen(command, env={**os.environ, MARK: experiment})


def test_sweep_ends_the_experiments_processes_and_no_other():
    mine = [marked("guard-a", SLEEP), marked("guard-a", STUBBORN)]
    other = marked("guard-b", SLEEP)
    try:
        time.sleep(0.5)  # until the stubborn one is stubborn
        assert sweep("guard-a") == 2
        assert not members("guard-a")
        assert [process.pid for process in members("guard-b")] == [other.pid]
    finally:
        for process in (*mine, other):
            process.kill()
            process.wait()


def test_sweep_spares_those_it_is_told_to():
    process = marked("guard-c", SLEEP)
    try:
        assert sweep("guard-c", besides=(process.pid,)) == 0
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_a_sweep_of_one_launch_spares_the_next_of_the_same_experiment():
    environment = {**os.environ, MARK: "guard-e", LAUNCH: "second"}
    process = subprocess.Popen(SLEEP, env=environment)
    try:
        assert sweep("guard-e", launch="first") == 0
        assert sweep("guard-e", launch="second") == 1
    finally:
        process.kill()
        process.wait()


@pytest.mark.server
def test_the_guard_acts_when_its_launcher_is_killed():
    script = (
        "import os, subprocess, sys, time\n"
        "from aerial_nni.nni_backend.process_reaper import Guard\n"
        "guard = Guard('guard-of-a-killed-launcher')\n"
        "child = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "process = subprocess.Popen(child, env={**os.environ, **guard.marks},"
        " start_new_session=True)\n"
        "print(process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    launcher = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert launcher.stdout is not None
    child = psutil.Process(int(launcher.stdout.readline()))
    launcher.kill()
    launcher.wait()
    launcher.stdout.close()
    psutil.wait_procs([child], timeout=20)
    assert not members("guard-of-a-killed-launcher")
