"""A contestant of a benchmark in a process of its own, so that its peak of memory is its own."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from aerial_nni.config.errors import UserError
from aerial_nni.inference.cost import peak_memory

TURN, PEAK = "turn", "peak"
"""What a worker is asked."""


class RunFailed(UserError):
    """A command or a process of a benchmark failed; the message ends with what it printed."""


class Worker:
    """The process; called, it does a turn and says how many seconds that took.

    `module` is run with `words` and calls `answer`.
    """

    def __init__(self, name: str, module: str, words: Sequence[str], *, threads: int) -> None:
        self.name = name
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.__exit__(None, None, None)  # closes its input, at whose end it ends
        self.errors.close()

    def __call__(self) -> float:
        """Seconds that a turn took."""
        return self._ask(TURN)

    def peak(self) -> float:
        """Most bytes of memory that were resident at any time."""
        return self._ask(PEAK)

    def _ask(self, question: str) -> float:
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            print(question, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            self.errors.seek(0)
            raise RunFailed(f"{self.name} ended:\n{self.errors.read()[-2000:]}")
        answered: float = json.loads(answer)
        return answered


def answer(work: Callable[[], object]) -> None:
    """Answers what a worker is asked until its input ends; a turn is a call of `work`."""
    for line in sys.stdin:
        print(seconds(work) if line.strip() == TURN else peak_memory(), flush=True)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
