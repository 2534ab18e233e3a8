"""Finished runs of `bench hpo`, a line of JSON each, and the processes that make more of them.

An interrupted benchmark goes on where it was, and methods can be added later. A run counts for the
problem as it is now; where the method's code has changed since, it counts until it is run anew.
"""

import json
import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aerial_nni.bench.hpo_contestants import METHODS
from aerial_nni.bench.hpo_runs import Job, Run, fingerprint, run
from aerial_nni.config.errors import UserError

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
"""The last is joblib's, by which scikit-learn makes threads in SMAC3's forest."""


class RunsFailed(UserError):
    """Some runs raised an error. Those that ended are kept."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A finished run, with what it was of."""

    run: Run
    fingerprint: str
    """Of the problem."""
    code: str
    """Of the method: see `Method.code`."""


class Records:
    """The finished runs in a folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "runs.jsonl"
        self._found: dict[tuple[Any, ...], Record] = {}
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        for line in lines:
            try:
                values = json.loads(line)
            except json.JSONDecodeError:
                continue  # cut off when the machine stopped
            fields = {**values["run"], "losses": tuple(values["run"]["losses"]),
                      "seconds": tuple(values["run"]["seconds"])}  # fmt: skip
            self._note(Record(**{**values, "run": Run(**fields)}))

    def find(self, job: Job) -> Record | None:
        """The record of a job, on the problem as it is now."""
        problem = fingerprint(job.problem, job.data, job.data_dir)
        return self._found.get((job.method, job.problem, job.seed, job.trials, job.known, problem))

    def changed(self, job: Job) -> bool:
        """Whether the method's code is another one than when the job was done."""
        record = self.find(job)
        return record is not None and record.code != METHODS[job.method].code

    def add(self, job: Job, done: Run) -> None:
        """Keeps a run, on disk too."""
        problem = fingerprint(job.problem, job.data, job.data_dir)
        record = Record(run=done, fingerprint=problem, code=METHODS[job.method].code)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(record)) + "\n")
        self._note(record)

    def _note(self, record: Record) -> None:
        done = record.run
        place = (done.method, done.problem, done.seed, done.trials, done.known, record.fingerprint)
        self._found[place] = record


def run_all(jobs: Sequence[Job], records: Records, *, processes: int) -> None:
    """Does the jobs and keeps what comes of them; says on stderr how far it is.

    Raises:
        RunsFailed: some of them raised an error; the others were done.
    """
    if not jobs:
        return
    failures = []
    began = time.monotonic()
    context = multiprocessing.get_context("spawn")  # so that each reads the number of threads
    count = min(processes, len(jobs))
    with _one_thread(), ProcessPoolExecutor(count, context, end_with_parent) as pool:
        waiting = {pool.submit(_attempt, job): job for job in jobs}
        try:
            for number, future in enumerate(as_completed(waiting), 1):
                job, result = waiting[future], future.result()
                if isinstance(result, str):
                    failures.append((job, result))
                else:
                    records.add(job, result)
                minutes = (time.monotonic() - began) / number * (len(jobs) - number) / 60
                _say(number, len(jobs), job, result, minutes)
        except BrokenProcessPool as error:
            raise RunsFailed(
                "a process that ran a method was killed, for want of memory perhaps; "
                "the same command goes on, and --jobs 1 needs least"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if failures:
        job, reason = failures[0]
        raise RunsFailed(
            f"{len(failures)} of {len(jobs)} runs failed; the others are kept, and the same "
            f"command does what is missing. The first, {job.method} on {job.problem}, "
            f"seed {job.seed}:\n{reason}"
        )


def _attempt(job: Job) -> Run | str:
    """The run, or the traceback of what it raised."""
    import torch

    torch.set_num_threads(1)
    try:
        return run(job)
    except Exception:
        return traceback.format_exc()


def _say(number: int, count: int, job: Job, result: Run | str, minutes: float) -> None:
    said = (
        "FAILED"
        if isinstance(result, str)
        else f"best {min(result.losses, default=float('nan')):.4g}, "
        f"{1000 * sum(result.seconds) / len(result.seconds):.0f} ms per suggestion"
    )
    known = f" after {job.known} results" if job.known else ""
    print(
        f"[{number}/{count}] {job.method} on {job.problem}{known}, seed {job.seed}: {said}; "
        f"about {minutes:.0f} min left",
        file=sys.stderr,
        flush=True,
    )


def end_with_parent() -> None:
    """From now on this process ends when the one that started it does, however it does."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Numerical libraries of processes that start inside the block use one thread."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
