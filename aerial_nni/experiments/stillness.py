"""Noticing that nothing moves: no trial changes its state and no process uses a processor."""

import time
from collections.abc import Hashable

import psutil

from aerial_nni.experiments.guard import is_manager, members

MEASURE = 5.0
"""Seconds between two looks at what the processes of the experiment use."""


class Stillness:
    """For how long an experiment has stood still."""

    def __init__(self, experiment: str) -> None:
        self.experiment = experiment
        self._seen: Hashable = None
        self._moved = time.monotonic()
        self._measured = 0.0

    def seconds(self, state: Hashable) -> float:
        """Seconds since `state` or the use of processors changed; looked at now and then."""
        if time.monotonic() - self._measured < MEASURE:
            return 0.0
        self._measured = time.monotonic()
        seen = (state, _processor_time(self.experiment))
        if seen != self._seen:
            self._seen, self._moved = seen, time.monotonic()
        return time.monotonic() - self._moved


def _processor_time(experiment: str) -> int:
    """Processor time of dispatcher and trials, in units of two seconds."""
    total = 0.0
    for process in members(experiment):
        try:
            if not is_manager(process):
                spent = process.cpu_times()
                total += spent.user + spent.system
        except psutil.Error:
            continue
    return int(total // 2)


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended, whoever has still to be told."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True
