"""What each of many trials costs the processes that run an experiment, and the UI at their end.

The trials train nothing: they have the files of one that did. No process may open more than
`FILES` files.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil

from aerial_nni.bench.table import Part
from aerial_nni.bench.worker import RunFailed
from aerial_nni.config import run_folder
from aerial_nni.nni_backend import ports, records, rest_client
from aerial_nni.nni_backend.process_reaper import is_manager, members

FILES = 256
"""Limit of open files of each process; systems begin at 1024."""

CONCURRENCY = 6
SAMPLES = 10
Value = TypeVar("Value")
WHO = ("launcher", "manager", "dispatcher")


def measure_many(count: int, like: Path, runs: Path) -> list[Part]:
    """A table of what the trials cost as they become more, and one of what is to be seen then."""
    with _experiment(count, like, runs) as launcher:
        parts = [_cost(count, launcher, runs)]
        record = _await(launcher, lambda: _over(runs))
        seen = [("`list`", _timed(["aerial_nni.run", "list", "--runs", str(runs)]))]
        seen += _shown(record.url)
    words = ["report", record.id, "--runs", str(runs), "--docs", str(runs / "document.md")]
    seen.append(("`report`", _timed(["aerial_nni.run", *words])))
    rows = tuple(seen)
    parts.append(Part(title=f"With {count} trials", columns=("What", "Seconds"), rows=rows))
    return parts


def describe_many() -> tuple[str, ...]:
    """Notes on these tables."""
    return (
        f"trials that train nothing: a search by TPE, {CONCURRENCY} at once, each of one epoch "
        "with the files of a trained one",
        f"no process may have more than {FILES} files open",
    )


@contextmanager
def _experiment(count: int, like: Path, runs: Path) -> Iterator[subprocess.Popen[Any]]:
    """The experiment's launcher. It ends with the block."""
    command = [sys.executable, "-m", "aerial_nni.bench.fault_launcher"]
    command += [str(runs), str(ports.free_port()), "many", str(count), str(CONCURRENCY)]
    command += [str(like.parent / "options.yaml")]
    environment = {**os.environ, "PRETEND_AS": str(like), "PRETEND_SECONDS": "0"}
    runs.mkdir(parents=True)
    with (runs / "launcher.log").open("w") as log:
        launcher = subprocess.Popen(
            ["sh", "-c", f"ulimit -n {FILES}; exec {shlex.join(command)}"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield launcher
    finally:
        launcher.terminate()
        launcher.wait()


def _cost(count: int, launcher: subprocess.Popen[Any], runs: Path) -> Part:
    """A row for each tenth of the trials."""
    columns = ["Trials", "Seconds for each"]
    columns += [f"{who}: processor time for each (s)" for who in WHO]
    columns += [f"{who}: memory (MiB)" for who in WHO]
    columns += [f"{who}: open files" for who in WHO]
    rows, before = [], None
    for step in range(SAMPLES + 1):
        wanted = max(1, step * count // SAMPLES)
        while (reached := _await(launcher, lambda: _ended(runs))) < wanted:
            time.sleep(0.2)
        now, of = time.monotonic(), _processes(launcher, runs)
        spent = [sum(process.cpu_times()[:2]) for process in of]
        if before is not None and reached > before[0]:
            more = reached - before[0]
            each = [(now - before[1]) / more]
            each += [(one - earlier) / more for one, earlier in zip(spent, before[2], strict=True)]
            memory = [f"{process.memory_info().rss / 2**20:.0f}" for process in of]
            opened = [str(process.num_fds()) for process in of]
            rows.append((str(reached), *(f"{value:.3f}" for value in each), *memory, *opened))
        before = (reached, now, spent)
    return Part(
        title=f"{count} trials that train nothing", columns=tuple(columns), rows=tuple(rows)
    )


def _processes(launcher: subprocess.Popen[Any], runs: Path) -> list[psutil.Process]:
    """Launcher, manager and dispatcher."""
    of = members(_folder(runs).name)
    manager = next(process for process in of if is_manager(process))
    dispatcher = next(process for process in of if "--exp_params" in process.cmdline())
    return [psutil.Process(launcher.pid), manager, dispatcher]


def _folder(runs: Path) -> Path:
    return next(runs.glob(f"*/{run_folder.EXPERIMENT}")).parent


def _ended(runs: Path) -> int:
    return sum(1 for _ in runs.glob(f"*/*/{run_folder.METRICS}"))


def _over(runs: Path) -> records.Record | None:
    record = records.load(_folder(runs))
    return None if record.state == "RUNNING" else record


def _await(launcher: subprocess.Popen[Any], look: Callable[[], Value | None]) -> Value:
    """The first true value. Raises `RunFailed` where the launcher ends before."""
    while not (value := look()):
        if launcher.poll() is not None:
            raise RunFailed("the experiment of many trials ended early; see its launcher.log")
        time.sleep(1.0)
    return value


def _shown(url: str) -> list[tuple[str, float]]:
    """Seconds of what the UI asks its server for, and of its pages where there is a browser."""
    from aerial_nni.browser.chromium import NoBrowser, chromium
    from aerial_nni.browser.pages import Detail, Overview

    began = time.perf_counter()
    rest_client.request("GET", f"{url}/api/v1/nni/trial-jobs", seconds=600)
    seen = [("the server's list of trials", time.perf_counter() - began)]
    try:
        with chromium() as driver:
            for name, look in (
                ("overview", lambda: Overview(driver, url).summary_with_best(seconds=600)),
                ("trials detail", lambda: Detail(driver, url).rows()),
            ):
                began = time.perf_counter()
                look()
                seen.append((f"the UI's page {name}, in Chromium", time.perf_counter() - began))
    except NoBrowser:
        pass
    return seen


def _timed(words: list[str]) -> float:
    began = time.perf_counter()
    ran = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True)
    if ran.returncode:
        raise RunFailed(f"{shlex.join(words)} failed:\n{ran.stderr[-2000:]}")
    return time.perf_counter() - began
