"""One experiment in which processes are killed, again and again, until it is let through."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from aerial_nni import results
from aerial_nni.bench.fault_findings import Findings
from aerial_nni.experiments import ports, records
from aerial_nni.experiments.guard import is_manager, members, sweep
from aerial_nni.experiments.records import Record, Trial
from aerial_nni.experiments.snapshot import booked_wrongly
from aerial_nni.trials.pretend import score_of

VICTIMS = ("trial", "dispatcher", "manager", "launcher")
CLEAN = 30.0
"""Seconds after a launcher's end in which nothing of its experiment may be left."""


@dataclass(frozen=True)
class Fault:
    """A kill: of whom, after how many epochs of all trials together, and how much later."""

    victim: str
    epochs: int
    delay: float


class Round:
    """One experiment and the faults that it meets."""

    def __init__(
        self, runs: Path, draw: random.Random, *, trials: int, concurrency: int, patience: float
    ) -> None:
        self.runs, self.draw, self.patience = runs, draw, patience
        self.trials, self.concurrency, self.epochs = trials, concurrency, 3
        self.findings: dict[str, Findings] = {}
        self.kills: list[str] = []
        self._finished: dict[str, Trial] = {}
        self._port = 0
        self._process: subprocess.Popen | None = None

    def run(self, faults: int) -> None:
        """Starts the experiment, kills `faults` times, then lets it come to its end."""
        for _ in range(faults):
            fault = self._fault()
            self._start()
            struck = self._strike(fault)
            if struck:
                self.kills.append(fault.victim)
            self._end(fault.victim, timed=struck and fault.victim != "trial")
        last = self.kills[-1] if self.kills else VICTIMS[-1]
        for _ in range(3):  # a trial that was killed is made up for by a resume
            if self._complete():
                return
            self._start()
            self._end(last)
        if not self._complete():
            self._of(last).incomplete.append(f"{self.runs}: {self._record()}")

    def _fault(self) -> Fault:
        """Of somebody, after some of the epochs that are left, the next of all as likely."""
        left = self.trials * self.epochs - self._written()
        epochs = self._written() + self.draw.randrange(max(1, left))
        return Fault(self.draw.choice(VICTIMS), epochs, self.draw.random() * 2)

    def _of(self, victim: str) -> Findings:
        return self.findings.setdefault(victim, Findings())

    @property
    def _folder(self) -> Path | None:
        return next(iter(records.folders(self.runs)), None)

    def _record(self) -> Record | None:
        return records.load(self._folder) if self._folder else None

    def _start(self) -> None:
        self._port = ports.free_port()
        command = [sys.executable, "-m", "aerial_nni.bench.fault_launcher"]
        command += [str(self.runs), str(self._port)]
        if self._folder is None:
            command += ["launch", str(self.trials), str(self.concurrency), str(self.epochs)]
        else:
            command += ["resume", self._folder.name]
        self.runs.mkdir(parents=True, exist_ok=True)
        with (self.runs / "launcher.log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def _strike(self, fault: Fault) -> bool:
        """Waits for the moment and kills; whether there was somebody to kill."""
        assert self._process is not None
        process = self._process
        if not self._await(lambda: process.poll() is not None or self._written() >= fault.epochs):
            return False
        time.sleep(fault.delay)
        found: list[psutil.Process] = []
        self._await(lambda: process.poll() is not None or bool(found := self._victims(fault)))
        found = found or self._victims(fault)
        if process.poll() is not None or not found:
            return False
        try:
            self.draw.choice(found).kill()
        except psutil.NoSuchProcess:
            return False
        return True

    def _victims(self, fault: Fault) -> list[psutil.Process]:
        assert self._process is not None
        if fault.victim == "launcher":
            return [psutil.Process(self._process.pid)] if self._process.poll() is None else []
        if self._folder is None:
            return []
        return [p for p in members(self._folder.name) if _is(p, fault.victim)]

    def _written(self) -> int:
        """Epochs of all trials so far."""
        files = self.runs.glob(f"*/*/{results.HISTORY}")
        return sum(len(results.read_history(path)) for path in files)

    def _await(self, condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + self.patience
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _end(self, victim: str, *, timed: bool = False) -> None:
        """Waits for the launcher's end, and looks at what it leaves; `timed`: from now on."""
        assert self._process is not None
        process, since = self._process, time.monotonic()
        if not self._await(lambda: process.poll() is not None):
            self._of(victim).hangs.append(f"{self.runs}: the launcher did not end")
            process.kill()
        process.wait()
        if self._folder is not None:
            self._look_for_orphans(self._folder.name, victim)
            seconds = time.monotonic() - since
            self._look_at_trials(self._folder, victim)
            if timed:
                self._of(victim).waited = max(self._of(victim).waited, seconds)

    def _look_for_orphans(self, experiment: str, victim: str) -> None:
        deadline = time.monotonic() + CLEAN
        while (left := members(experiment)) or not ports.is_free(self._port):
            if time.monotonic() > deadline:
                told = [" ".join(process.cmdline()) for process in left] or ["the port is held"]
                self._of(victim).orphans.append(f"{self.runs}: {told}")
                sweep(experiment)
                return
            time.sleep(0.1)

    def _look_at_trials(self, folder: Path, victim: str) -> None:
        found, record = self._of(victim), records.load(folder)
        known = {trial.id: trial for trial in record.trials}
        for name, before in self._finished.items():
            now = known.get(name)
            same = now is not None and (now.state, now.score) == (before.state, before.score)
            if not same or not records.is_good(folder / name):
                found.lost.append(f"{self.runs}: {before} is now {now}")
        for trial in record.trials:
            seed = trial.parameters.get("seed", -1)
            if booked_wrongly(trial, folder) or trial.score not in (None, score_of(seed)):
                found.wrong.append(f"{self.runs}: {trial}")
            if trial.state == "SUCCEEDED":
                self._finished[trial.id] = trial

    def _complete(self) -> bool:
        """Whether every seed has a good trial, and the record says so."""
        record, folder = self._record(), self._folder
        if record is None or folder is None or record.state != "DONE":
            return False
        good = [t.parameters["seed"] for t in record.trials if records.is_good(folder / t.id)]
        return sorted(good) == list(range(self.trials))


def _is(process: psutil.Process, victim: str) -> bool:
    try:
        if victim == "manager":
            return is_manager(process)
        sign = "--exp_params" if victim == "dispatcher" else "aerial_nni.trials.pretend"
        return sign in process.cmdline()
    except psutil.Error:
        return False
