"""Watching an experiment to its end, which always comes, and always has a reason.

NNI itself goes on for ever in `RUNNING` when its dispatcher dies or raises, and in
`TUNER_NO_MORE_TRIAL` when the tuner has nothing more to suggest.

A manager that has ended is noticed at once. One that lives and does not answer, or not with what it
should, is waited for as long as anything of the experiment moves, and then for `Patience.idle`.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from aerial_nni.config.run_folder_schema import TrialRow
from aerial_nni.nni_backend import failures, rest_client
from aerial_nni.nni_backend.hang_detection import Stillness
from aerial_nni.nni_backend.kind import PLAIN, Kind
from aerial_nni.nni_backend.limit_edits import EditedLimits
from aerial_nni.nni_backend.process_reaper import is_gone
from aerial_nni.nni_backend.progress import Progress
from aerial_nni.nni_backend.ranking import best_of, is_good
from aerial_nni.nni_backend.records import CUT_OFF, Record
from aerial_nni.nni_backend.server import Server, Status
from aerial_nni.nni_backend.stop_conditions import End, Patience
from aerial_nni.nni_backend.trial_states import (
    FAILURES,
    UNFINISHED,
    parameter_mismatches,
    trials_of,
    written,
)

POLL, SHARE, RARELY = 0.5, 0.02, 10.0
"""Seconds between two looks, at least; the part of a processor that looks may take, since each one
costs more the more trials there are; and seconds between them at most.
"""

ANSWER = (20.0, 120.0)
"""Seconds that one answer may take: at first, and when there has been none for as long as that."""

QUIET = 10.0
"""Seconds without a right answer after which that is said: a manager that ends refuses first."""

ODD = (rest_client.NoAnswer, OSError, LookupError, TypeError, ValueError, AttributeError)
"""What a look raises where there is no answer or a strange one, or where a file cannot be used."""


class Watch:
    """Follows one experiment: keeps its record, shows its progress, decides when it is over."""

    def __init__(
        self,
        server: Server,
        record: Record,
        folder: Path,
        *,
        progress: Progress,
        patience: Patience | None = None,
        edits: EditedLimits | None = None,
        kind: Kind = PLAIN,
    ) -> None:
        self.server, self.record, self.folder = server, record, folder
        self.progress, self.patience = progress, patience or Patience()
        self._answered, self._waits = time.monotonic(), False
        self._since: dict[str, float] = {}
        self._edits, self._kind = edits or EditedLimits(), kind
        self._still = Stillness(record.id)
        self._dispatcher: psutil.Process | None = None
        # On a resume: what ended before it is neither told again nor counted as a failure.
        old = (trial for trial in record.trials if trial.state not in (*UNFINISHED, CUT_OFF))
        self._before = {trial.id for trial in old}
        self._told = set(self._before)
        self._seen: list[TrialRow] = []

    def run(self) -> End:
        """Returns when the experiment is over. The record is up to date and saved."""
        while True:
            began = time.process_time()
            end = self._look()
            if end is not None:
                return end
            time.sleep(pause(time.process_time() - began))

    def _look(self) -> End | None:
        self.server.reap()
        least, most = ANSWER
        silent = time.monotonic() - self._answered
        seconds = min(max(least, silent), most)
        try:
            status = self.server.status(seconds=seconds)
            jobs = self.server.ask("/trial-jobs", seconds=seconds)
            trials = self._seen = trials_of(jobs, self.folder, known=self._seen)
            profile = self.server.ask("/experiment", seconds=seconds)
            self._note(trials, edited=self._edits.follow(self.record, profile["params"]))
            checks: Sequence[Callable[[], End | None]] = (
                lambda: self._nni_says(status, trials),
                lambda: self._too_many_failures(trials),
                lambda: self._dispatcher_gone(status),
                lambda: self._out_of_time(profile, trials),
                lambda: self._disk_full(),
                lambda: self._nothing_moves(status, trials),
            )
            end = next((end for check in checks if (end := check()) is not None), None)
        except ODD as error:
            return self._unanswered(error)
        self._answered, self._waits = time.monotonic(), False
        return end

    def _note(self, trials: list[TrialRow], *, edited: Sequence[str]) -> None:
        """Brings the record up to date and tells of what is new."""
        for line in edited:
            self.progress.say(line)
        if edited or trials != self.record.trials:
            self.record.trials = trials
            self.record.best = best_of(trials, self.folder, self._kind)
            failures.save(self.record, self.folder, self.progress.say)
        for trial in trials:
            if trial.id in self._told or trial.state in UNFINISHED:
                continue
            self._told.add(trial.id)
            if trial.state in FAILURES:
                self.progress.say(self._failure(trial))
                failures.note_failure(trial, self.record, self.folder, self.progress.say)
            if wrong := parameter_mismatches(trial, self.folder):
                self.progress.say(f"warning: trial {trial.id} ran with other parameters: {wrong}")
        self.progress.update(self.record)

    def _failure(self, trial: TrialRow) -> str:
        self.server.fetch_output(trial.id)
        return failures.trial_failure(trial, self.record, self.folder)

    def _unanswered(self, error: Exception) -> End | None:
        code = self.server.exit_code
        states = tuple(written(self.folder / trial.id) for trial in self.record.trials)
        if code is not None:
            reason = f"NNI's manager ended with exit code {code}"
        elif self._still.seconds(("no answer", states)) >= (limit := self._idle()):
            reason = f"NNI's manager has not answered, nor has anything moved, for {limit:.0f} s"
            reason += f": {error!r}"
        else:
            if not self._waits and time.monotonic() - self._answered >= QUIET:
                self._waits = True
                problem = f"NNI's manager does not answer as it should ({error!r})"
                self.progress.say(f"{problem}; it lives, so it is waited for")
            return self._disk_full()
        details = failures.manager_failure(self.server.logs)
        return End(state="FAILED", reason=reason, details=details)

    def _nni_says(self, status: Status, trials: list[TrialRow]) -> End | None:
        running = any(trial.state in UNFINISHED for trial in trials)
        if status.state == "ERROR":
            reason = f"NNI reports an error: {'; '.join(status.errors) or 'without a message'}"
            details = failures.dispatcher_failure(self.server.logs)
            return End(state="FAILED", reason=reason, details=details)
        if status.state in ("STOPPING", "STOPPED"):
            return End(state="STOPPED", reason="NNI's server was stopped from outside")
        exhausted = status.state == "TUNER_NO_MORE_TRIAL" and not running
        if self._lasts("exhausted", exhausted, seconds=self.patience.settled):
            return self._over("the tuner has no more to suggest", trials)
        if self._lasts("done", status.state == "DONE" and not running, seconds=1.0):
            return self._over("all trials ended", trials)
        return None

    def _over(self, reason: str, trials: list[TrialRow], *, early: bool = False) -> End:
        """The regular end, or one that came too early: good if one trial is."""
        good = [trial for trial in trials if is_good(self.folder / trial.id)]
        # What a resume made up for is not counted twice, as in `list`, nor a person's mistakes.
        own = [trial for trial in trials if not (trial.added and trial.state in FAILURES)]
        planned = max(len(good), min(len(own), int(self.record.limits.trials)))
        counted = f"{reason}: {len(good)} of {planned} are good"
        failed = [trial for trial in trials if trial.state in FAILURES]
        if good:
            stopped = sum(trial.state == "EARLY_STOPPED" for trial in trials)
            over = not early and len(good) + stopped >= planned
            return End(state="DONE", reason=counted, over=over)
        details = self._failure(failed[-1]) if failed else ""
        return End(state="FAILED", reason=counted, details=details)

    def _too_many_failures(self, trials: list[TrialRow]) -> End | None:
        """A row of failed trials; those that a person added are that person's, and none of it."""
        ended = [
            trial
            for trial in trials
            if trial.state not in UNFINISHED and not trial.added and trial.id not in self._before
        ]
        ended.sort(key=lambda trial: trial.end or "")
        row = 0
        while row < len(ended) and ended[-1 - row].state in FAILURES:
            row += 1
        if row < self.patience.failures:
            return None
        reason = f"{row} trials in a row failed"
        return End(state="FAILED", reason=reason, details=self._failure(ended[-1]))

    def _dispatcher_gone(self, status: Status) -> End | None:
        if self._dispatcher is None:
            self._dispatcher = self.server.dispatcher()
        # NNI's server has answered only when it had started the dispatcher.
        gone = self._dispatcher is None or is_gone(self._dispatcher)
        seconds = self.patience.settled if self._dispatcher is None else 1.0
        if not self._lasts("dispatcher", gone and status.state != "DONE", seconds=seconds):
            return None
        details = failures.dispatcher_failure(self.server.logs)
        return End(state="FAILED", reason="NNI's dispatcher (the tuner) died", details=details)

    def _out_of_time(self, profile: dict[str, Any], trials: list[TrialRow]) -> End | None:
        limit = self._edits.seconds
        if profile["execDuration"] <= limit:
            return None
        reason = f"the time limit of {limit / 60:g} minutes was reached"
        if any(is_good(self.folder / trial.id) for trial in trials):
            return self._over(reason, trials, early=True)
        return End(state="STOPPED", reason=f"{reason} before any trial ended")

    def _disk_full(self) -> End | None:
        free = shutil.disk_usage(self.folder).free
        if free >= self.patience.disk:
            return None
        reason = f"the disk of {self.folder} is nearly full: {free / 2**20:.0f} MiB are free"
        return End(state="FAILED", reason=reason)

    def _nothing_moves(self, status: Status, trials: list[TrialRow]) -> End | None:
        states = tuple(
            (trial.id, trial.state, trial.state in UNFINISHED and written(self.folder / trial.id))
            for trial in trials
        )
        there = any(trial.state in UNFINISHED for trial in trials)
        limit = self._idle()
        if self._still.seconds((status.state, states)) < limit:
            return None
        what = "no trial has moved" if there else "NNI has started no trial"
        details = failures.dispatcher_failure(self.server.logs)
        return End(state="FAILED", reason=f"{what} for {limit:.0f} s", details=details)

    def _idle(self) -> float:
        """Seconds for which nothing may move."""
        running = any(trial.state in UNFINISHED for trial in self.record.trials)
        elsewhere = running and self.server.elsewhere
        return self.patience.elsewhere if elsewhere else self.patience.idle

    def _lasts(self, name: str, holds: bool, *, seconds: float) -> bool:
        """Whether something has held without a break for some seconds."""
        if not holds:
            self._since.pop(name, None)
            return False
        since = self._since.setdefault(name, time.monotonic())
        return time.monotonic() - since >= seconds


def pause(spent: float) -> float:
    """Seconds until the next look, after one that took `spent` seconds of processor time."""
    return max(POLL, min(spent / SHARE, RARELY))
