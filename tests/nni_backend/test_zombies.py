"""Zombies: processes that have ended, in a container whose first process asks after none."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from fast_experiments import HERE

from aerial_nni.nni_backend.process_reaper import MARK, is_gone, members, sweep

UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]

FIRST = """
import os, subprocess, sys, time
import psutil
from fast_experiments import wait_for
from pathlib import Path
from aerial_nni.nni_backend.process_reaper import is_manager, members
runs, port = sys.argv[1:]
command = [sys.executable, "launch_fast.py", runs, port, "1", "1"]
launcher = os.posix_spawn(sys.executable, command, os.environ)
trials = lambda: list(Path(runs).glob("*/*/options.json"))
experiment = wait_for(trials)[0].parent.parent.name
[manager] = [process for process in members(experiment) if is_manager(process)]
manager.kill()
zombies = lambda: [p.pid for p in psutil.process_iter() if p.status() == "zombie"]
wait_for(lambda: launcher in zombies())
print("left:", [pid for pid in zombies() if pid != launcher], flush=True)
"""


@pytest.mark.server
def test_the_launcher_lets_go_of_what_its_manager_left(
    runs: Path, port: int, monkeypatch: pytest.MonkeyPatch
):
    if subprocess.run([*UNSHARE, "true"], capture_output=True).returncode:
        pytest.skip("this user may not make a PID namespace")
    monkeypatch.setenv("FAST_SECONDS", "600")
    first = [*UNSHARE, sys.executable, "-c", FIRST, str(runs), str(port)]
    ran = subprocess.run(first, capture_output=True, text=True, cwd=HERE)
    assert ran.stdout.splitlines()[-1] == "left: []", ran.stdout + ran.stderr


def test_a_zombie_is_gone_and_nobody_waits_for_it():
    code = "import os, sys\nif os.fork(): sys.stdin.read()\n"  # the child becomes a zombie
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, MARK: "reaping-a"},
        stdin=subprocess.PIPE,
    )
    try:
        while not (children := psutil.Process(parent.pid).children()):
            time.sleep(0.05)
        while not is_gone(children[0]):
            time.sleep(0.05)
        assert children[0].is_running()  # psutil's word for a zombie too
        assert [process.pid for process in members("reaping-a")] == [parent.pid]
        os.kill(parent.pid, signal.SIGSTOP)
        assert sweep("reaping-a") == 1
        assert is_gone(psutil.Process(parent.pid))  # a zombie of this process, now
    finally:
        parent.kill()
        parent.communicate()
