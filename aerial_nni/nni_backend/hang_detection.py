"""Hang detection: no trial changes its state and no process uses the processor."""

import time
from collections.abc import Hashable

import psutil

from aerial_nni.nni_backend.process_reaper import members

MEASURE = 5.0
"""Seconds between two looks at what the processes of the experiment use."""

UNSEEN = 300.0
"""Seconds without a look after which the waiting begins anew: the watch itself stood still."""

WORKERS = ("NNI_TRIAL_JOB_ID", "SDK_PROCESS")
"""Environment variables of trials and of the dispatcher, which the manager and TensorBoard, busy
with nothing for ever, do not have."""


class Stillness:
    """For how long an experiment has stood still."""

    def __init__(self, experiment: str) -> None:
        self.experiment = experiment
        self._seen: Hashable = None
        self._moved = self._measured = float("-inf")

    def seconds(self, state: Hashable) -> float:
        """Seconds since `state` or the use of processors changed; looked at now and then."""
        now = time.monotonic()
        unseen = now - self._measured
        if unseen < MEASURE:
            return 0.0
        self._measured = now
        seen = (state, _processor_time(self.experiment))
        if seen != self._seen or unseen > UNSEEN:
            self._seen, self._moved = seen, now
        return now - self._moved


def _processor_time(experiment: str) -> int:
    """Processor time of dispatcher and trials and of their children, in units of two seconds."""
    total = 0.0
    for process in members(experiment):
        try:
            if any(name in process.environ() for name in WORKERS):
                total += sum(process.cpu_times())
        except (psutil.Error, OSError):
            continue
    return int(total // 2)
