"""A watchdog process that ends an experiment's processes when its launcher has died.

NNI's manager, its dispatcher, the trials and a TensorBoard started from the UI are processes of
their own: when the process that started them is killed they live on and hold the port. Each of
them inherits the environment variables `MARK` and `LAUNCH`. The guard waits on a pipe whose other
end only the launcher holds; the operating system closes it however the launcher ends, SIGKILL
included. Then the guard ends every process that carries both marks.

Whoever kills the launcher may kill the guard with it (memory that ran out, a script that ends all
that it finds), so nobody relies on one process alone. The launcher ends its experiment by itself,
whatever became of the guard. The manager sees that its parent has changed, and starts another
guard if it still lives after that (node/trials.cjs, `orphan`). And what the manager starts is
killed with it by the system (tied_process.py): that needs no thread in the middle of a
computation, no code in a trial, and holds for a TensorBoard too. Left over are the processes of a
manager that was killed together with launcher and guard, on systems that are not Linux.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

import psutil

MARK = "AERIAL_NNI_EXPERIMENT"
"""Environment variable with the experiment's id, in every process that belongs to it."""

LAUNCH = "AERIAL_NNI_LAUNCH"
"""Environment variable that tells the launches of one experiment apart."""

GRACE = 2.0
"""Seconds between asking processes to end and killing them."""


class Guard:
    """The guard of one experiment. It acts when this process ends."""

    def __init__(self, experiment: str) -> None:
        """Starts the guard. Start it before any process of the experiment."""
        self.marks = {MARK: experiment, LAUNCH: secrets.token_hex(8)}
        environment = {key: value for key, value in os.environ.items() if key not in self.marks}
        command = [sys.executable, "-m", __name__, experiment, self.marks[LAUNCH]]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C and a closed terminal do not reach it
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def release(self) -> None:
        """Ends what is left of the experiment and returns when nothing is, guard included."""
        clear(self.marks[MARK], self.marks[LAUNCH])
        self._process.kill()
        self._process.communicate()


def members(
    experiment: str, *, launch: str | None = None, besides: Iterable[int] = ()
) -> list[psutil.Process]:
    """The living processes of an experiment, or of one launch of it, in the order of their start.

    Those with an id in `besides` are left out.
    """
    found = []
    for process in psutil.process_iter():
        if process.pid in besides:
            continue
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            environment = process.environ()
            if environment.get(MARK) != experiment:
                continue
            if launch is None or environment.get(LAUNCH) == launch:
                found.append((process.create_time(), process))
        except (psutil.Error, OSError):  # gone meanwhile, or another user's
            continue
    return [process for _, process in sorted(found, key=lambda pair: pair[0])]


def is_manager(process: psutil.Process) -> bool:
    """Whether the process is NNI's manager (its Node server)."""
    try:
        return any(part.endswith("main.js") for part in process.cmdline())
    except psutil.Error:
        return False


def sweep(experiment: str, *, launch: str | None = None, besides: Iterable[int] = ()) -> int:
    """Ends every process that `members` finds; returns how many there were.

    The manager is killed first and at once: seeing its trials end it would book them as failed,
    and NNI resumes only trials that it believes to be running.
    """
    ended: set[int] = set()
    for attempt in range(20):
        alive = members(experiment, launch=launch, besides=besides)
        if not alive:
            break
        ended.update(process.pid for process in alive)
        for process in alive:
            _send(process, signal.SIGKILL if is_manager(process) or attempt else signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while not all(map(is_gone, alive)) and time.monotonic() < deadline:
            time.sleep(0.02)
    return len(ended)


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended, whoever has still to be told."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def clear(experiment: str, launch: str) -> None:
    """Ends what there is of a launch, and what a dying process of it has just started."""
    sweep(experiment, launch=launch)
    time.sleep(0.1)
    sweep(experiment, launch=launch)


def _send(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:  # it has just ended
        pass


def main() -> None:
    """Waits for the end of the standard input, then sweeps."""
    experiment, launch = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while sys.stdin.buffer.read(1):
        pass
    clear(experiment, launch)


if __name__ == "__main__":
    main()
