"""One experiment in which processes are killed, again and again, until it is let through."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from aerial_nni.bench.fault_deck import (
    CACHE,
    CHECKPOINT,
    DOCUMENT,
    FINAL,
    SEARCH,
    SIGNS,
    STOPPED,
    TRAINED,
    Fault,
)
from aerial_nni.bench.fault_findings import Findings
from aerial_nni.config import run_folder
from aerial_nni.config.options import TrialOptions
from aerial_nni.config.run_folder_schema import TrialRow
from aerial_nni.nni_backend import ports, ranking, records, rest_client
from aerial_nni.nni_backend.process_reaper import members, sweep
from aerial_nni.nni_backend.records import Record
from aerial_nni.nni_backend.trial_states import parameter_mismatches
from aerial_nni.trials.dummy_trial import score_of
from aerial_nni.tuners.trial import BEST, DEFAULT, PHASE
from aerial_nni.tuners.trial import SEARCH as SEARCHING

CLEAN = 60.0
"""Seconds after a launcher's end in which nothing of its experiment may be left."""


class Round:
    """One experiment and the faults that it meets."""

    def __init__(
        self,
        runs: Path,
        draw: random.Random,
        *,
        kind: str,
        trials: int,
        concurrency: int,
        patience: float,
    ) -> None:
        self.runs, self.draw, self.kind, self.patience = runs, draw, kind, patience
        self.trials, self.concurrency, self.epochs = trials, concurrency, 3
        self.findings: dict[str, Findings] = {}
        self.kills: list[str] = []
        self._finished: dict[str, TrialRow] = {}
        self._port = 0
        self._process: subprocess.Popen[Any] | None = None

    def run(self, faults: Sequence[Fault]) -> None:
        """Starts the experiment, lets the faults happen, then lets it come to its end."""
        for fault in faults:
            if not self._runs:
                self._start()
            struck = self._strike(fault)
            if struck:
                self.kills.append(fault.label)
            if fault.ends or not struck:
                self._end(fault.label, timed=struck)
        last = self.kills[-1] if self.kills else faults[-1].label
        for _ in range(4):  # a trial that was killed is made up for by a resume
            if self._runs:
                self._end(last)
            if self._complete():
                return
            self._start()
        self._end(last)
        if not self._complete():
            self._of(last).incomplete.append(f"{self.runs}: {self._record()}")

    @property
    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

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
            command += [self.kind, str(self.trials), str(self.concurrency), str(self.epochs)]
        else:
            command += ["resume", self._folder.name]
        self.runs.mkdir(parents=True, exist_ok=True)
        own = {"AERIAL_CACHE": str(self.runs.with_name("cache")), "PRETEND_SECONDS": "1"}
        with (self.runs / "launcher.log").open("a") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **own}
            )

    def _strike(self, fault: Fault) -> bool:
        """Waits for the moment and strikes; whether there was somebody to strike."""
        left = max(1, self.trials * self.epochs - self._written())
        epochs = self._written() + self.draw.randrange(left)
        delay = self.draw.random() * 2
        if "tensorboard" in fault.victims:  # it is to be there before the trials have ended
            delay = 0.0
        elif not fault.moment:
            self._until(lambda: self._written() >= epochs)
            time.sleep(delay)
        elif fault.moment == FINAL:
            self._until(self._retrains)
        chosen = self._until(lambda: self._victims(fault)) or []
        if fault.moment in MOMENTS:
            chosen = chosen if self._until(lambda: MOMENTS[fault.moment](self), every=0.002) else []
        if fault.moment == DOCUMENT:
            time.sleep(2 * delay)
        if not chosen or not self._runs:
            return False
        number = signal.SIGSTOP if fault.stopped else signal.SIGKILL
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in chosen:
                process.send_signal(number)
            if fault.stopped:
                time.sleep(STOPPED)
                for process in chosen:
                    process.send_signal(signal.SIGCONT)
            return True
        return False

    def _victims(self, fault: Fault) -> list[psutil.Process]:
        """One process for each victim, empty until each is there."""
        assert self._process is not None
        launcher = psutil.Process(self._process.pid)
        found: dict[str, list[psutil.Process]] = {"launcher": [launcher]}
        of = members(self._folder.name) if self._folder else []
        for process in (*of, *launcher.children()):
            for name, sign in {**SIGNS, "guard": "aerial_nni.nni_backend.process_reaper"}.items():
                if _has(process, sign):
                    found.setdefault(name, []).append(process)
        if "tensorboard" in fault.victims and "tensorboard" not in found:
            self._open_tensorboard()
        if not found.keys() >= set(fault.victims):
            return []
        return [self.draw.choice(found[name]) for name in fault.victims]

    def _open_tensorboard(self) -> None:
        record = self._record()
        if record is not None and record.trials:
            asked = f"{record.url}/api/v1/nni/tensorboard"
            with contextlib.suppress(rest_client.NoAnswer):
                rest_client.request("POST", asked, value={"trials": record.trials[0].id})

    def _retrains(self) -> bool:
        """Whether a trial of the best or the default configuration runs."""
        record = self._record()
        running = [t for t in record.trials if t.state == "RUNNING"] if record else []
        return any(t.parameters.get(PHASE) in (BEST, DEFAULT) for t in running)

    def _until(self, look: Callable[[], Any], *, every: float = 0.05) -> Any:
        """The first true value; None where the experiment ends before."""
        values: list[Any] = []

        def found() -> bool:
            values[:] = [look() if self._runs else None]
            return not self._runs or bool(values[-1])

        self._await(found, every=every)
        return values[-1] or None

    def _written(self) -> int:
        """Epochs of all trials so far."""
        files = self.runs.glob(f"*/*/{run_folder.HISTORY}")
        return sum(len(run_folder.read_history(path)) for path in files)

    def _await(self, condition: Callable[[], bool], *, every: float = 0.05) -> bool:
        deadline = time.monotonic() + self.patience
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(every)
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
            if not same or not ranking.is_good(folder / name):
                found.lost.append(f"{self.runs}: {before} is now {now}")
        for trial in record.trials:
            if parameter_mismatches(trial, folder) or trial.score not in (None, self._score(trial)):
                found.wrong.append(f"{self.runs}: {trial}")
            if trial.state == "SUCCEEDED":
                self._finished[trial.id] = trial
                if ranking.is_good(folder / trial.id) and not _whole(folder / trial.id):
                    found.lost.append(f"{self.runs}: the checkpoint of {trial} is damaged")

    def _score(self, trial: TrialRow) -> float | None:
        """What a trial that trains nothing scores; a true one scores what it scores."""
        if self.kind == TRAINED:
            return trial.score
        seed, lr = (trial.parameters.get(key, getattr(TrialOptions, key)) for key in ("seed", "lr"))
        return score_of(seed, lr)

    def _complete(self) -> bool:
        """Whether the record says that all is done, and every trial that should be is good."""
        record, folder = self._record(), self._folder
        if record is None or folder is None or record.state != "DONE":
            return False
        good = [trial.parameters for trial in record.trials if ranking.is_good(folder / trial.id)]
        if self.kind == SEARCH:
            phases = Counter(parameters[PHASE] for parameters in good)
            return phases == {SEARCHING: self.trials, BEST: 1, DEFAULT: 1}
        written = self.kind != TRAINED or _documented(self)
        return written and sorted(one["seed"] for one in good) == list(range(self.trials))


def _builds(one: Round) -> bool:
    return any(one.runs.with_name("cache").rglob(".*.new"))


def _saves(one: Round) -> bool:
    return any(one.runs.glob("*/*/.*.safetensors.*"))


def _ended(one: Round) -> bool:
    record = one._record()
    return record is not None and record.state == "DONE" and not _documented(one)


def _documented(one: Round) -> bool:
    return any(one.runs.glob("docs/*.md"))


MOMENTS = {CACHE: _builds, CHECKPOINT: _saves, DOCUMENT: _ended}
"""What is under way -> how that is seen, from the files."""


def _has(process: psutil.Process, sign: str) -> bool:
    """Whether a word of a process's command has a sign in it; not that of a shell before it."""
    with contextlib.suppress(psutil.Error):
        words = process.cmdline()  # empty once it has ended
        return words[:1] != ["/bin/bash"] and any(sign in word for word in words[1:])
    return False


def _whole(folder: Path) -> bool:
    """Whether a good trial's checkpoint has the digest on record."""
    recorded = run_folder.read_json(folder / run_folder.METRICS)["checkpoint"]["sha256"]
    same: bool = run_folder.sha256(folder / run_folder.CHECKPOINT) == recorded
    return same
